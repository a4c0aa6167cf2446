// What an operator's kernel lowers to: launches and fills in order, over arguments and workspaces.

import type { BufferDecl, Nest, NestExpr, Parameter } from "./nest.ts";

/** Memory that several steps may use, and whether callers give it, get it, or never see it. */
export interface PlanBuffer extends BufferDecl {
  readonly role: "input" | "output" | "workspace";
  /** The axes of each dimension, for arguments; empty for a workspace. */
  readonly axes: readonly (readonly string[])[];
  /** It holds what one turn of a repetition needs, and nothing of the one before. */
  readonly ofTurn?: true;
}

/** What a device is asked to do as one piece. */
export type PlanStep =
  /** Runs `nest`; `groups` is the product of its grid loops' extents (1 where there is none). */
  | {
      readonly kind: "launch";
      readonly nest: Nest;
      readonly groups: NestExpr;
      /** Of which repetition of the plan it is a part; steps of one stand together. */
      readonly repeat?: number;
    }
  /** Sets all elements to one value, e.g. before accumulating; not where the constant `unless` is 1. */
  | {
      readonly kind: "fill";
      readonly buffer: string;
      readonly value: number;
      readonly unless?: string;
    };

/** How often some steps run, one after another, then all again: once for each slab of the work. */
export interface Repeat {
  readonly times: NestExpr;
  /** Numbers of one turn, over those of the call and `turn`, which counts from 0. */
  readonly numbers: readonly { readonly name: string; readonly is: NestExpr }[];
}

/** The number that counts the turns of a repetition. */
export const turn = "turn";

/** An option that stays open: a constant fixed when the kernel is built. */
export interface PlanOption {
  readonly name: string;
  readonly constant: string;
  readonly values: readonly string[];
  readonly default: number;
}

/** A kernel as it runs on one kind of machine; it needs nothing else to be printed or interpreted. */
export interface Plan {
  readonly operator: string;
  readonly role: string;
  /** Unique within the operator, e.g. `deform_conv2d_mask_bias`. */
  readonly name: string;
  readonly present: readonly string[];
  /** Every scalar that some step needs or a caller must give. */
  readonly scalars: readonly (Parameter & { readonly from: "size" | "attr" })[];
  readonly options: readonly PlanOption[];
  /** The constant of the option that outputs are added to, where there is one. */
  readonly accumulate?: string;
  readonly buffers: readonly PlanBuffer[];
  /** Axes that are computed from others, in order. */
  readonly sizes: readonly { readonly axis: string; readonly is: NestExpr }[];
  /** What must be at most 2^31 - 1 of a call; absent where nothing beyond what its kernel demands. */
  readonly bounds?: readonly NestExpr[];
  readonly steps: readonly PlanStep[];
  /** The repetitions that steps are parts of; absent where each step runs once. */
  readonly repeats?: readonly Repeat[];
}
