// What is said between the command and the processes that compute: a line of JSON each way, arrays
// in files.

import type { Device } from "../../../targets/contract/program.ts";

/** What a process is asked to do. */
export type Request =
  /** Loads the library or opens the device; `options` mean something to the process alone. */
  | { readonly do: "open"; readonly threads: number; readonly options: unknown }
  /** Takes the work that lies in a folder. */
  | { readonly do: "prepare"; readonly folder: string }
  /** Computes once untimed, then at least so often and for so long, each run timed by itself. */
  | Timed
  /** Computes once and writes the results into a folder, one file for each. */
  | { readonly do: "read"; readonly mode: string; readonly folder: string }
  | { readonly do: "release" }
  | { readonly do: "close" };

/** How often to compute in one turn, in one of the ways that the process has. */
export interface Timed {
  readonly do: "time";
  readonly mode: string;
  readonly least: number;
  readonly milliseconds: number;
}

/** What runs there. */
export interface Described {
  readonly device: string;
  /** Of generated kernels: the same as executors say it. */
  readonly own?: Device;
  readonly versions: Readonly<Record<string, string>>;
}

/** Why something cannot be done here, and what to run about it. */
export interface Missing {
  readonly unavailable: string;
  readonly install?: string;
}

/** One way of running a call that was prepared. */
export interface Mode {
  /** Distinguishes rows of a contender; empty for the usual one. */
  readonly name: string;
  /** What is in the time, and what was done before. */
  readonly counted: string;
}

/** Work that was taken: the ways of running it; or that it is not among what can be computed. */
export type Taken = Accepted | { readonly unsupported: string };

/** Work that was taken. */
export interface Accepted {
  readonly modes: readonly Mode[];
  /** Whether what depends on parameters alone can be timed by itself, as the mode `packing`. */
  readonly packs: boolean;
}

/** The name of that mode. */
export const packing = "packing";

/** The milliseconds of single runs. */
export interface Times {
  readonly times: readonly number[];
  /**
   * Of all threads of the process on processors: what waiting for others' turns does not lengthen.
   */
  readonly cpu: readonly number[];
}

/** The names of the results, whose files lie in the folder; and the memory that computing took. */
export interface Read {
  readonly outputs: readonly string[];
  /**
   * Bytes beyond what the process held with its library and the inputs; absent where it is not
   * known.
   */
  readonly peakBytes?: number;
}

/** What comes back; a failure is a message. */
export type Reply = Described | Missing | Taken | Times | Read | { readonly failed: string } | Done;

/** Nothing to say. */
export interface Done {
  readonly done: true;
}
