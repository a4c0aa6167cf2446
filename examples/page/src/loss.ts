// A loss to learn the offsets by: half the mean squared difference from a target.

import {
  deformedTaps,
  type Extent,
  type Point,
  resultExtent,
  type Shape,
  slopesOf,
  swirlOf,
} from "./geometry.ts";

/** The loss, and its gradient with respect to the result. */
export interface Loss {
  readonly value: number;
  readonly gradient: Float32Array<ArrayBuffer>;
}

/** The loss of a result. */
export function lossOf(result: Float32Array, target: Float32Array): Loss {
  const gradient = new Float32Array(result.length);
  let sum = 0;
  for (let i = 0; i < result.length; i++) {
    const difference = result[i]! - target[i]!;
    sum += difference * difference;
    gradient[i] = difference / result.length;
  }
  return { value: sum / 2 / result.length, gradient };
}

/** What the gradient says of each tap at one pixel of the result. */
export function gradientAt(
  gradOffset: Float32Array,
  photo: Extent,
  shape: Shape,
  pixel: Point,
): readonly Point[] {
  const { height, width } = resultExtent(photo, shape);
  const plane = height * width;
  const at = pixel.y * width + pixel.x;
  return shape.moved.map((_, tap) => ({
    y: gradOffset[2 * tap * plane + at]!,
    x: gradOffset[(2 * tap + 1) * plane + at]!,
  }));
}

/** The gradient of how far each tap was dragged, which is the same at all pixels: through the swirl, summed. */
export function sumGradients(
  gradOffset: Float32Array,
  photo: Extent,
  shape: Shape,
): readonly Point[] {
  const { height, width } = resultExtent(photo, shape);
  const plane = height * width;
  const swirl = swirlOf(photo, shape);
  const still = shape.swirl === 0;
  return deformedTaps(shape).map((tap, i) => {
    let [sumY, sumX] = [0, 0];
    for (let y = 0, at = 2 * i * plane; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const [gy, gx] = [gradOffset[at]!, gradOffset[at + plane]!];
        if (still) {
          sumY += gy;
          sumX += gx;
          continue;
        }
        const from = { y: y * shape.stride + tap.y, x: x * shape.stride + tap.x };
        const [yy, yx, xy, xx] = slopesOf(swirl, from);
        sumY += yy * gy + xy * gx;
        sumX += yx * gy + xx * gx;
      }
    }
    return { y: sumY, x: sumX };
  });
}

/** The length of the longest. */
export const longest = (points: readonly Point[]): number =>
  Math.max(...points.map(({ y, x }) => Math.hypot(y, x)));

/** Adam (Kingma and Ba 2015) on the taps: moves each by about `rate` pixels a step. */
export interface Descent {
  step(moved: readonly Point[], gradient: readonly Point[]): readonly Point[];
}

/** A descent from rest. */
export function createDescent(rate: number): Descent {
  const [keepFirst, keepSecond] = [0.9, 0.99];
  let steps = 0;
  let first: number[] = [];
  let second: number[] = [];
  return {
    step(moved, gradient) {
      steps++;
      const all = gradient.flatMap(({ y, x }) => [y, x]);
      first = all.map((g, i) => keepFirst * (first[i] ?? 0) + (1 - keepFirst) * g);
      second = all.map((g, i) => keepSecond * (second[i] ?? 0) + (1 - keepSecond) * g * g);
      const move = (i: number) => {
        const mean = first[i]! / (1 - keepFirst ** steps);
        const size = Math.sqrt(second[i]! / (1 - keepSecond ** steps));
        return size > 0 ? (rate * mean) / size : 0;
      };
      return moved.map(({ y, x }, tap) => ({ y: y - move(2 * tap), x: x - move(2 * tap + 1) }));
    },
  };
}
