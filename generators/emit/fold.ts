// Emission is a fold: what each kind of node becomes is a record, generic in its results, and walking a nest
// is written once. Text is one such record, instructions of a stack machine another.

import {
  type AddMode,
  type Block,
  type BufferDecl,
  type Nest,
  type NestExpr,
  type NestOp,
  type Scalar,
  type Stmt,
  typeOf,
} from "../ir/nest.ts";

/** A loop of a nest. */
export type ForStmt = Extract<Stmt, { kind: "for" }>;

/** What an expression (E) and a statement (S) become. Operands and bodies come in already folded. */
export interface Algebra<E, S> {
  const(value: number, type: Scalar): E;
  variable(name: string, type: Scalar): E;
  load(buffer: BufferDecl, address: E, width: 1 | 2 | 4): E;
  /** `of` is the type of the operands; comparisons and conversions give another. */
  op(op: NestOp, args: readonly E[], of: Scalar): E;
  cast(to: Scalar, from: Scalar, arg: E): E;
  select(cond: E, then: E, otherwise: E, type: Scalar): E;

  for(loop: ForStmt, lo: E, hi: E, body: S): S;
  /** `otherwise` is undefined where there is nothing to do. */
  if(cond: E, then: S, otherwise: S | undefined): S;
  let(name: string, type: Scalar, value: E): S;
  local(name: string, type: Scalar, init: E): S;
  set(name: string, value: E): S;
  store(buffer: BufferDecl, address: E, value: E, width: 1 | 2 | 4): S;
  accumulate(buffer: BufferDecl, address: E, value: E, mode: AddMode): S;
  barrier(): S;
  block(statements: readonly S[]): S;
}

type Buffers = (name: string) => BufferDecl;

/** What an expression becomes. */
export function foldExpr<E, S>(e: NestExpr, buffers: Buffers, algebra: Algebra<E, S>): E {
  const go = (operand: NestExpr): E => foldExpr(operand, buffers, algebra);
  switch (e.kind) {
    case "const":
      return algebra.const(e.value, e.type);
    case "var":
      return algebra.variable(e.name, e.type);
    case "load":
      return algebra.load(buffers(e.buffer), go(e.address), e.width);
    case "op": {
      const first = e.args[0];
      if (!first) throw new Error(`The operation ${e.op} has no operand.`);
      return algebra.op(e.op, e.args.map(go), typeOf(first));
    }
    case "cast":
      return algebra.cast(e.to, typeOf(e.arg), go(e.arg));
    case "select":
      return algebra.select(go(e.cond), go(e.then), go(e.else), typeOf(e));
    default:
      return e satisfies never;
  }
}

function foldStmt<E, S>(s: Stmt, buffers: Buffers, algebra: Algebra<E, S>): S {
  const value = (e: NestExpr): E => foldExpr(e, buffers, algebra);
  const block = (b: Block): S => algebra.block(b.map((inner) => foldStmt(inner, buffers, algebra)));
  switch (s.kind) {
    case "for":
      return algebra.for(s, value(s.lo), value(s.hi), block(s.body));
    case "if": {
      const otherwise = s.else.length > 0 ? block(s.else) : undefined;
      return algebra.if(value(s.cond), block(s.then), otherwise);
    }
    case "let":
      return algebra.let(s.name, s.type, value(s.value));
    case "local":
      return algebra.local(s.name, s.type, value(s.init));
    case "set":
      return algebra.set(s.name, value(s.value));
    case "store":
      return algebra.store(buffers(s.buffer), value(s.address), value(s.value), s.width);
    case "accumulate":
      return algebra.accumulate(buffers(s.buffer), value(s.address), value(s.value), s.mode);
    case "barrier":
      return algebra.barrier();
    default:
      return s satisfies never;
  }
}

/** The buffers of a nest by name; a name that is none of them is a mistake of the lowering. */
export function bufferLookup(nest: Nest): Buffers {
  const all = new Map(nest.buffers.map((buffer) => [buffer.name, buffer]));
  return (name) => {
    const buffer = all.get(name);
    if (!buffer) throw new Error(`${nest.name} uses ${name}, which is no buffer of it.`);
    return buffer;
  };
}

/** What the body of a nest becomes. Statements are folded in their order. */
export function foldNest<E, S>(nest: Nest, algebra: Algebra<E, S>): S {
  const buffers = bufferLookup(nest);
  return algebra.block(nest.body.map((s) => foldStmt(s, buffers, algebra)));
}
