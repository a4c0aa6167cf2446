// The tensor `offset` of the operator: how far each tap moves at each pixel of the result.

import { followSwirl } from "../../quickstart/swirl.ts";
import {
  deformedTaps,
  type Extent,
  regularTaps,
  resultExtent,
  type Shape,
  swirlOf,
} from "./geometry.ts";

/** Offsets [2·taps, OH, OW], y before x, and for each tap a number that changes with its planes. */
export interface Offsets {
  readonly data: Float32Array<ArrayBuffer>;
  readonly versions: readonly number[];
}

/** Keeps the offsets of a photo, and writes only the planes of taps that moved. */
export interface Field {
  update(photo: Extent, shape: Shape): Offsets;
}

/** An empty field. */
export function createField(): Field {
  let data = new Float32Array(0);
  let keys: readonly string[] = [];
  let versions: number[] = [];
  let last = 0;
  return {
    update(photo, shape) {
      const plane = planeOf(photo, shape);
      const [regular, taps] = [regularTaps(shape), deformedTaps(shape)];
      const elements = 2 * taps.length * plane;
      if (data.length !== elements) {
        data = new Float32Array(elements);
        keys = [];
        versions = taps.map(() => 0);
      }
      const whole = [photo.height, photo.width, shape.stride, shape.swirl];
      const wanted = taps.map(({ y, x }, tap) =>
        [...whole, y, x, regular[tap]!.y, regular[tap]!.x].join(),
      );
      for (const [tap, key] of wanted.entries()) {
        if (keys[tap] === key) continue;
        writePlanes(data, photo, shape, tap);
        last++;
        versions[tap] = last;
      }
      keys = wanted;
      return { data, versions: [...versions] };
    },
  };
}

const planeOf = (photo: Extent, shape: Shape): number => {
  const { height, width } = resultExtent(photo, shape);
  return height * width;
};

/** One tap at all pixels. */
function writePlanes(data: Float32Array, photo: Extent, shape: Shape, tap: number): void {
  const { height, width } = resultExtent(photo, shape);
  const plane = height * width;
  const first = 2 * tap * plane;
  const [from, to] = [regularTaps(shape)[tap]!, deformedTaps(shape)[tap]!];
  if (shape.swirl === 0) {
    data.fill(to.y - from.y, first, first + plane);
    data.fill(to.x - from.x, first + plane, first + 2 * plane);
    return;
  }
  const swirl = swirlOf(photo, shape);
  for (let y = 0, at = first; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [cy, cx] = [y * shape.stride, x * shape.stride];
      const place = followSwirl(swirl, { y: cy + to.y, x: cx + to.x });
      data[at] = place.y - (cy + from.y);
      data[at + plane] = place.x - (cx + from.x);
    }
  }
}
