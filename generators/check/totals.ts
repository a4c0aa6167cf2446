// The elements that scatters add to, while the judge adds: values in the order of the stages, as the
// interpreter adds them; bounds for every order; and what else an element may be where decisions are open.

import { type Alternative, maxPaths, merge } from "./decide.ts";
import type { Machine } from "./evaluate.ts";
import type { Source } from "./reading.ts";

/** What contributions to one element come to together, and how many they are. */
export interface Outcome extends Alternative {
  readonly terms: number;
}

/** Contributions to one element of that many parts, together; none are 0. */
export function sumUp(
  parts: number,
  all: readonly Alternative[],
  terms: number = all.length,
): Outcome {
  const value = Array.from({ length: parts }, () => 0);
  const bound = Array.from({ length: parts }, () => 0);
  for (let i = 0; i < parts; i++) {
    let sizes = 0;
    for (const one of all) {
      value[i]! += one.value[i]!;
      bound[i]! += one.bound[i]!;
      sizes += Math.abs(one.value[i]!);
    }
    // A hair for the float64 sum itself, so that equal outcomes meet.
    if (all.length > 1) bound[i]! += 2 ** -50 * sizes;
  }
  return { value, bound, terms };
}

/** Sums under way. */
export class Totals {
  readonly #count: number;
  /** Numbers of an element. */
  readonly parts: number;
  /** By stage: where its contributions went and what they were, in order. */
  readonly #logs: readonly { readonly flat: number[]; readonly value: number[] }[];
  readonly #bound: readonly Float64Array[];
  readonly #sizes: readonly Float64Array[];
  readonly #terms: Int32Array;
  /** By element: by how much it may differ from the plain sum, the plain outcome first. */
  readonly #open = new Map<number, readonly Alternative[]>();
  readonly #undecided = new Set<number>();

  constructor(count: number, parts: number, stages: number) {
    this.#count = count;
    this.parts = parts;
    this.#logs = Array.from({ length: stages }, () => ({ flat: [], value: [] }));
    this.#bound = Array.from({ length: parts }, () => new Float64Array(count));
    this.#sizes = Array.from({ length: parts }, () => new Float64Array(count));
    this.#terms = new Int32Array(count);
  }

  /** Notes the plain value of a contribution. */
  log(stage: number, flat: number, value: readonly number[]): void {
    this.#logs[stage]!.flat.push(flat);
    this.#logs[stage]!.value.push(...value);
  }

  /** Adds a contribution without a doubt. */
  add(stage: number, flat: number, { value, bound }: Alternative): void {
    this.log(stage, flat, value);
    this.#widen(flat, value, bound, 1);
  }

  #widen(flat: number, value: readonly number[], bound: readonly number[], terms: number): void {
    this.#terms[flat]! += terms;
    for (let i = 0; i < this.parts; i++) {
      this.#bound[i]![flat]! += bound[i]!;
      this.#sizes[i]![flat]! += Math.abs(value[i]!) + bound[i]!;
    }
  }

  /** Adds one of several outcomes, the plain one first; are there several that do not meet? */
  addOneOf(flat: number, all: readonly Outcome[]): boolean {
    const terms = Math.max(...all.map((one) => one.terms));
    const zeros = Array.from({ length: this.parts }, () => 0);
    const merged = merge(all);
    const [plain] = merged;
    const largest = plain!.value.map((_, i) =>
      Math.max(...merged.map((one) => Math.abs(one.value[i]!) + one.bound[i]!)),
    );
    if (merged.length === 1) {
      this.#widen(flat, largest, plain!.bound, terms);
      return false;
    }
    this.#widen(flat, largest, zeros, terms);
    const deltas = merged.map(({ value, bound }) => ({
      value: value.map((v, i) => v - plain!.value[i]!),
      bound,
    }));
    const before = this.#open.get(flat) ?? [
      { value: largest.map(() => 0), bound: largest.map(() => 0) },
    ];
    const next = before.flatMap((a) =>
      deltas.map((b) => ({
        value: a.value.map((v, i) => v + b.value[i]!),
        bound: a.bound.map((e, i) => e + b.bound[i]!),
      })),
    );
    const distinct = merge(next);
    if (distinct.length > maxPaths || distinct.some((one) => one.value.some(Number.isNaN)))
      this.doubt(flat);
    else this.#open.set(flat, distinct);
    return true;
  }

  /** An element that cannot be compared. */
  doubt(flat: number): void {
    this.#undecided.add(flat);
  }

  /** A contribution may go anywhere, so nothing can be compared. */
  doubtAll(): void {
    for (let flat = 0; flat < this.#count; flat++) this.doubt(flat);
  }

  /** The sums, with the rounding of adding up. */
  close(machine: Machine): Pick<Source, "parts" | "alternatives" | "undecided"> {
    const values = this.#bound.map(() => new Float64Array(this.#count));
    for (const { flat, value } of this.#logs)
      flat.forEach((at, n) => {
        values.forEach((part, i) => {
          part[at]! += value[n * this.parts + i]!;
        });
      });
    const slot = machine.newSlot();
    const alternatives = new Map<number, readonly Alternative[]>();
    for (let flat = 0; flat < this.#count; flat++) {
      const terms = this.#terms[flat]!;
      values.forEach((part, i) => {
        if (terms > 1)
          this.#bound[i]![flat]! += terms * machine.rules.unit * this.#sizes[i]![flat]!;
        machine.set(slot, part[flat]!, this.#bound[i]![flat]!);
        part[flat] = machine.value[slot]!;
        this.#bound[i]![flat] = machine.bound[slot]!;
        if (machine.bound[slot] === Number.POSITIVE_INFINITY) this.doubt(flat);
      });
      const open = this.#open.get(flat);
      if (!open || this.#undecided.has(flat)) continue;
      const all = merge(
        open.map(({ value, bound }) => ({
          value: value.map((v, i) => values[i]![flat]! + v),
          bound: bound.map((e, i) => this.#bound[i]![flat]! + e),
        })),
      );
      values.forEach((_, i) => {
        this.#bound[i]![flat] = all[0]!.bound[i]!;
      });
      if (all.length > 1) alternatives.set(flat, all);
    }
    const parts = values.map((value, i) => ({ value, bound: this.#bound[i]! }));
    return { parts, alternatives, undecided: this.#undecided };
  }
}
