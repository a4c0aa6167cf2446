import type { Data, DType } from "../contract/program.ts";
import type { Engine } from "./engine.js";

/** A buffer of a call, and what it begins with. */
export interface CallBuffer {
  readonly name: string;
  readonly dtype: DType;
  readonly elements: number;
  /** Each thread has its own. */
  readonly perWorker: boolean;
  readonly data: Data | undefined;
}

/** Where a buffer lies. */
export interface Place {
  readonly at: number;
  readonly elements: number;
  /** It was there before the call. */
  readonly isInside: boolean;
}

/** A step as modules hold it. */
export type CallStep =
  | {
      readonly kind: "launch";
      readonly function: string;
      readonly buffers: readonly string[];
      readonly scalars: readonly string[];
      readonly repeat?: number;
    }
  | { readonly kind: "fill"; readonly buffer: string; readonly value: number };

/** Gives buffers their places in the memory; `release` frees them. */
export function placeBuffers(
  engine: Engine,
  operator: string,
  buffers: readonly CallBuffer[],
): { readonly places: ReadonlyMap<string, Place>; readonly release: () => void };

/** The elements of a buffer where they lie; until the memory grows. */
export function viewOf(engine: Engine, place: Place): Data;

/** Numbers that are computed from others, in order. */
export type Numbers = readonly (readonly [
  name: string,
  is: (scalars: Readonly<Record<string, number>>) => number,
])[];

/** How often some steps run, and the numbers of each turn. */
export interface CallRepeat {
  readonly times: (scalars: Readonly<Record<string, number>>) => number;
  readonly numbers: Numbers;
}

/**
 * Runs steps one after another, those of one of `repeats` together in each of its turns; `scalars` by name,
 * `constants` in their order.
 */
export function runSteps(
  engine: Engine,
  places: ReadonlyMap<string, Place>,
  steps: readonly CallStep[],
  scalars: Readonly<Record<string, number>>,
  constants: readonly number[],
  repeats: readonly CallRepeat[],
): void;
