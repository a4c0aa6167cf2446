import type { Picture } from "./picture.ts";

/** The part that input position `first + k` has in one output position: `weights[k]`, sum 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** A picture of another size: area means where it shrinks, bilinear where it grows. */
export function resizePicture(picture: Picture, width: number, height: number): Picture {
  for (const size of [width, height]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(
        `a picture cannot be ${width}×${height}; sizes are whole and at least 1`,
      );
    }
  }
  const across = { ...picture, width, data: new Float32Array(3 * width * picture.height) };
  const columns = findTaps(picture.width, width);
  // Rows first, then columns: both steps are sums along one axis.
  for (let row = 0; row < 3 * picture.height; row++) {
    for (let x = 0; x < width; x++) {
      across.data[row * width + x] = blend(picture.data, row * picture.width, 1, columns[x]!);
    }
  }
  const result = { width, height, data: new Float32Array(3 * width * height) };
  const rows = findTaps(picture.height, height);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const start = channel * picture.height * width + x;
        result.data[(channel * height + y) * width + x] = blend(
          across.data,
          start,
          width,
          rows[y]!,
        );
      }
    }
  }
  return result;
}

/** A picture scaled to a width, keeping its proportions. */
export function scaleToWidth(picture: Picture, width: number): Picture {
  const height = Math.max(1, Math.round((picture.height * width) / picture.width));
  return resizePicture(picture, width, height);
}

function blend(data: Float32Array, start: number, step: number, { first, weights }: Taps): number {
  let sum = 0;
  for (const [k, weight] of weights.entries()) sum += weight * data[start + (first + k) * step]!;
  return sum;
}

function findTaps(from: number, to: number): readonly Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    return scale > 1 ? coverArea(i * scale, (i + 1) * scale, from) : interpolate(i, scale, from);
  });
}

function coverArea(start: number, end: number, from: number): Taps {
  const first = Math.floor(start);
  const last = Math.min(from, Math.ceil(end));
  const weights: number[] = [];
  for (let k = first; k < last; k++) {
    weights.push((Math.min(end, k + 1) - Math.max(start, k)) / (end - start));
  }
  return { first, weights };
}

function interpolate(i: number, scale: number, from: number): Taps {
  // Pixels are squares: centres lie at a half, and the border pixel goes on outwards.
  const at = Math.min(from - 1, Math.max(0, (i + 0.5) * scale - 0.5));
  const first = Math.floor(at);
  const part = at - first;
  return { first, weights: part === 0 ? [1] : [1 - part, part] };
}
