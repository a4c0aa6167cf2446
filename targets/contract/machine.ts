// What a target says of the machines that run it: how it is opened, what `doctor` tries, which systems there are.

import type { Executor, Unavailable } from "./program.ts";

/** Opens a target on one device, or says why it cannot. */
export type Opener = () => Promise<Executor | Unavailable>;

/** One thing that a machine may be able to do, and how it is tried. */
export type Probe =
  /** Runs kernels. */
  | { readonly what: string; readonly opens: Opener }
  /** Compiles (checks) kernels only; gives the compiler's name. */
  | { readonly what: string; readonly compiles: () => Promise<string | Unavailable> };

/** One way in which one system runs a target. */
export interface Platform {
  readonly system: "Linux" | "macOS" | "Windows" | "browsers";
  readonly how: string;
  /** Whether the authors ever executed it. */
  readonly executed: "executed" | "never executed";
}

/** What a kernel takes of one kind of device, by what is taken: numbers, and words on them. */
export interface KernelUse {
  readonly kernel: string;
  readonly device: string;
  readonly use: Readonly<Record<string, number | string>>;
}

/** What the kernels of a file take, all of them with the same keys; and what says so. */
export interface Measured {
  readonly by: string;
  readonly kernels: readonly KernelUse[];
}

/** A kind of device, by what it allows groups of threads. */
export interface DeviceKind {
  readonly name: string;
  readonly threads: number;
  readonly sharedBytes: number;
  /** How full a multiprocessor becomes with groups that take so much, from 0 to 1; absent where that is not known. */
  readonly occupancy?: (group: {
    readonly threads: number;
    readonly registers: number;
    readonly sharedBytes: number;
  }) => number;
}

/** A compiler that reads kernels without running them. */
export interface Reader {
  readonly name: string;
  /** What it has against texts, a list for each; or why it cannot be asked. */
  readonly read: (
    sources: readonly string[],
  ) => Promise<readonly (readonly string[])[] | Unavailable>;
}

/** All that is known of running a target. */
export interface TargetMachine {
  /** The ways of running it, the preferred one first; `check` uses all of them. */
  readonly open: readonly [Opener, ...Opener[]];
  /** What `check` opens in place of the first of them, to find more than wrong values; with `all`, in every case. */
  readonly openToCheck?: (all: boolean) => Promise<Executor | Unavailable>;
  /** Opens the first of them with so many CPU threads; absent on targets whose launches they cannot share. */
  readonly openThreads?: (threads: number) => Promise<Executor | Unavailable>;
  readonly probes: readonly Probe[];
  readonly platforms: readonly Platform[];
  /** Kinds of devices that differ in what groups of threads may take. */
  readonly devices?: readonly DeviceKind[];
  /** What compiles kernels where no device is. */
  readonly readers?: readonly Reader[];
  /** What the kernels of a file take of devices, on targets whose compiler tells. */
  readonly measure?: (source: string) => Promise<Measured | Unavailable>;
}
