// What is said between the tuner and the process that runs candidates: a line of JSON each way,
// programs and arrays in files.

import type { DType } from "../../../targets/contract/program.ts";

/** What the process is asked to do. */
export type Request =
  /** Opens a target's device. */
  | { readonly do: "open"; readonly target: string; readonly way: number; readonly threads: number }
  /** Takes the arrays of the call that is timed. */
  | { readonly do: "work"; readonly folder: string }
  /** Builds a program (a file) and makes it ready to be run on the call's arrays. */
  | {
      readonly do: "prepare";
      readonly id: string;
      readonly program: string;
      readonly scalars: Readonly<Record<string, number>>;
    }
  /** Fills what is not an input with NaN, runs once, and holds the results against others. */
  | {
      readonly do: "verify";
      readonly id: string;
      /** Where the results lie that are expected; absent where there are none yet. */
      readonly reference?: string;
      /** By output: how far an element may be off. */
      readonly allowed: Readonly<Record<string, number>>;
      /** Where to write the results. */
      readonly into?: string;
    }
  /** So many samples of so many runs each; before each sample a run that does not count, if so said. */
  | {
      readonly do: "time";
      readonly id: string;
      readonly samples: number;
      readonly runs: number;
      readonly warm: boolean;
    }
  /** Runs a program once on arrays that come along. */
  | { readonly do: "run"; readonly program: string; readonly job: PackedJob }
  | { readonly do: "drop"; readonly id: string }
  | { readonly do: "close" };

/** An array as text. */
export interface PackedArray {
  readonly dtype: DType;
  /** Its bytes in base64. */
  readonly bytes: string;
}

/** A job as text. */
export interface PackedJob {
  readonly inputs: Readonly<Record<string, PackedArray>>;
  readonly scalars: Readonly<Record<string, number>>;
  readonly constants?: Readonly<Record<string, number>>;
}

/** What passes, and what all threads of a process spend on processors. */
export type ProcessClock = "wall" | "processor";

/** The clocks of a process, and that of its device where it has one. */
export type ClockName = ProcessClock | "device";

/** Something for each clock. */
export type ByClock<T> = Readonly<Record<ProcessClock, T>> & { readonly device?: T };

/** What was opened. */
export interface Opened {
  readonly device: string;
  readonly driver: string;
  readonly hardware: boolean;
  readonly simulation: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** Whether calls can be kept on it, to be run by themselves. */
  readonly keepsCalls: boolean;
  /** The least steps of the clocks, measured. */
  readonly resolution: ByClock<number>;
}

/** How long building took, and whether what the process runs is watched. */
export interface PreparedReply {
  readonly milliseconds: number;
  /** Whether outputs lie between guards, and can be filled with NaN. */
  readonly watched: boolean;
}

/** What verifying found. */
export interface Verified {
  /** The largest error as a share of what is allowed; infinite where an element is NaN. */
  readonly worst: number | "infinite";
  /** Where that is, in words. */
  readonly where: string;
  /** Inputs that were changed, and outputs beside which something was written. */
  readonly damaged: readonly string[];
  /** Names of outputs whose bits differ from those of the run before. */
  readonly changed: readonly string[];
  /** Milliseconds of the run. */
  readonly milliseconds: number;
}

/** Milliseconds of one run, by sample. */
export type Times = ByClock<readonly number[]>;
