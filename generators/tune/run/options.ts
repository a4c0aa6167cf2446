// What a run of the tuner is given, what it tells, and what it comes to.

import type { Program } from "../../../targets/contract/program.ts";
import type { Key, Measurement } from "../database/record.ts";
import type { Database } from "../database/store.ts";
import type { Bench } from "../measure/evaluate.ts";
import type { Effort } from "../measure/rounds.ts";
import type { Random, Strategy } from "../search/strategy.ts";
import type { Configuration, Points } from "../space/space.ts";
import type { Verdict } from "./verdict.ts";

/** How long a run may be. */
export type Budget =
  | { readonly kind: "evaluations"; readonly count: number }
  | { readonly kind: "seconds"; readonly seconds: number };

/** What is tuned, on what, and how. */
export interface TuneOptions {
  readonly key: Key;
  readonly points: Points;
  readonly usual: Configuration;
  readonly strategy: Strategy;
  /** Configurations to try first, after the default. */
  readonly seeds: readonly Configuration[];
  readonly random: Random;
  readonly budget: Budget;
  readonly database: Database;
  /** Records of other databases, which are not written to. */
  readonly known?: readonly Measurement[];
  /** The program of a configuration, or why there is none. */
  readonly compile: (configuration: Configuration) => Program | { readonly refused: string };
  readonly bench: Bench;
  /** How the best are compared at the end: in how many processes one after another, how long. */
  readonly last?: { readonly heats: number; readonly effort: Effort };
  readonly signal: AbortSignal;
  readonly tell: (event: TuneEvent) => void;
}

/** What is told while a run goes on. */
export type TuneEvent =
  | { readonly kind: "started"; readonly known: number; readonly size: number }
  | {
      readonly kind: "evaluated";
      readonly record: Measurement;
      /** Whether it was measured now. */
      readonly isNew: boolean;
      readonly done: number;
      readonly best: Measurement | undefined;
      readonly failures: number;
      readonly seconds: number;
    }
  | { readonly kind: "comparing"; readonly candidates: number }
  /** A candidate failed in the last comparison, which is made again without it. */
  | { readonly kind: "dropped"; readonly record: Measurement }
  /** The last comparison could not be made. */
  | { readonly kind: "uncompared"; readonly why: string };

/** What a run came to. */
export interface TuneResult {
  readonly verdict: Verdict;
  /** Configurations that were measured now, and those that were known. */
  readonly measured: number;
  readonly reused: number;
  readonly stopped: boolean;
}
