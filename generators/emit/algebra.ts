// What each node of a nest is as text: the record says how it is spelled, brackets stand only where they are
// needed, and what the target has not is refused.

import type { Nest, NestOp, Scalar, Width } from "../ir/nest.ts";
import { type Algebra, bufferLookup, foldExpr } from "./fold.ts";
import { formOf, isNatural, writeForm } from "./forms.ts";
import { bindIndices } from "./indices.ts";
import { createNames } from "./names.ts";
import {
  type BufferText,
  type Form,
  type Language,
  level,
  type Scope,
  type Text,
} from "./target.ts";

/** A line or an indented block of lines. */
export type Line = string | { readonly inner: readonly Line[] };

/** `a + -1` is written `a - 1`. */
const signs: Readonly<Partial<Record<NestOp, NestOp>>> = { add: "sub", sub: "add" };

/** How a nest's names are written, and what its body turned out to need. */
export interface PrintContext {
  readonly target: Language;
  readonly scope: Scope;
  /** Called with the name of each helper that is used. */
  readonly use: (helper: string) => void;
}

type Vectors = NonNullable<Language["vectors"]>;

/** The fold whose values are texts and whose statements are lines. */
export type TextAlgebra = Algebra<Text, readonly Line[]>;

/** How each node of a nest is written in the context's language. */
export function createAlgebra(nest: Nest, context: PrintContext): TextAlgebra {
  const { target, scope } = context;
  const safe = createNames(target.reserved);
  const scalars = new Set(nest.scalars.map(({ name }) => name));
  const constants = new Set(nest.constants.map(({ name }) => name));
  // Integers that may be negative. Sizes are not, and attributes count as if they were not: what depends on
  // it is no more than the sign of a zero.
  const negative = new Set<string>();
  const indices = bindIndices(nest);
  // A loop over groups that is called as the number of the group is: nothing to define.
  const same = new Set<string>();
  if (target.capabilities.groups)
    for (const [loop, { by, whole }] of indices)
      if (whole && loop.variable === target.index[by]) same.add(loop.variable);
  const names = (name: string): string => (same.has(name) ? name : safe(name));

  const requireType = (type: Scalar): Scalar => {
    if (target.types[type] === undefined)
      throw new Error(`${nest.name}: ${target.name} has no values of type ${type}.`);
    return type;
  };
  const requireVectors = (): Vectors => {
    if (target.vectors) return target.vectors;
    throw new Error(`${nest.name}: ${target.name} has no vectors.`);
  };
  const requireWidth = (elements: Width) => {
    if (!target.capabilities.widths.includes(elements))
      throw new Error(`${nest.name}: ${target.name} cannot move ${elements} elements at once.`);
  };
  const requireTotal = (): Form => {
    if (target.total) return target.total;
    throw new Error(`${nest.name}: ${target.name} has no sums in fixed point.`);
  };
  const note = (name: string, type: Scalar, value: Text) => {
    if (type === "i32" && !value.natural) negative.add(name);
  };

  const algebra: TextAlgebra = {
    const(value, type) {
      const text = target.literal(value, requireType(type));
      if (!(value < 0)) return { ...text, natural: true };
      return value > -(2 ** 31) ? { ...text, negated: target.literal(-value, type) } : text;
    },
    variable(name) {
      const text = scalars.has(name)
        ? scope.scalar(names(name))
        : constants.has(name)
          ? scope.constant(name)
          : names(name);
      return { text, level: level.primary, natural: !negative.has(name) };
    },
    load(buffer, address, elements) {
      requireWidth(elements);
      return elements === 1
        ? target.load(scope.buffer(buffer), address)
        : requireVectors().load(scope.buffer(buffer), address, elements);
    },
    op(op, args, of, lanes) {
      const [a, b] = args;
      if (lanes > 1) {
        const text = requireVectors().op(op, args, of, lanes, scope.need);
        return op === "add" && a && b ? { ...text, sum: { to: a.text, of: b.text } } : text;
      }
      const opposite = signs[op];
      if (opposite && a && b?.negated) return algebra.op(opposite, [a, b.negated], of, lanes);
      const spelling = op === "total" ? requireTotal() : target.spell[op];
      const form = formOf(spelling, of, args);
      if (form.kind === "call" && Object.hasOwn(target.helpers, form.name)) context.use(form.name);
      const text = writeForm(form, args);
      return {
        ...text,
        natural: of === "i32" && isNatural(op, args),
        ...(op === "add" && a && b ? { sum: { to: a.text, of: b.text } } : {}),
      };
    },
    cast(to, from, arg, lanes) {
      if (to === from) return arg;
      const form = lanes === 1 ? target.conversion?.(to, from) : undefined;
      if (form) {
        if (form.kind === "call" && Object.hasOwn(target.helpers, form.name))
          context.use(form.name);
        return writeForm(form, [arg]);
      }
      return lanes > 1
        ? requireVectors().cast(requireType(to), from, arg, lanes)
        : target.cast(requireType(to), from, arg);
    },
    select: (cond, then, otherwise, type, lanes) => ({
      ...(lanes > 1
        ? requireVectors().select(cond, then, otherwise, type, lanes)
        : target.select(cond, then, otherwise)),
      natural: (then.natural && otherwise.natural) ?? false,
    }),
    splat: (value, type, lanes) => requireVectors().splat(value, type, lanes),
    lane: (vector, lane, type) => requireVectors().lane(vector, lane, type),

    for(loop, lo, hi, body) {
      const index = indices.get(loop);
      if (!index) {
        if (!lo.natural) negative.add(loop.variable);
        const head = target.loop(names(loop.variable), lo, hi, loop.by === "unroll");
        return [...head, { inner: body }, "}"];
      }
      if (!target.capabilities.groups) {
        const head = target.loop(names(loop.variable), lo, hi, false);
        return [...head, { inner: body }, "}"];
      }
      if (same.has(loop.variable)) return body;
      const value = foldExpr(index.value, bufferLookup(nest), {
        ...algebra,
        variable: (name, type, lanes) =>
          name === index.id
            ? { text: target.index[index.by], level: level.primary, natural: true }
            : algebra.variable(name, type, lanes),
      });
      return [target.define(names(loop.variable), "i32", value, false), ...body];
    },
    ...(target.product && {
      product: (product, acc, factors, at) => {
        const [f, s] = factors.map((decl) => scope.buffer(decl)) as [BufferText, BufferText];
        const print = target.product!;
        return [print(product, { acc: scope.buffer(acc), f, s }, at, scope)];
      },
    }),
    if(cond, then, otherwise) {
      const head = [target.if(cond), { inner: then }];
      if (!otherwise) return [...head, "}"];
      const [first] = otherwise;
      // A chain of conditions stays at one indentation.
      if (typeof first === "string" && first.startsWith("if (") && isOneStatement(otherwise))
        return [...head, `} else ${first}`, ...otherwise.slice(1)];
      return [...head, "} else {", { inner: otherwise }, "}"];
    },
    let(name, type, value, lanes) {
      note(name, type, value);
      if (lanes > 1) return [requireVectors().define(names(name), type, lanes, value, false)];
      return [target.define(names(name), requireType(type), value, false)];
    },
    local(name, type, init, lanes) {
      negative.add(name);
      if (lanes > 1) return [requireVectors().define(names(name), type, lanes, init, true)];
      return [target.define(names(name), requireType(type), init, true)];
    },
    set(name, value) {
      const own = names(name);
      return value.sum?.to === own ? [`${own} += ${value.sum.of};`] : [`${own} = ${value.text};`];
    },
    store(buffer, address, value, elements) {
      requireWidth(elements);
      if (elements > 1)
        return [requireVectors().store(scope.buffer(buffer), address, value, elements)];
      return [target.store(scope.buffer(buffer), address, value)];
    },
    accumulate(buffer, address, value, mode) {
      const own = mode === "atomic" && !target.capabilities.groups ? "plain" : mode;
      if (own !== "plain" && !target.capabilities.atomics)
        throw new Error(`${nest.name}: ${target.name} has no atomics.`);
      if (own === "measure" || own === "fixed") requireTotal();
      return [target.accumulate(scope.buffer(buffer), address, value, own, scope)];
    },
    barrier() {
      if (!target.capabilities.groups)
        throw new Error(`${nest.name}: ${target.name} has no barriers.`);
      return [target.barrier];
    },
    block: (statements) => statements.flat(),
  };
  return algebra;
}

/** Is this `if (…) {`, its branches and the last brace, and nothing after? */
function isOneStatement(lines: readonly Line[]): boolean {
  return lines.filter((line) => line === "}").length === 1 && lines.at(-1) === "}";
}
