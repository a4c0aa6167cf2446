// What a report is about: all that is known of the configurations of one kernel under one set of
// conditions, wherever it was measured.

import type { Measurement } from "../database/record.ts";
import type { Configuration, Parameter } from "../space/space.ts";

/** What became of one configuration. */
export interface Trial {
  readonly configuration: Configuration;
  /** `correct`, or why it has no time. */
  readonly status: string;
  readonly error?: string;
  /** Milliseconds, where it is correct. */
  readonly cost?: number;
  readonly interval?: readonly [low: number, high: number];
  /** Milliseconds spent on it, where that is known. */
  readonly spent?: Measurement["spent"];
}

/** A trial with a time. */
export type Timed = Trial & { readonly cost: number };

/** What won, and by how much. */
export interface Won {
  readonly configuration: Configuration;
  /** How that was decided, in words. */
  readonly how: string;
  /** How many times faster than the default, where both were compared. */
  readonly ratio?: { readonly value: number; readonly low: number; readonly high: number };
}

/** Configurations under one set of conditions. */
export interface Study {
  readonly title: string;
  /** Device and shape alone, for a column of a table. */
  readonly label: string;
  /** Studies with the same text are of the same kernel, and their configurations are comparable. */
  readonly kernel: string;
  /** What the page says of it first, by name. */
  readonly facts: Readonly<Record<string, string>>;
  /** Each configuration once; those of a run in the order in which they were measured. */
  readonly trials: readonly Trial[];
  readonly parameters: readonly Parameter[];
  /** The default, where it is known. */
  readonly usual?: Configuration;
  readonly won?: Won;
  /** Whether these are all configurations of the space. */
  readonly whole: boolean;
  /** Whether the trials are in the order of one search. */
  readonly ordered: boolean;
}

/** Whether a trial has a time that counts. */
export const isTimed = (trial: Trial): trial is Timed => trial.cost !== undefined;

/** The trials with a time, fastest first. */
export const sortTimed = ({ trials }: Study): readonly Timed[] =>
  trials.filter(isTimed).sort((a, b) => a.cost - b.cost);

/** The parameters that have more than one value in what was tried. */
export const findVaried = ({ parameters, trials }: Study): readonly Parameter[] =>
  parameters
    .map(({ name, values }) => {
      const met = new Set(trials.map(({ configuration }) => configuration[name]));
      return { name, values: values.filter((value) => met.has(value)) };
    })
    .filter(({ values }) => values.length > 1);

/** A configuration by the parameters that vary. */
export const nameConfiguration = (
  configuration: Configuration,
  varied: readonly Parameter[],
): string =>
  varied.map(({ name }) => `${name}=${String(configuration[name])}`).join(" ") || "the only one";
