// What a PTX file says, as plain data: variables, routines, instructions with their operands.

import type { Scalar } from "./types.ts";

/** The state spaces that variables live in. */
export type Space = "global" | "shared" | "local" | "const" | "param";

/** A variable of a module, a routine or a parameter list. */
export interface Variable {
  readonly name: string;
  readonly space: Space;
  readonly type: Scalar;
  readonly align: number;
  readonly bytes: number;
  /** What it holds at first, where the file says so. */
  readonly content?: Uint8Array;
  /** Its size is the launch's: dynamic shared memory. */
  readonly extern?: boolean;
}

/** An operand as written. */
export type Operand =
  | { readonly kind: "register"; readonly name: string; readonly negated?: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  /** The bits of a float of 32 or 64 bits. */
  | { readonly kind: "float"; readonly bits: bigint; readonly width: 32 | 64 }
  /** A variable, a label or a function. */
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "address"; readonly base: Base; readonly offset: number }
  | { readonly kind: "vector"; readonly elements: readonly Operand[] }
  /** Two results of one instruction: `p|q`. */
  | { readonly kind: "pair"; readonly first: Operand; readonly second: Operand }
  /** Arguments or results of a call. */
  | { readonly kind: "list"; readonly elements: readonly Operand[] }
  /** A result that nobody wants: `_`. */
  | { readonly kind: "sink" };

/** What an address counts from. */
export type Base =
  | { readonly kind: "register"; readonly name: string }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "absolute" };

/** One instruction; a guard makes it depend on a predicate. */
export interface Instruction {
  readonly line: number;
  readonly text: string;
  readonly guard?: { readonly register: string; readonly negated: boolean };
  readonly opcode: string;
  readonly modifiers: readonly string[];
  readonly operands: readonly Operand[];
}

/** A kernel or a device function. */
export interface Routine {
  readonly name: string;
  readonly entry: boolean;
  readonly params: readonly Variable[];
  readonly returns: readonly Variable[];
  /** Most threads of a block that it is compiled for. */
  readonly maxThreads?: number;
  readonly registers: ReadonlyMap<string, Scalar>;
  readonly variables: readonly Variable[];
  readonly code: readonly Instruction[];
  /** Labels by the position in the code that they stand before. */
  readonly labels: ReadonlyMap<string, number>;
  /** Lists of labels for indirect branches. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
}

/** A file. */
export interface Module {
  readonly version: string;
  readonly target: string;
  readonly variables: readonly Variable[];
  readonly routines: ReadonlyMap<string, Routine>;
}
