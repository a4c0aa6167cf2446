// What closures of instructions work on: registers of all threads of a block in one piece of memory, seen as every
// type, and what only the launch knows. A register, a constant and a special register all are slots of eight bytes.

import type { Memory } from "./memory.ts";
import type { Moment } from "./shadow.ts";

/** Why a thread does not go on by itself. */
export type Wait =
  | {
      readonly kind: "barrier";
      readonly site: number;
      readonly id: number;
      /** Combines what all threads bring: by their bases. */
      readonly resolve?: (bases: readonly number[]) => void;
    }
  | {
      readonly kind: "warp";
      readonly site: number;
      readonly mask: number;
      /** Whether accesses before it are ordered before those after it. */
      readonly orders: boolean;
      /** Exchanges values: the bases of lanes that take part, by lane. */
      readonly resolve: (bases: readonly (number | undefined)[]) => void;
    }
  /** Asks which threads of its warp are at the same place. */
  | {
      readonly kind: "together";
      readonly site: number;
      readonly resolve: (base: number, mask: number) => void;
    };

/** One cp.async: what to copy once it is waited for. */
export interface PendingCopy {
  complete(): void;
}

/** What a thread has besides registers. */
export interface ThreadState {
  /** Copies that no group holds yet, and groups that are not complete. */
  pending: PendingCopy[];
  groups: PendingCopy[][];
  /** Blocks of code to return to. */
  readonly calls: number[];
}

/** Registers and memory of a kernel at work. */
export class Machine {
  readonly ints: Int32Array;
  readonly uints: Uint32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  readonly longs: BigInt64Array;
  readonly ulongs: BigUint64Array;
  readonly moment: Moment;
  readonly memory: Memory;
  /** Set by what makes a thread wait. */
  wait: Wait | undefined;
  /** The present thread's. */
  state: ThreadState = { pending: [], groups: [], calls: [] };

  constructor(slots: number, memory: Memory, moment: Moment) {
    const buffer = new ArrayBuffer(slots * 8);
    this.ints = new Int32Array(buffer);
    this.uints = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.longs = new BigInt64Array(buffer);
    this.ulongs = new BigUint64Array(buffer);
    this.memory = memory;
    this.moment = moment;
  }
}

/** An instruction for the thread whose registers begin at `base`, counted in words of 4 bytes. */
export type Op = (base: number) => void;

/** An instruction that says where to go on: a block of code, or one of the numbers below. */
export type Step = (base: number) => number;

/** The thread has ended. */
export const ended = -1;

/** The thread waits as `machine.wait` says, and goes on at the next block. */
export const waits = -2;
