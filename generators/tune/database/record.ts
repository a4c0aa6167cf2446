// What is kept of a measurement: one line of the database.

import type { Configuration } from "../space/space.ts";

/** The number of the rules by which is measured; records of another number are not compared. */
export const protocol = 1;

/** Where something was measured. */
export interface Device {
  /** As the executor names it. */
  readonly device: string;
  /** Driver, compiler or engine, with version. */
  readonly driver: string;
  /** Limits and features that code depends on. */
  readonly limits?: Readonly<Record<string, number | boolean>>;
}

/** What a result holds for: equal keys, equal conditions. */
export interface Key {
  readonly operator: string;
  /** `forward` or `backward`. */
  readonly role: string;
  /** The optional tensors that are given. */
  readonly present: readonly string[];
  /** `hashKernel`: what is computed, whatever its author called things. */
  readonly kernel: string;
  /** The hash of the space: parameters, values and constraints. */
  readonly space: string;
  readonly target: string;
  /** Threads of the CPU; 1 on devices with groups. */
  readonly threads: number;
  readonly device: Device;
  readonly dtype: "f32" | "f16" | "bf16";
  /** Sizes and attributes by name, such as `{"N":1,"C":64,...}`. */
  readonly shape: Readonly<Record<string, number>>;
  /** How offsets were drawn, such as `normal:2`. */
  readonly offsets: string;
  readonly protocol: number;
}

/** What became of a configuration; `correct` alone has a time that counts. */
export type Status =
  | "correct"
  | "correctness"
  | "nondeterministic"
  | "compile"
  | "runtime"
  | "timeout"
  | "memory"
  | "suspect";

/** A measured configuration, or why it has no time. */
export interface Measurement {
  readonly kind: "measurement";
  readonly key: Key;
  readonly configuration: Configuration;
  readonly status: Status;
  /** Why, where it is not correct. */
  readonly error?: string;
  /** Of all samples, in milliseconds; absent where nothing was timed. */
  readonly median?: number;
  readonly interval?: readonly [low: number, high: number];
  readonly samples?: number;
  /** The median of the default configuration in the same rounds: what of a time is the machine's. */
  readonly anchor?: number;
  /** Medians by all clocks, of which `clock` decides: of the process, what passed, and the device's own. */
  readonly cpu?: number;
  readonly wall?: number;
  readonly own?: number;
  /** Measured in the last comparison of a run, in the same rounds as its other candidates. */
  readonly final?: true;
  /** Largest error in units of what is allowed; null where it is infinite. */
  readonly worst?: number | null;
  /** Milliseconds spent. */
  readonly spent: { readonly compile: number; readonly verify: number; readonly measure: number };
  /** Clock and its measured resolution in milliseconds. */
  readonly clock?: { readonly name: string; readonly resolution: number };
  /** ISO 8601. */
  readonly at: string;
}
