// A kernel ready to run: blocks of code as closures, and what each thread's registers begin with.

import type { Machine, Op, Step } from "./machine.ts";
import type { Instruction, Variable } from "./syntax.ts";

/** Instructions that run one after another, and where to go on. */
export interface Block {
  readonly ops: readonly Op[];
  readonly step: Step;
  /** The instruction that ends it, for reports. */
  readonly site: number;
}

/** What a special register holds. */
export type Special = (thread: Place) => number;

/** Where a thread is. */
export interface Place {
  readonly thread: number;
  readonly block: number;
  readonly threads: number;
  readonly blocks: number;
}

/** Special registers by name; grids and blocks have one dimension. */
export const specials: Readonly<Record<string, Special>> = {
  "%tid.x": ({ thread }) => thread,
  "%tid.y": () => 0,
  "%tid.z": () => 0,
  "%ntid.x": ({ threads }) => threads,
  "%ntid.y": () => 1,
  "%ntid.z": () => 1,
  "%ctaid.x": ({ block }) => block,
  "%ctaid.y": () => 0,
  "%ctaid.z": () => 0,
  "%nctaid.x": ({ blocks }) => blocks,
  "%nctaid.y": () => 1,
  "%nctaid.z": () => 1,
  "%laneid": ({ thread }) => thread & 31,
  "%warpid": ({ thread }) => thread >>> 5,
  "%nwarpid": ({ threads }) => Math.ceil(threads / 32),
  "%lanemask_eq": ({ thread }) => 1 << (thread & 31),
  "%lanemask_lt": ({ thread }) => (1 << (thread & 31)) - 1,
  "%lanemask_le": ({ thread }) => (1 << (thread & 31)) | ((1 << (thread & 31)) - 1),
  "%lanemask_gt": ({ thread }) => ~((1 << (thread & 31)) | ((1 << (thread & 31)) - 1)),
  "%lanemask_ge": ({ thread }) => ~((1 << (thread & 31)) - 1),
};

/** A kernel ready to run with up to so many threads a block. */
export interface PtxProgram {
  readonly name: string;
  readonly machine: Machine;
  readonly blocks: readonly Block[];
  /** Instructions by site. */
  readonly sites: readonly Instruction[];
  /** Words of a thread's registers, and what they begin with: constants and poison. */
  readonly stride: number;
  readonly initial: Int32Array;
  readonly specials: readonly { readonly slot: number; readonly value: Special }[];
  readonly params: readonly (Variable & { readonly offset: number })[];
  readonly paramBytes: number;
  readonly localBytes: number;
  readonly threads: number;
}
