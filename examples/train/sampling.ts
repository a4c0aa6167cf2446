// Where a trained network samples: the 729 positions of chosen units, and how wide its taps lie on
// background, small and large digits.

import * as tf from "@tensorflow/tfjs";
import { digitSize } from "./digits.ts";
import type { Network } from "./network.ts";
import { composePositions, effectiveDilation, type PositionMap, plainMap } from "./positions.ts";
import type { Scene } from "./scenes.ts";
import { stacked } from "./settings.ts";
import { summarize } from "./statistics.ts";
import { toBatch } from "./training.ts";
import { type Point, poseBackward } from "./warp.ts";

/** What lies at the middle of a unit; sizes are thirds of the digits shown, by scale. */
export type Ground = "small" | "medium" | "large" | "background";

/** How wide the taps of one layer lie for the units on one ground. */
export interface DilationRecord {
  /** 1 for the first deformable layer. */
  readonly layer: number;
  readonly ground: Ground;
  readonly mean: number;
  readonly deviation: number;
  readonly units: number;
}

/** A unit with all the places of the image that it sees. */
export interface UnitRecord {
  readonly ground: Ground;
  readonly size: number;
  /** The image, row by row, from 0 to 1. */
  readonly pixels: readonly number[];
  /** In pixels of the image, y before x, as the positions. */
  readonly unit: readonly [number, number];
  readonly positions: readonly (readonly [number, number])[];
  readonly plain: readonly (readonly [number, number])[];
}

/** What a network's sampling positions show. */
export interface SamplingRecord {
  readonly dilation: readonly DilationRecord[];
  readonly units: readonly UnitRecord[];
}

/** Pixels of the image from one position of the deformable layers' maps to the next. */
const step = 2;

/** Whether a place in the image lies on its digit, as it was drawn. */
export function isOnDigit({ placed }: Scene, at: Point): boolean {
  return placed.some(({ pose }) => {
    const { y, x } = poseBackward(pose, at);
    return Math.min(y, x) >= -0.5 && Math.max(y, x) <= digitSize - 0.5;
  });
}

/** The third of all scales that each image's first digit belongs to. */
export function gradeSizes(scenes: readonly Scene[]): readonly Exclude<Ground, "background">[] {
  const scales = scenes.map(({ placed }) => placed[0]!.pose.scale);
  const sorted = [...scales].sort((a, b) => a - b);
  const [low, high] = [1 / 3, 2 / 3].map((part) => sorted[Math.floor(sorted.length * part)]!);
  return scales.map((scale) => (scale < low! ? "small" : scale < high! ? "medium" : "large"));
}

/** Looks at a network all of whose stacked convolutions are deformable. */
export function recordSampling(network: Network, scenes: readonly Scene[]): SamplingRecord {
  const maps = mapsOf(network, scenes);
  if (maps.some((all) => all.length !== stacked))
    throw new Error(`Positions are composed of ${stacked} deformable layers.`);
  return { dilation: recordDilation(maps, scenes), units: recordUnits(maps, scenes) };
}

/** The maps of each image, from the first deformable layer to the last. */
function mapsOf(network: Network, scenes: readonly Scene[]): readonly (readonly PositionMap[])[] {
  return scenes.map((scene) =>
    tf.tidy(() =>
      network.deformed(toBatch([scene]).images).map(([layer, input]) => {
        const positions = layer.samplingPositions(input);
        const [, rows, columns] = positions.shape as [number, number, number];
        return { rows, columns, data: positions.dataSync() };
      }),
    ),
  );
}

function recordDilation(
  maps: readonly (readonly PositionMap[])[],
  scenes: readonly Scene[],
): readonly DilationRecord[] {
  const sizes = gradeSizes(scenes);
  const grounds: readonly Ground[] = ["small", "medium", "large", "background"];
  return Array.from({ length: stacked }, (_, i) => {
    const values: Record<Ground, number[]> = { small: [], medium: [], large: [], background: [] };
    for (const [n, scene] of scenes.entries()) {
      const map = maps[n]![i]!;
      for (let row = 0; row < map.rows; row++)
        for (let column = 0; column < map.columns; column++) {
          const on = isOnDigit(scene, { y: row * step, x: column * step });
          values[on ? sizes[n]! : "background"].push(effectiveDilation(map, row, column));
        }
    }
    return grounds.map((ground) => {
      const { mean, deviation, n } = summarize(values[ground]);
      return { layer: i + 1, ground, mean, deviation, units: n };
    });
  }).flat();
}

/**
 * Units chosen by a rule, not by their looks: the middle of the smallest digit and of the largest one, and
 * in the image of the smallest the place farthest from it.
 */
function recordUnits(
  maps: readonly (readonly PositionMap[])[],
  scenes: readonly Scene[],
): readonly UnitRecord[] {
  const scaleOf = (n: number): number => scenes[n]!.placed[0]!.pose.scale;
  const order = scenes.map((_, n) => n).sort((a, b) => scaleOf(a) - scaleOf(b));
  const [smallest, largest] = [order[0]!, order.at(-1)!];
  const places = placesOf(maps[smallest]![0]!);
  const distance = (n: number, { y, x }: Point): number => {
    const { centre } = scenes[n]!.placed[0]!.pose;
    return Math.hypot(y * step - centre.y, x * step - centre.x);
  };
  const nearest = (n: number): Point => least(places, (at) => distance(n, at));
  const chosen: readonly (readonly [Ground, number, Point])[] = [
    ["background", smallest, least(places, (at) => -distance(smallest, at))],
    ["small", smallest, nearest(smallest)],
    ["large", largest, nearest(largest)],
  ];
  return chosen.map(([ground, n, unit]) => {
    const own = maps[n]!;
    const plain = own.map(({ rows, columns }) => plainMap(rows, columns));
    const { size, data } = scenes[n]!.image;
    return {
      ground,
      size,
      pixels: [...data].map((value) => roundTo(value, 3)),
      unit: inImage(unit),
      positions: composePositions(own, unit).map(inImage),
      plain: composePositions(plain, unit).map(inImage),
    };
  });
}

const placesOf = ({ rows, columns }: PositionMap): readonly Point[] =>
  Array.from({ length: rows * columns }, (_, i) => ({
    y: Math.floor(i / columns),
    x: i % columns,
  }));

const inImage = ({ y, x }: Point): readonly [number, number] => [
  roundTo(y * step, 2),
  roundTo(x * step, 2),
];

const roundTo = (value: number, digits: number): number => Number(value.toFixed(digits));

const least = <T>(items: readonly T[], of: (item: T) => number): T =>
  items.reduce((best, item) => (of(item) < of(best) ? item : best));
