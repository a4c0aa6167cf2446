import type { Heap, Memory } from "./heap.js";

/** A module at work: compiled, with its memory and its threads. */
export interface Engine {
  readonly heap: Heap;
  readonly memory: Memory;
  readonly exports: Readonly<Record<string, unknown>>;
  /** Whether it was built of the relaxed vectors. */
  readonly relaxed: boolean;
  /** How many threads share the iterations of a loop. */
  readonly threads: number;
  /** Why there are fewer than asked for, where there are. */
  readonly why: string | undefined;
  /** What ends each thread but the caller's, one by one, and what watches them. */
  readonly ends: readonly (() => unknown)[];
}

/** Does this engine know the relaxed vectors? */
export function knowsRelaxed(): boolean;

/** Compiles and instantiates a module. */
export function openEngine(
  bytes: Uint8Array,
  options?: { readonly threads?: number; readonly relaxed?: boolean },
): Promise<Engine>;

/** Ends the threads; calls run in one from then on. */
export function closeEngine(engine: Engine): Promise<void>;

/** Runs a function once; `strides` are how far apart the arguments of two threads lie. */
export function callShared(
  engine: Engine,
  name: string,
  args: readonly number[],
  strides: readonly number[],
): void;
