// The handwritten digits, and which of them are for training.

import { readFileSync } from "node:fs";
import { gunzipSync } from "fflate";
import { randomFor } from "../../generators/check/random.ts";

/** Pixels along each side of a digit. */
export const digitSize = 8;

/** The greatest value of a pixel in the file. */
const ink = 16;

/** A handwritten digit: values from 0 to 1, row by row, and what it says. */
export interface Digit {
  readonly pixels: Float32Array;
  readonly label: number;
}

/** Digits to learn from, and others to be tested on. */
export interface Split {
  readonly train: readonly Digit[];
  readonly test: readonly Digit[];
}

/** Reads digits from lines of 64 pixels and a label. */
export function parseDigits(text: string): readonly Digit[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line, i) => {
    const values = line.split(",").map(Number);
    const label = values.at(-1)!;
    const pixels = Float32Array.from(values.slice(0, -1), (value) => value / ink);
    const right = pixels.every((value) => value >= 0 && value <= 1);
    if (pixels.length !== digitSize ** 2 || !right || !Number.isInteger(label))
      throw new Error(`Line ${i + 1} of the digits is not 64 pixels and a label.`);
    return { pixels, label };
  });
}

/** Reads the digits that come with the example. */
export function loadDigits(): readonly Digit[] {
  const path = new URL("data/optdigits.csv.gz", import.meta.url);
  return parseDigits(new TextDecoder().decode(gunzipSync(readFileSync(path))));
}

/**
 * Parts the digits at random, the same part of each class for testing. A digit is on one side only,
 * however many images are made of it; digits with the same pixels stay together.
 */
export function splitDigits(digits: readonly Digit[], testPart: number, name: string): Split {
  const random = randomFor(`split ${name}`);
  const groups = new Map<string, Digit[]>();
  for (const digit of digits) {
    const key = `${digit.label}:${digit.pixels.join(",")}`;
    groups.set(key, [...(groups.get(key) ?? []), digit]);
  }
  const labels = [...new Set(digits.map(({ label }) => label))].sort((a, b) => a - b);
  const split = { train: [] as Digit[], test: [] as Digit[] };
  for (const label of labels) {
    const own = [...groups.values()].filter(([first]) => first!.label === label);
    const tested = Math.round(own.length * testPart);
    for (const [i, group] of shuffle(own, random).entries())
      split[i < tested ? "test" : "train"].push(...group);
  }
  return { train: shuffle(split.train, random), test: shuffle(split.test, random) };
}

/** The same in another order, each order equally likely (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
