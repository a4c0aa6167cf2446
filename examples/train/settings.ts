// Everything that is chosen about the comparison, for the full run and the quick one.

import type { SceneSettings } from "./scenes.ts";

/** The two comparisons: digits classified image by image, and digits in given boxes. */
export type Task = "digits" | "boxes";

/** One network of a comparison; the variants of a task differ in nothing else. */
export interface Variant {
  readonly task: Task;
  readonly name: string;
  /** How many of the last 3×3 convolutions are deformable (digits), or whether the pooling is (boxes). */
  readonly deformable: number;
  /** Whether taps are modulated too (v2). */
  readonly modulated: boolean;
}

/** How one task's networks are trained and tested. */
export interface Training {
  readonly scenes: SceneSettings;
  /** What part of the digits is for testing. */
  readonly testPart: number;
  /** Digits to train on, of those that are not for testing. */
  readonly digits: number;
  /** In how many images each test digit is shown. */
  readonly views: number;
  readonly epochs: number;
  /** Images of a training step. */
  readonly batch: number;
  /** Adam's at its highest; it rises in the first tenth and falls to 0 along half a cosine. */
  readonly learningRate: number;
}

/** All of a run of the demonstration. */
export interface Settings {
  readonly digits: Training;
  readonly boxes: Training;
}

/** The 3×3 convolutions that may be deformable. */
export const stacked = 3;

const digits = (deformable: number, modulated: boolean): Variant => ({
  task: "digits",
  name:
    deformable === 0
      ? "plain"
      : `${modulated ? "modulated (v2)" : "deformable (v1)"} × ${deformable}`,
  deformable,
  modulated,
});

/** All variants; the first of each task is what the others are compared with. */
export const variants: readonly Variant[] = [
  ...[0, 1, 2, stacked].map((deformable) => digits(deformable, false)),
  digits(stacked, true),
  { task: "boxes", name: "RoI pooling", deformable: 0, modulated: false },
  { task: "boxes", name: "deformable RoI pooling", deformable: 1, modulated: false },
];

/**
 * About how long a training step of a variant takes, beside one of the plain network: only for saying how
 * long there is to go.
 */
export function estimateCost({ task, deformable, modulated }: Variant): number {
  if (task === "boxes") return 1.4;
  return 1 + deformable * (modulated ? 1 : 0.6);
}

/** The settings of the full run. */
export const full: Settings = {
  digits: {
    scenes: {
      size: 20,
      digits: 1,
      range: { scale: [0.75, 1.5], angle: [-0.5, 0.5], shear: [-0.3, 0.3], shift: 2 },
    },
    testPart: 0.25,
    digits: 1344,
    views: 2,
    epochs: 3,
    batch: 8,
    learningRate: 0.01,
  },
  boxes: {
    scenes: {
      size: 40,
      digits: 3,
      range: { scale: [0.9, 1.8], angle: [-0.8, 0.8], shear: [-0.3, 0.3], shift: 20 },
    },
    testPart: 0.25,
    digits: 1344,
    views: 2,
    epochs: 4,
    batch: 8,
    learningRate: 0.005,
  },
};

/** Enough to see that everything works, and nothing else. */
export const quick: Settings = {
  digits: { ...full.digits, digits: 32, testPart: 0.05, views: 1, epochs: 2 },
  boxes: { ...full.boxes, digits: 24, testPart: 0.05, views: 1, epochs: 2 },
};
