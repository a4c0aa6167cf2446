// Loop-nest IR: when and where things are computed. Only statements act; expressions are pure trees over
// named values, so a printer decides nothing: addresses, casts and widths are all written out.

import { unreachable } from "./expr.ts";
import type { OpName } from "./ops.ts";

/** A machine type. */
export type Scalar = "i32" | "u32" | "f16" | "bf16" | "f32" | "f64" | "bool";

/** The scalar operations of ops.ts, block owners lowered, and divisions known to be plain. */
export type PlainOp = Exclude<OpName, "owner" | "member"> | "quot" | "rem";

/** The operations of a nest; `total` takes the words of a sum in fixed point (fixed.ts), and gives the nearest f32. */
export type NestOp = PlainOp | "total";

/** How many elements a value has, or a load or store moves: 1, or those of a vector. */
export type Width = 1 | 2 | 4 | 8 | 16;

/**
 * How an addition meets others to the same element. plain: no other thread adds to it; atomic: others may at the
 * same time, and the order decides the last bits. measure and fixed are two passes over a buffer of sums in fixed
 * point (fixed.ts), whose result no order changes: the first notes the largest magnitude, the second adds.
 */
export type AddMode = "plain" | "atomic" | "measure" | "fixed";

/** A value of a machine type; computing it changes nothing. */
export type NestExpr =
  | { readonly kind: "const"; readonly type: Scalar; readonly value: number }
  /** A loop's variable, a `let`, a `local`, a scalar of the launch or a build-time constant. */
  | {
      readonly kind: "var";
      readonly name: string;
      readonly type: Scalar;
      /** Those of its definition; 1 where absent. */
      readonly lanes?: Width;
    }
  /** `width` consecutive elements from `address` on; 1 but for vector code. */
  | {
      readonly kind: "load";
      readonly buffer: string;
      readonly address: NestExpr;
      readonly type: Scalar;
      readonly width: Width;
    }
  /** Of vectors lane by lane; a number beside them serves all lanes. */
  | {
      readonly kind: "op";
      readonly op: NestOp;
      readonly args: readonly NestExpr[];
      readonly type: Scalar;
    }
  | { readonly kind: "cast"; readonly to: Scalar; readonly arg: NestExpr }
  /** Eager: both sides may be evaluated, so both are safe. What must not be evaluated is under an `if`. */
  | {
      readonly kind: "select";
      readonly cond: NestExpr;
      readonly then: NestExpr;
      readonly else: NestExpr;
    }
  /** One element of a vector. */
  | { readonly kind: "lane"; readonly of: NestExpr; readonly lane: number };

/**
 * What runs a loop. grid: the groups of a launch; group: the threads of a group; unroll: written out; serial: one
 * after another.
 *
 * parallel: CPU threads, each of which takes some of the iterations; only the outermost loop of a nest, with
 * nothing but values beside it. Registers and `perWorker` buffers hold nothing when an iteration begins.
 *
 * vector: lanes. 4, 8 or 16 iterations from 0, in any order, none of which reads what another writes. Inside are
 * plain statements: no loops, no conditions. Addresses grow by 1 from lane to lane, or (of loads) are the same for
 * all; the loop's variable stands in addresses only.
 */
export type Binding = "grid" | "group" | "parallel" | "vector" | "unroll" | "serial";

/** One thing that a thread does; everything that changes memory or a variable is a statement. */
export type Stmt =
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly lo: NestExpr;
      readonly hi: NestExpr;
      readonly by: Binding;
      readonly body: Block;
      /** What the threads of a warp compute together with this loop, where an instruction does. */
      readonly product?: WarpProduct;
    }
  | { readonly kind: "if"; readonly cond: NestExpr; readonly then: Block; readonly else: Block }
  /** A value that never changes. */
  | {
      readonly kind: "let";
      readonly name: string;
      readonly type: Scalar;
      /** 1 where absent, as with `local` and `set`. */
      readonly lanes?: Width;
      readonly value: NestExpr;
    }
  /** A variable, changed by `set`. */
  | {
      readonly kind: "local";
      readonly name: string;
      readonly type: Scalar;
      readonly lanes?: Width;
      readonly init: NestExpr;
    }
  | {
      readonly kind: "set";
      readonly name: string;
      readonly lanes?: Width;
      readonly value: NestExpr;
    }
  | {
      readonly kind: "store";
      readonly buffer: string;
      readonly address: NestExpr;
      readonly value: NestExpr;
      readonly width: Width;
    }
  /** Adds to an element; `address` counts elements, also where each is several words in fixed point. */
  | {
      readonly kind: "accumulate";
      readonly buffer: string;
      readonly address: NestExpr;
      readonly value: NestExpr;
      readonly mode: AddMode;
    }
  /** Every thread of a group waits for all others; all of them must come here. */
  | { readonly kind: "barrier" };

/** A block of 16 bits elements in shared memory: rows (or columns) are `stride` apart, steps of the sum lie side by side. */
export interface WarpFactor {
  readonly buffer: string;
  /** Of the warp's first row (or column) at the first step. */
  readonly address: NestExpr;
  readonly stride: number;
}

/**
 * A product of matrices that a warp adds to the accumulators of its 32 threads, over 16 steps of a sum. Of each
 * 16 rows and 8 columns, thread `lane` holds rows lane / 4 and 8 more, columns 2 (lane % 4) and the next; its
 * accumulators of them lie side by side in this order, blocks of columns after one another, then of rows. A loop that
 * has one says the same, thread by thread, in its body (warpProduct.ts).
 */
export interface WarpProduct {
  readonly rows: number;
  readonly columns: number;
  readonly f: WarpFactor;
  readonly s: WarpFactor;
  readonly acc: string;
  readonly lane: NestExpr;
}

/** Statements one after another, a scope of their own. */
export type Block = readonly Stmt[];

/** Memory that a nest uses: where it lies, of what, how long, and how its positions become addresses. */
export interface BufferDecl {
  readonly name: string;
  /** global: memory of the device; shared: one for each group; register: one for each thread. */
  readonly place: "global" | "shared" | "register";
  readonly dtype: Exclude<Scalar, "bool">;
  readonly access: "read" | "write" | "update";
  /** Its dimensions, outermost first, and how far apart elements lie along each. */
  readonly shape: readonly NestExpr[];
  readonly strides: readonly NestExpr[];
  /**
   * A workspace of which each CPU thread has its own. An iteration of the parallel loop writes what it reads; what
   * it leaves is lost.
   */
  readonly perWorker?: boolean;
}

/** A number given at launch, or (an option) when the kernel is built. */
export interface Parameter {
  readonly name: string;
  readonly type: "i32" | "f32";
}

/** One function on the device. */
export interface Nest {
  readonly name: string;
  readonly scalars: readonly Parameter[];
  readonly constants: readonly Parameter[];
  readonly buffers: readonly BufferDecl[];
  /** Threads of a group; 1 where no loop is bound to `group`. */
  readonly group: number;
  readonly body: Block;
}

/** A known whole number. */
export const i32 = (value: number): NestExpr => ({ kind: "const", type: "i32", value });
/** What a name stands for. */
export const variable = (name: string, type: Scalar = "i32"): NestExpr => ({
  kind: "var",
  name,
  type,
});

/** The type of an expression's value. */
export function typeOf(e: NestExpr): Scalar {
  switch (e.kind) {
    case "cast":
      return e.to;
    case "select":
      return typeOf(e.then);
    case "lane":
      return typeOf(e.of);
    default:
      return e.type;
  }
}

/** How many lanes an expression's value has; those of a checked nest agree. */
export function lanesOf(e: NestExpr): Width {
  switch (e.kind) {
    case "const":
    case "lane":
      return 1;
    case "var":
      return e.lanes ?? 1;
    case "load":
      return e.width;
    case "op":
      return widest(e);
    case "cast":
      return lanesOf(e.arg);
    case "select":
      return widest(e);
    default:
      return unreachable(e);
  }
}

/** Widths of what has operands: asking at each level must not walk all that is inside. */
const widths = new WeakMap<NestExpr, Width>();

function widest(e: Extract<NestExpr, { kind: "op" | "select" }>): Width {
  const known = widths.get(e);
  if (known !== undefined) return known;
  const operands = e.kind === "op" ? e.args : [e.cond, e.then, e.else];
  let lanes: Width = 1;
  for (const operand of operands) if (lanes === 1) lanes = lanesOf(operand);
  widths.set(e, lanes);
  return lanes;
}

/** The loop of a nest that CPU threads share out, where it has one. */
export const parallelLoop = ({ body }: Nest): Extract<Stmt, { kind: "for" }> | undefined =>
  body.find((s): s is Extract<Stmt, { kind: "for" }> => s.kind === "for" && s.by === "parallel");

/** The loops around the body that are bound to the grid, outermost first; their extents multiply. */
export function gridLoops(nest: Nest): readonly Extract<Stmt, { kind: "for" }>[] {
  const found: Extract<Stmt, { kind: "for" }>[] = [];
  let block = nest.body;
  for (;;) {
    const loop = block.find((s) => s.kind === "for" && s.by === "grid");
    if (loop?.kind !== "for") return found;
    found.push(loop);
    block = loop.body;
  }
}
