// Sums along memory, added up in several lanes: a step of the loop then waits for the last one of its lane only.

import {
  type Block,
  type BufferDecl,
  i32,
  type Nest,
  type NestExpr,
  type Stmt,
  variable,
} from "../ir/nest.ts";
import { expand, strideOf } from "../ir/nestLinear.ts";
import { expressionsOf, operandsOf, variablesOf, visitBlock } from "../ir/nestWalk.ts";
import { copyBlock } from "./distribution/names.ts";
import { hasChoices, writeSteps } from "./laneSteps.ts";

type For = Extract<Stmt, { kind: "for" }>;
type Local = Extract<Stmt, { kind: "local" }>;
type Set = Extract<Stmt, { kind: "set" }>;

/** `nest` with each loop that only adds up neighbours in memory run `lanes` steps at once. */
export function sumInLanes(nest: Nest, lanes: number): Nest {
  if (lanes === 1) return nest;
  const used = new Set([...nest.buffers, ...nest.scalars, ...nest.constants].map((x) => x.name));
  visitBlock(nest.body, (s) => {
    if (s.kind === "let" || s.kind === "local") used.add(s.name);
    if (s.kind === "for") used.add(s.variable);
  });
  const fresh = (like: string): string => {
    const base = like.replace(/\d+$/, "").replace(/_lanes$/, "");
    let name = `${base}_lanes`;
    for (let n = 2; used.has(name); n++) name = `${base}_lanes${n}`;
    used.add(name);
    return name;
  };
  const registers: BufferDecl[] = [];
  const walk = (block: Block): Block =>
    block.flatMap((s, i): readonly Stmt[] => {
      if (s.kind === "if") return [{ ...s, then: walk(s.then), else: walk(s.else) }];
      if (s.kind !== "for" || s.by === "vector") return [s];
      const sums = findSums(s, block.slice(0, i));
      return sums ? writeLanes(s, sums, lanes, fresh, registers) : [{ ...s, body: walk(s.body) }];
    });
  const body = walk(nest.body);
  return { ...nest, body, buffers: [...nest.buffers, ...registers] };
}

/** The sums that a loop adds to, where it does nothing else, and along memory. */
function findSums(loop: For, before: Block): readonly Set[] | undefined {
  const { lo, body, variable: step } = loop;
  if (loop.by !== "serial" || lo.kind !== "const" || lo.value !== 0) return undefined;
  if (!body.every(isSimple)) return undefined;
  const all: Stmt[] = [];
  visitBlock(body, (s) => void all.push(s));
  const own = all.flatMap((s) => (s.kind === "local" ? [s.name] : []));
  const sums = body.filter((s): s is Set => s.kind === "set" && !own.includes(s.name));
  const names = sums.map(({ name }) => name);
  const local = (name: string): boolean =>
    before.some((s): s is Local => s.kind === "local" && s.name === name && s.type === "f32");
  const adds = ({ name, value }: Set): boolean =>
    value.kind === "op" &&
    value.op === "add" &&
    value.args[0]!.kind === "var" &&
    value.args[0]!.name === name &&
    !mentions(value.args[1]!, names);
  if (sums.length === 0 || new Set(names).size < names.length) return undefined;
  if (!sums.every((s) => local(s.name) && adds(s))) return undefined;
  const others = all.filter((s) => !sums.some((sum) => sum === s));
  // What a choice sets is of its step alone: all else would have to be kept from one lane to the next.
  if (others.some((s) => s.kind === "set" && !own.includes(s.name))) return undefined;
  if (others.flatMap(expressionsOf).some((e) => mentions(e, names))) return undefined;
  return isAlongMemory(step, all) ? sums : undefined;
}

/** Is a statement one of values and choices between them, without loops and stores? */
const isSimple = (s: Stmt): boolean =>
  s.kind === "let" ||
  s.kind === "set" ||
  (s.kind === "local" && s.type === "f32") ||
  (s.kind === "if" && [...s.then, ...s.else].every(isSimple));

/** Do all loads of a body read neighbours, or one element, and is the step used in addresses only? */
function isAlongMemory(step: string, body: Block): boolean {
  const values = new Map<string, NestExpr>();
  const places = new Set([step]);
  const varying = findVarying(step, body);
  for (const s of body)
    if (s.kind === "let") {
      values.set(s.name, s.value);
      if (varying.has(s.name) && s.type === "i32" && !loads(s.value)) places.add(s.name);
    }
  let beside = false;
  const isGood = (e: NestExpr): boolean => {
    switch (e.kind) {
      case "var":
        return !places.has(e.name);
      case "load": {
        const found = strideOf(expand(e.address, values), step);
        beside ||= found?.stride === 1;
        return found !== undefined && (found.stride === 0 || found.stride === 1);
      }
      case "select":
        return !mentions(e.cond, [...varying]) && [e.then, e.else].every(isGood);
      case "op":
        return e.type === "f32" && e.args.every(isGood);
      case "cast":
      case "lane":
        return !mentions(e, [...varying]);
      case "const":
        return true;
      default:
        return e satisfies never;
    }
  };
  const chooses = hasChoices(body);
  const all = body.every((s) => {
    // What all steps share is computed and chosen once.
    if (s.kind === "if") return !mentions(s.cond, [...varying]);
    if (s.kind === "let" && (places.has(s.name) || (chooses && !varying.has(s.name)))) return true;
    return expressionsOf(s).every(isGood);
  });
  return all && beside;
}

/** The step and all that differs with it: what is made of it, and what is set in choices. */
function findVarying(step: string, body: Block): ReadonlySet<string> {
  const varying = new Set([step]);
  for (const s of body) {
    if (s.kind === "local") varying.add(s.name);
    if (s.kind === "let" && mentions(s.value, [...varying])) varying.add(s.name);
  }
  return varying;
}

const mentions = (e: NestExpr, names: readonly string[]): boolean =>
  [...variablesOf(e)].some((name) => names.includes(name));

const loads = (e: NestExpr): boolean => e.kind === "load" || operandsOf(e).some(loads);

const op = (
  name: "add" | "mul" | "quot",
  a: NestExpr,
  b: NestExpr,
  type: "i32" | "f32",
): NestExpr => ({ kind: "op", op: name, args: [a, b], type });

function writeLanes(
  loop: For,
  sums: readonly Set[],
  lanes: number,
  fresh: (like: string) => string,
  registers: BufferDecl[],
): readonly Stmt[] {
  const own = sums.map(({ name }): BufferDecl => {
    const shape = { shape: [i32(lanes)], strides: [i32(1)] };
    const kind = { place: "register", dtype: "f32", access: "update" } as const;
    return { name: fresh(name), ...kind, ...shape };
  });
  registers.push(...own);
  const read = ({ name }: BufferDecl, address: NestExpr): NestExpr => ({
    kind: "load",
    buffer: name,
    address,
    type: "f32",
    width: 1,
  });
  const write = ({ name }: BufferDecl, address: NestExpr, value: NestExpr): Stmt => ({
    kind: "store",
    buffer: name,
    address,
    value,
    width: 1,
  });
  const along = (lane: string, body: Block): Stmt => ({
    kind: "for",
    variable: lane,
    lo: i32(0),
    hi: i32(lanes),
    by: "vector",
    body,
  });
  const [strips, strip, first, lane] = ["strips", "strip", "lane", "lane"].map(fresh) as [
    string,
    string,
    string,
    string,
  ];
  const zero: NestExpr = { kind: "const", type: "f32", value: 0 };
  const step = fresh(loop.variable);
  const begin = op("mul", variable(strip), i32(lanes), "i32");
  const at = op("add", begin, variable(lane), "i32");
  const here = new Map<string, NestExpr>([[loop.variable, variable(step)]]);
  const named: Stmt = { kind: "let", name: step, type: "i32", value: at };
  const copied = copyBlock(loop.body, fresh, here);
  const inside = copied.map((s): Stmt => {
    const which = s.kind === "set" ? sums.findIndex(({ name }) => name === s.name) : -1;
    if (s.kind !== "set" || s.value.kind !== "op" || which < 0) return s;
    const lanesOfSum = own[which]!;
    const sum = read(lanesOfSum, variable(lane));
    return write(lanesOfSum, variable(lane), op("add", sum, s.value.args[1]!, "f32"));
  });
  const choosing = (): Block => {
    const all: Stmt[] = [];
    visitBlock(copied, (s) => void all.push(s));
    return writeSteps(copied, {
      varying: findVarying(step, all),
      sums: new Map(sums.map(({ name }, i) => [name, own[i]!])),
      newRegister(like) {
        const shape = { shape: [i32(lanes)], strides: [i32(1)] };
        const kind = { place: "register", dtype: "f32", access: "update" } as const;
        const register: BufferDecl = { name: fresh(like), ...kind, ...shape };
        registers.push(register);
        return register;
      },
      along,
      nameStep: (name) => ({
        ...named,
        value: op("add", begin, variable(name), "i32"),
      }),
      fresh,
    });
  };
  const pairwise = (values: readonly NestExpr[]): NestExpr =>
    values.length === 1
      ? values[0]!
      : op(
          "add",
          pairwise(values.slice(0, values.length / 2)),
          pairwise(values.slice(values.length / 2)),
          "f32",
        );
  return [
    along(
      first,
      own.map((sum) => write(sum, variable(first), zero)),
    ),
    { kind: "let", name: strips, type: "i32", value: op("quot", loop.hi, i32(lanes), "i32") },
    {
      kind: "for",
      variable: strip,
      lo: i32(0),
      hi: variable(strips),
      by: "serial",
      body: hasChoices(copied) ? choosing() : [along(lane, [named, ...inside])],
    },
    { ...loop, lo: op("mul", variable(strips), i32(lanes), "i32") },
    ...sums.map(({ name }, i): Stmt => {
      const all = Array.from({ length: lanes }, (_, l) => read(own[i]!, i32(l)));
      return { kind: "set", name, value: op("add", variable(name, "f32"), pairwise(all), "f32") };
    }),
  ];
}
