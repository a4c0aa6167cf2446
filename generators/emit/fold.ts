// Emission is a fold: what each kind of node becomes is a record, generic in its results, and walking a nest
// is written once. Text is one such record, instructions of a stack machine another.

import {
  type AddMode,
  type Block,
  type BufferDecl,
  lanesOf,
  type Nest,
  type NestExpr,
  type NestOp,
  type Scalar,
  type Stmt,
  typeOf,
  type WarpProduct,
  type Width,
} from "../ir/nest.ts";

/** A loop of a nest. */
export type ForStmt = Extract<Stmt, { kind: "for" }>;

/**
 * What an expression (E) and a statement (S) become. Operands and bodies come in already folded. Where a value
 * has several lanes, all operands come with as many: `splat` has made them of numbers.
 */
export interface Algebra<E, S> {
  const(value: number, type: Scalar): E;
  variable(name: string, type: Scalar, lanes: Width): E;
  load(buffer: BufferDecl, address: E, width: Width): E;
  /** `of` is the type of the operands; comparisons and conversions give another. */
  op(op: NestOp, args: readonly E[], of: Scalar, lanes: Width): E;
  cast(to: Scalar, from: Scalar, arg: E, lanes: Width): E;
  select(cond: E, then: E, otherwise: E, type: Scalar, lanes: Width): E;
  /** A number in all lanes of a vector. */
  splat(value: E, type: Scalar, lanes: Width): E;
  /** One lane of a vector. */
  lane(vector: E, lane: number, type: Scalar, of: Width): E;

  for(loop: ForStmt, lo: E, hi: E, body: S): S;
  /** What a warp computes together; absent where there are no warps, and each thread runs the loop. */
  product?(
    product: WarpProduct,
    acc: BufferDecl,
    factors: readonly [BufferDecl, BufferDecl],
    at: readonly [lane: E, f: E, s: E],
  ): S;
  /** `otherwise` is undefined where there is nothing to do. */
  if(cond: E, then: S, otherwise: S | undefined): S;
  let(name: string, type: Scalar, value: E, lanes: Width): S;
  local(name: string, type: Scalar, init: E, lanes: Width): S;
  set(name: string, value: E, lanes: Width): S;
  store(buffer: BufferDecl, address: E, value: E, width: Width): S;
  accumulate(buffer: BufferDecl, address: E, value: E, mode: AddMode): S;
  barrier(): S;
  block(statements: readonly S[]): S;
}

type Buffers = (name: string) => BufferDecl;

/** What an expression becomes, in as many lanes as are asked for: its own, or more than its one. */
export function foldExpr<E, S>(
  e: NestExpr,
  buffers: Buffers,
  algebra: Algebra<E, S>,
  lanes: Width = lanesOf(e),
): E {
  const own = foldOwn(e, buffers, algebra);
  return lanesOf(e) === lanes ? own : algebra.splat(own, typeOf(e), lanes);
}

function foldOwn<E, S>(e: NestExpr, buffers: Buffers, algebra: Algebra<E, S>): E {
  const lanes = lanesOf(e);
  switch (e.kind) {
    case "const":
      return algebra.const(e.value, e.type);
    case "var":
      return algebra.variable(e.name, e.type, lanes);
    case "load":
      return algebra.load(buffers(e.buffer), foldExpr(e.address, buffers, algebra), e.width);
    case "lane": {
      const vector = foldExpr(e.of, buffers, algebra);
      return algebra.lane(vector, e.lane, typeOf(e.of), lanesOf(e.of));
    }
    case "op": {
      const first = e.args[0];
      if (!first) throw new Error(`The operation ${e.op} has no operand.`);
      const args = e.args.map((arg) => foldExpr(arg, buffers, algebra, lanes));
      return algebra.op(e.op, args, typeOf(first), lanes);
    }
    case "cast":
      return algebra.cast(e.to, typeOf(e.arg), foldExpr(e.arg, buffers, algebra, lanes), lanes);
    case "select":
      return algebra.select(
        foldExpr(e.cond, buffers, algebra, lanes),
        foldExpr(e.then, buffers, algebra, lanes),
        foldExpr(e.else, buffers, algebra, lanes),
        typeOf(e),
        lanes,
      );
    default:
      return e satisfies never;
  }
}

function foldStmt<E, S>(s: Stmt, buffers: Buffers, algebra: Algebra<E, S>): S {
  const value = (e: NestExpr, lanes?: Width): E => foldExpr(e, buffers, algebra, lanes);
  const block = (b: Block): S => algebra.block(b.map((inner) => foldStmt(inner, buffers, algebra)));
  switch (s.kind) {
    case "for": {
      if (s.product && algebra.product) {
        const { lane, f, s: other, acc } = s.product;
        const at = [lane, f.address, other.address].map((e) => value(e)) as [E, E, E];
        return algebra.product(
          s.product,
          buffers(acc),
          [buffers(f.buffer), buffers(other.buffer)],
          at,
        );
      }
      return algebra.for(s, value(s.lo), value(s.hi), block(s.body));
    }
    case "if": {
      const otherwise = s.else.length > 0 ? block(s.else) : undefined;
      return algebra.if(value(s.cond), block(s.then), otherwise);
    }
    case "let":
      return algebra.let(s.name, s.type, value(s.value, s.lanes ?? 1), s.lanes ?? 1);
    case "local":
      return algebra.local(s.name, s.type, value(s.init, s.lanes ?? 1), s.lanes ?? 1);
    case "set":
      return algebra.set(s.name, value(s.value, s.lanes ?? 1), s.lanes ?? 1);
    case "store":
      return algebra.store(buffers(s.buffer), value(s.address), value(s.value, s.width), s.width);
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
