// Functions of WebAssembly's text format: the instance of the fold whose expressions are folded instructions.
// Names stay the author's; each becomes a local of the function.

import type { PrintContext } from "../../generators/emit/algebra.ts";
import { type Algebra, type ForStmt, foldNest } from "../../generators/emit/fold.ts";
import { formOf, isNatural } from "../../generators/emit/forms.ts";
import type { Text } from "../../generators/emit/target.ts";
import { wrap } from "../../generators/emit/wrap.ts";
import {
  type BufferDecl,
  type Nest,
  parallelLoop,
  type Scalar,
  type Width,
} from "../../generators/ir/nest.ts";
import { visitBlock } from "../../generators/ir/nestWalk.ts";
import { type Code, form, get, int, typeName } from "./code.ts";
import { createLocals } from "./locals.ts";
import { add, endOf, move, pointTo } from "./memory.ts";
import { addPace, kept as pace } from "./pace.ts";
import { addPointers, type Pointed } from "./pointers.ts";
import { findSplats } from "./splats.ts";

/** A line or an indented block of lines. */
type Line = string | { readonly inner: readonly Line[] };

type WatAlgebra = Algebra<Code, readonly Line[]>;

/** What a function that runs a part of a loop's iterations takes beside: the first, and the one after the last. */
export const rangeNames = ["range.first", "range.last"] as const;

/** Statements that run if a number is not 0. */
const unless0 = (cond: Text, then: readonly Line[]): readonly Line[] => [
  form("if", cond).text.slice(0, -1),
  { inner: ["(then", { inner: then }, "))"] },
];

/** The constants of a sum of whole numbers apart from the rest of it. */
function takeOut(a: Code, b: Code): Code["plus"] {
  const [x, y] = [a, b].map(({ number, plus }) =>
    number === undefined ? plus : { of: undefined, by: number },
  );
  if (!x && !y) return undefined;
  const by = (x?.by ?? 0) + (y?.by ?? 0);
  const [left, right] = [x ? x.of : a, y ? y.of : b];
  if (!left || !right) return { of: left ?? right ?? int(0), by };
  return { of: form("i32.add", left, right), by };
}

function createAlgebra(
  { nest, pointers, counted, entered }: Pointed,
  { target, scope, use }: PrintContext,
) {
  const { vectors } = target;
  if (!vectors) throw new Error(`${target.name} has no vectors.`);
  const locals = createLocals(nest);
  /** The locals of variables, which are set again. */
  const variables = new Map<string, string>();
  const { asVectors, asNumbers } = findSplats(nest);
  const negative = new Set<string>();
  visitBlock(nest.body, (s) => {
    const isNatural = s.kind === "for" && s.lo.kind === "const" && s.lo.value >= 0;
    if (s.kind === "for" && !isNatural) negative.add(s.variable);
  });
  let kept = 0;

  const requireType = (type: Scalar, lanes: Width): string => {
    if (target.types[type] !== undefined) return typeName(type, lanes);
    throw new Error(`${nest.name}: ${target.name} has no values of type ${type}.`);
  };
  const keeper = (code: Code, type: Scalar, lanes: Width): Code => ({
    ...code,
    keep() {
      const name = locals.of(`kept.${kept++}.${typeName(type, lanes)}`, typeName(type, lanes));
      return {
        first: { ...form(`local.tee $${name}`, code), lanes },
        again: { ...get(name), lanes },
      };
    },
  });
  const set = (name: string, value: Text): readonly Line[] => {
    kept = 0;
    return [form(`local.set $${name}`, value).text];
  };
  const define = (name: string, type: Scalar, value: Code, lanes: Width): readonly Line[] => {
    return set(locals.of(name, requireType(type, lanes)), value);
  };
  const buffer = (decl: BufferDecl) => {
    if (decl.place === "global") return scope.buffer(decl);
    throw new Error(
      `${nest.name}: ${decl.name} is an array in ${decl.place} memory; ` +
        `${target.name} has none, but for elements that constants choose.`,
    );
  };

  const algebra: WatAlgebra = {
    const: (value, type) => {
      requireType(type, 1);
      return { ...(target.literal(value, type) as Code), natural: value >= 0 };
    },
    variable(name, type, lanes) {
      const local = locals.of(name, requireType(type, lanes));
      const isFixed = !variables.has(name);
      const splat = asVectors.has(name) ? get(locals.of(`${name}.x4`, "v128")) : undefined;
      return {
        ...get(local),
        natural: !negative.has(name),
        lanes,
        fixed: isFixed,
        pointer: pointers.has(name),
        ...(splat && { splat: { ...splat, lanes: 4 } }),
      };
    },
    load: (decl, address, lanes) =>
      keeper(vectors.load(buffer(decl), address, lanes) as Code, decl.dtype as Scalar, lanes),
    op(op, args, of, lanes) {
      if (op === "total")
        throw new Error(`${nest.name}: ${target.name} has no sums in fixed point.`);
      const spelling = formOf(target.spell[op], of, args);
      if (spelling.kind !== "text") throw new Error(`${target.name} has no instruction for ${op}.`);
      const written = spelling.write(...args) as Code;
      for (const [, name] of written.text.matchAll(/\(call \$(\w+)/g))
        if (Object.hasOwn(target.helpers, name!)) use(name!);
      const [a, b] = args;
      const plus = op === "add" && of === "i32" && lanes === 1 ? takeOut(a!, b!) : undefined;
      const compares = op === "lt" || op === "le" || op === "eq";
      const whole = op === "floor" || op === "ceil" || op === "round";
      const natural = of === "i32" && isNatural(op, args);
      const type = compares || whole ? "i32" : of;
      return { ...keeper({ ...written, lanes }, type, lanes), natural, ...(plus && { plus }) };
    },
    cast(to, from, arg, lanes) {
      if (to === from) return arg;
      requireType(to, lanes);
      const code = vectors.cast(to, from, arg, lanes) as Code;
      return { ...keeper({ ...code, lanes }, to, lanes), natural: from === "bool" };
    },
    select(cond, then, otherwise, type, lanes) {
      const code =
        lanes === 1
          ? target.select(cond, then, otherwise)
          : vectors.select(cond, then, otherwise, type, lanes);
      const natural = (then.natural && otherwise.natural) ?? false;
      return { ...keeper({ ...(code as Code), lanes }, type, lanes), natural };
    },
    splat: (value, type, lanes) =>
      value.splat
        ? { ...(value.splat as Code), lanes }
        : keeper(vectors.splat(value, type, lanes) as Code, type, lanes),
    lane: (vector, lane, type) => keeper(vectors.lane(vector, lane, type) as Code, type, 1),

    for(loop, lo, hi, body) {
      kept = 0;
      const name = locals.of(loop.variable, "i32");
      const round = (end: Text): readonly Line[] => {
        const next = form(`local.tee $${name}`, form("i32.add", get(name), int(1)));
        const again = form(`br_if $${name}`, form("i32.lt_s", next, end));
        return [`(loop $${name}`, { inner: [...body, again.text] }, ")"];
      };
      if (loop.by === "parallel") return shareOut(lo, hi, name, round);
      const counter = counted.get(loop);
      if (counter) return count(loop, lo, hi, counter, body);
      if (lo.number !== undefined && hi.number !== undefined) {
        if (lo.number >= hi.number) return [];
        const isOnce = lo.number + 1 === hi.number;
        return [...set(name, lo), ...(isOnce ? body : round(hi))];
      }
      const last = hi.plain && hi.fixed !== false ? hi : get(locals.of(`${name}.end`, "i32"));
      return [
        ...set(name, lo),
        ...(last === hi ? [] : set(`${name}.end`, hi)),
        ...(entered.has(loop)
          ? round(last)
          : unless0(form("i32.lt_s", get(name), last), round(last))),
      ];
    },
    if(cond, then, otherwise) {
      kept = 0;
      if (!otherwise) return unless0(cond, then);
      const inner = ["(then", { inner: then }, ")", "(else", { inner: otherwise }, "))"];
      return [form("if", cond).text.slice(0, -1), { inner }];
    },
    let(name, type, value, lanes) {
      if (type === "i32" && !value.natural) negative.add(name);
      if (!asVectors.has(name)) return define(name, type, value, lanes);
      const isBoth = asNumbers.has(name);
      const one = isBoth ? get(locals.of(name, requireType(type, 1))) : value;
      const all = algebra.splat(one, type, 4);
      return [
        ...(isBoth ? define(name, type, value, 1) : []),
        ...set(locals.of(`${name}.x4`, "v128"), all),
      ];
    },
    local(name, type, init, lanes) {
      negative.add(name);
      const local = locals.of(name, typeName(type, lanes));
      variables.set(name, local);
      const decl = pointers.get(name);
      if (decl) return set(local, pointTo(buffer(decl), init));
      return define(name, type, init, lanes);
    },
    set(name, value) {
      const decl = pointers.get(name);
      return set(variables.get(name) ?? name, decl ? move(name, decl, value) : value);
    },
    store(decl, address, value, lanes) {
      kept = 0;
      if (decl === pace) {
        use("pace");
        return [form("global.set $pace", value).text];
      }
      return [vectors.store(buffer(decl), address, value, lanes)];
    },
    accumulate(decl, address, value, mode) {
      // Threads are CPU threads, which own what they add to.
      if (mode !== "plain" && mode !== "atomic")
        throw new Error(`${nest.name}: ${target.name} has no sums in fixed point.`);
      const text = add(buffer(decl), address, value, (at) => keeper(at, "i32", 1).keep!()).text;
      kept = 0;
      return [text];
    },
    barrier() {
      throw new Error(`${nest.name}: ${target.name} has no barriers.`);
    },
    block: (statements) => statements.flat(),
  };

  /** A loop without a variable: a pointer tells when it ends. */
  const count = (
    loop: ForStmt,
    lo: Code,
    hi: Code,
    { pointer, by }: { readonly pointer: string; readonly by: number },
    body: readonly Line[],
  ): readonly Line[] => {
    const name = locals.of(loop.variable, "i32");
    const end = locals.of(`${name}.end`, "i32");
    const steps = lo.number === 0 ? hi : form("i32.sub", hi, lo);
    const again = form(`br_if $${name}`, form("i32.ne", get(pointer), get(end)));
    const lines = [
      ...set(end, endOf(pointer, pointers.get(pointer)!, steps, by)),
      `(loop $${name}`,
      { inner: [...body, again.text] },
      ")",
    ];
    return entered.has(loop) ? lines : unless0(form("i32.lt_s", lo, hi), lines);
  };

  /** A part of a loop: iterations from `range.first` to before `range.last`, and whether more are left. */
  const shareOut = (
    lo: Code,
    hi: Code,
    name: string,
    round: (end: Text) => readonly Line[],
  ): readonly Line[] => {
    const [first, last] = [get(rangeNames[0]), get(rangeNames[1])];
    const [all, end] = [get(locals.of("range.all", "i32")), get(locals.of(`${name}.end`, "i32"))];
    const stop = form("select", last, all, form("i32.lt_s", last, all));
    return [
      ...set("range.all", form("i32.sub", hi, lo)),
      ...set(name, form("i32.add", lo, first)),
      ...set(`${name}.end`, form("i32.add", lo, stop)),
      ...unless0(form("i32.lt_s", get(name), end), round(end)),
      form("i32.lt_s", last, all).text,
    ];
  };

  return { algebra, locals };
}

function render(lines: readonly Line[], indent: number): string[] {
  const out: string[] = [];
  for (const line of lines) {
    if (typeof line !== "string") out.push(...render(line.inner, indent + 2));
    // Brackets that close stand behind what they close.
    else if (/^\)+$/.test(line)) out[out.length - 1] += line;
    else out.push(...wrap(line, indent, 100, 2));
  }
  return out;
}

/** Does a call of a nest's function run a part of its iterations? It then takes which, and says if more are left. */
export const isShared = (nest: Nest): boolean => parallelLoop(nest) !== undefined;

/** The locals and instructions of a nest's function, indented by one step. */
export function printFunction(nest: Nest, context: PrintContext): string {
  const pointed = addPointers(addPace(nest));
  const { algebra, locals } = createAlgebra(pointed, context);
  const body = foldNest(pointed.nest, algebra);
  return render([...locals.lines(), ...body], 2).join("\n");
}
