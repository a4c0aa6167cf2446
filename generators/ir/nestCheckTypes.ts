// Names and types of a nest: every variable defined before its use and of one type, buffers
// declared and used as they may be, addresses whole numbers, lanes that fit.

import { unreachable } from "./expr.ts";
import { wordsPerSum } from "./fixed.ts";
import type { Block, BufferDecl, Nest, NestExpr, NestOp, Scalar, Stmt } from "./nest.ts";
import { typeOf } from "./nest.ts";
import { ops, type Signature } from "./ops.ts";

/** Reports what is wrong with a statement. */
export type Report = (s: Stmt, what: string) => void;

interface Variable {
  readonly type: Scalar;
  readonly lanes: number;
  readonly by: "parameter" | "for" | "let" | "local";
  /** How many parallel loops stand around its definition. */
  readonly parallel: number;
}

type Scope = Map<string, Variable>;

const wholes: readonly Scalar[] = ["i32", "u32"];
const reals: readonly Scalar[] = ["f16", "bf16", "f32", "f64"];

/** The types of the operands of operations. */
const allowed: Readonly<Record<Signature, readonly Scalar[]>> = {
  same: [...wholes, ...reals],
  real: reals,
  int: wholes,
  toInt: reals,
  compare: [...wholes, ...reals],
  logic: ["bool"],
};

/** Are these the words of one sum in fixed point? */
const isWords = (of: readonly Scalar[]): boolean =>
  of.length === wordsPerSum && of.every((type) => type === "u32");

/** The types an operation takes and what it gives; undefined where it does not fit. */
function resultType(op: NestOp, of: readonly Scalar[]): Scalar | undefined {
  if (op === "total") return isWords(of) ? "f32" : undefined;
  const plain = op === "quot" || op === "rem";
  const takes: Signature = plain ? "int" : ops[op].takes;
  const arity = plain ? 2 : ops[op].arity;
  const [first] = of;
  if (first === undefined || of.length !== arity || of.some((type) => type !== first))
    return undefined;
  if (!allowed[takes].includes(first)) return undefined;
  return takes === "toInt" ? "i32" : takes === "compare" ? "bool" : first;
}

/** Checks names and types of everything in `nest`. */
export function checkTypes(nest: Nest, report: Report): void {
  const scope: Scope = new Map();
  for (const { name, type } of [...nest.scalars, ...nest.constants])
    scope.set(name, { type, lanes: 1, by: "parameter", parallel: 0 });
  const buffers = new Map(nest.buffers.map((b) => [b.name, b]));
  checkBlock(nest.body, scope, 0, buffers, report);
}

/**
 * What is wrong with an expression over the variables of `scope`; gives its lanes where nothing is.
 */
function lanesOf(
  e: NestExpr,
  scope: ReadonlyMap<string, Variable>,
  buffers: ReadonlyMap<string, BufferDecl>,
  wrong: (what: string) => void,
): number {
  switch (e.kind) {
    case "const":
      if (wholes.includes(e.type) && !Number.isInteger(e.value))
        wrong(`${e.value} is no ${e.type}`);
      return 1;
    case "var": {
      const known = scope.get(e.name);
      if (!known) wrong(`${e.name} is used, but nothing defines it before`);
      else if (known.type !== e.type) wrong(`${e.name} is ${known.type}, but is used as ${e.type}`);
      const lanes = known?.lanes ?? 1;
      if (lanes !== (e.lanes ?? 1))
        wrong(`${e.name} has ${lanes} lanes, but is used as ${e.lanes ?? 1}`);
      return lanes;
    }
    case "load": {
      const buffer = buffers.get(e.buffer);
      if (!buffer) wrong(`buffer ${e.buffer} is not declared`);
      else {
        if (buffer.access === "write") wrong(`${e.buffer} is only written, but is loaded`);
        if (buffer.dtype !== e.type)
          wrong(`${e.buffer} holds ${buffer.dtype}, but is loaded as ${e.type}`);
      }
      if (lanesOf(e.address, scope, buffers, wrong) !== 1 || typeOf(e.address) !== "i32")
        wrong(`the address of a load of ${e.buffer} is ${typeOf(e.address)}, not one i32`);
      return e.width;
    }
    case "op": {
      const types = e.args.map(typeOf);
      if (resultType(e.op, types) !== e.type)
        wrong(`${e.op} of ${types.join(" and ")} does not give ${e.type}`);
      return meetLanes(e.args, scope, buffers, wrong);
    }
    case "cast":
      return lanesOf(e.arg, scope, buffers, wrong);
    case "lane": {
      const lanes = lanesOf(e.of, scope, buffers, wrong);
      if (!(Number.isInteger(e.lane) && e.lane >= 0 && e.lane < lanes))
        wrong(`lane ${e.lane} of ${lanes} is taken`);
      return 1;
    }
    case "select": {
      if (typeOf(e.cond) !== "bool") wrong(`a select's condition is ${typeOf(e.cond)}, not bool`);
      const [a, b] = [typeOf(e.then), typeOf(e.else)];
      if (a !== b) wrong(`a select's sides are ${a} and ${b}`);
      return meetLanes([e.cond, e.then, e.else], scope, buffers, wrong);
    }
    default:
      return unreachable(e);
  }
}

/** The lanes of operands, which are one or as many as the others'. */
function meetLanes(
  operands: readonly NestExpr[],
  scope: ReadonlyMap<string, Variable>,
  buffers: ReadonlyMap<string, BufferDecl>,
  wrong: (what: string) => void,
): number {
  const list = operands.map((e) => lanesOf(e, scope, buffers, wrong));
  const wide = Math.max(1, ...list);
  if (list.some((n) => n !== 1 && n !== wide)) wrong(`values of ${list.join(" and ")} lanes meet`);
  return wide;
}

function checkBlock(
  block: Block,
  around: ReadonlyMap<string, Variable>,
  parallel: number,
  buffers: ReadonlyMap<string, BufferDecl>,
  report: Report,
): void {
  const scope: Scope = new Map(around);
  for (const s of block) checkStatement(s, scope, parallel, buffers, report);
}

function checkStatement(
  s: Stmt,
  scope: Scope,
  parallel: number,
  buffers: ReadonlyMap<string, BufferDecl>,
  report: Report,
): void {
  const wrong = (what: string) => report(s, what);
  const lanes = (e: NestExpr) => lanesOf(e, scope, buffers, wrong);
  const expect = (e: NestExpr, type: Scalar, what: string): number => {
    const width = lanes(e);
    if (typeOf(e) !== type) wrong(`${what} is ${typeOf(e)}, but must be ${type}`);
    return width;
  };
  const one = (e: NestExpr, type: Scalar, what: string) => {
    if (expect(e, type, what) !== 1) wrong(`${what} has several lanes`);
  };
  const define = (name: string, variable: Variable, into: Scope) => {
    if (scope.has(name)) wrong(`${name} is defined already`);
    if (buffers.has(name)) wrong(`${name} is the name of a buffer`);
    into.set(name, variable);
  };
  const target = (name: string): BufferDecl | undefined => {
    const buffer = buffers.get(name);
    if (!buffer) wrong(`buffer ${name} is not declared`);
    if (buffer?.access === "read") wrong(`${name} is only read, but is written`);
    return buffer;
  };
  switch (s.kind) {
    case "for": {
      one(s.lo, "i32", "a bound");
      one(s.hi, "i32", "a bound");
      const inner: Scope = new Map(scope);
      define(s.variable, { type: "i32", lanes: 1, by: "for", parallel }, inner);
      checkBlock(s.body, inner, parallel + Number(s.by === "parallel"), buffers, report);
      return;
    }
    case "if":
      one(s.cond, "bool", "a condition");
      for (const block of [s.then, s.else]) checkBlock(block, scope, parallel, buffers, report);
      return;
    case "let":
    case "local": {
      const width = expect(s.kind === "let" ? s.value : s.init, s.type, `the value of ${s.name}`);
      const own = s.lanes ?? 1;
      if (width !== 1 && width !== own) wrong(`${s.name} has ${own} lanes, but is given ${width}`);
      define(s.name, { type: s.type, lanes: own, by: s.kind, parallel }, scope);
      return;
    }
    case "set": {
      const known = scope.get(s.name);
      if (!known) {
        wrong(`${s.name} is set, but nothing defines it before`);
        return;
      }
      if (known.by !== "local") wrong(`${s.name} is no local, so it cannot be set`);
      if (known.parallel !== parallel)
        wrong(`${s.name} is set by all threads of a parallel loop, outside of which it is defined`);
      const width = expect(s.value, known.type, `what ${s.name} is set to`);
      if ((width !== 1 && width !== known.lanes) || known.lanes !== (s.lanes ?? 1))
        wrong(`${s.name} has ${known.lanes} lanes, but is set to ${Math.max(width, s.lanes ?? 1)}`);
      return;
    }
    case "store": {
      const buffer = target(s.buffer);
      one(s.address, "i32", "an address");
      const width = buffer ? expect(s.value, buffer.dtype, `what ${s.buffer} holds`) : 1;
      if (width !== 1 && width !== s.width)
        wrong(`a store of ${s.width} elements is given ${width} lanes`);
      return;
    }
    case "accumulate": {
      const buffer = target(s.buffer);
      if (buffer?.access === "write") wrong(`${s.buffer} is only written, but is added to`);
      one(s.address, "i32", "an address");
      if (!buffer) return;
      if (s.mode === "plain" || s.mode === "atomic") {
        one(s.value, buffer.dtype, `what ${s.buffer} holds`);
        return;
      }
      one(s.value, "f32", `what is added to ${s.buffer}`);
      const words = buffer.shape.at(-1);
      if (buffer.dtype !== "u32" || words?.kind !== "const" || words.value !== wordsPerSum)
        wrong(`${s.buffer} holds no sums in fixed point, which are ${wordsPerSum} u32 each`);
      return;
    }
    case "barrier":
      return;
    default:
      unreachable(s);
  }
}
