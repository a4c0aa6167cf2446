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
    const base = like.replace(/\d+$/, "");
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
  if (!body.every((s) => s.kind === "let" || s.kind === "set")) return undefined;
  const sums = body.filter((s): s is Set => s.kind === "set");
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
  const lets = body.filter((s) => s.kind === "let");
  if (lets.some((s) => mentions(s.value, names))) return undefined;
  return isAlongMemory(step, body) ? sums : undefined;
}

/** Do all loads of a body read neighbours, or one element, and is the step used in addresses only? */
function isAlongMemory(step: string, body: Block): boolean {
  const values = new Map<string, NestExpr>();
  const places = new Set([step]);
  const varying = new Set([step]);
  for (const s of body)
    if (s.kind === "let") {
      values.set(s.name, s.value);
      if (!mentions(s.value, [...varying])) continue;
      varying.add(s.name);
      if (s.type === "i32" && !loads(s.value)) places.add(s.name);
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
  const all = body.every(
    (s) => (s.kind === "let" && places.has(s.name)) || expressionsOf(s).every(isGood),
  );
  return all && beside;
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
  const inside = copyBlock(loop.body, fresh, here).map((s): Stmt => {
    const which = s.kind === "set" ? sums.findIndex(({ name }) => name === s.name) : -1;
    if (s.kind !== "set" || s.value.kind !== "op" || which < 0) return s;
    const lanesOfSum = own[which]!;
    const sum = read(lanesOfSum, variable(lane));
    return write(lanesOfSum, variable(lane), op("add", sum, s.value.args[1]!, "f32"));
  });
  const named: Stmt = { kind: "let", name: step, type: "i32", value: at };
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
      body: [along(lane, [named, ...inside])],
    },
    { ...loop, lo: op("mul", variable(strips), i32(lanes), "i32") },
    ...sums.map(({ name }, i): Stmt => {
      const all = Array.from({ length: lanes }, (_, l) => read(own[i]!, i32(l)));
      return { kind: "set", name, value: op("add", variable(name, "f32"), pairwise(all), "f32") };
    }),
  ];
}
