// Loop-nest IR: when and where things are computed. Only statements act; expressions are pure trees over
// named values, so a printer decides nothing: addresses, casts and widths are all written out.

import type { OpName } from "./ops.ts";

/** A machine type. */
export type Scalar = "i32" | "u32" | "f16" | "f32" | "f64" | "bool";

/** The scalar operations of ops.ts, block owners lowered, and divisions known to be plain. */
export type PlainOp = Exclude<OpName, "owner" | "member"> | "quot" | "rem";

/** The operations of a nest; `total` takes the words of a sum in fixed point (fixed.ts), and gives the nearest f32. */
export type NestOp = PlainOp | "total";

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
  | { readonly kind: "var"; readonly name: string; readonly type: Scalar }
  /** `width` consecutive elements from `address` on; 1 but for vector code. */
  | {
      readonly kind: "load";
      readonly buffer: string;
      readonly address: NestExpr;
      readonly type: Scalar;
      readonly width: 1 | 2 | 4;
    }
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
    };

/**
 * What runs a loop. grid: the groups of a launch; group: the threads of a group; parallel: CPU threads;
 * vector: lanes; unroll: written out; serial: one after another.
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
    }
  | { readonly kind: "if"; readonly cond: NestExpr; readonly then: Block; readonly else: Block }
  /** A value that never changes. */
  | {
      readonly kind: "let";
      readonly name: string;
      readonly type: Scalar;
      readonly value: NestExpr;
    }
  /** A variable, changed by `set`. */
  | {
      readonly kind: "local";
      readonly name: string;
      readonly type: Scalar;
      readonly init: NestExpr;
    }
  | { readonly kind: "set"; readonly name: string; readonly value: NestExpr }
  | {
      readonly kind: "store";
      readonly buffer: string;
      readonly address: NestExpr;
      readonly value: NestExpr;
      readonly width: 1 | 2 | 4;
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
export const typeOf = (e: NestExpr): Scalar =>
  e.kind === "cast" ? e.to : e.kind === "select" ? typeOf(e.then) : e.type;

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
