// The warp of the quickstart: a swirl, written as the offsets of a deformable convolution.

/** A place in the picture in pixels, (0, 0) the centre of the first one. */
export interface Point {
  readonly y: number;
  readonly x: number;
}

/** A rotation about a centre that fades out towards a radius. */
export interface Swirl {
  readonly centre: Point;
  readonly radius: number;
  /** Radians at the centre. */
  readonly turn: number;
}

/** Where a 3×3 kernel reads: distance between its taps in the picture it makes. */
export interface Kernel {
  readonly size: number;
  readonly spacing: number;
}

/** The swirl around the flower; it ends within the picture, so nothing is drawn in from outside. */
export function swirlFor(width: number, height: number): Swirl {
  const centre = { y: 0.52 * (height - 1), x: 0.515 * (width - 1) };
  return { centre, radius: 0.47 * height, turn: 2.4 };
}

/** The place in the source that lands on `point`. */
export function followSwirl({ centre, radius, turn }: Swirl, { y, x }: Point): Point {
  const [dy, dx] = [y - centre.y, x - centre.x];
  // Smooth at the centre and at the radius, where the picture stays as it is.
  const fade = Math.max(0, 1 - (dy * dy + dx * dx) / (radius * radius)) ** 2;
  const [sin, cos] = [Math.sin(turn * fade), Math.cos(turn * fade)];
  return { y: centre.y + cos * dy + sin * dx, x: centre.x + cos * dx - sin * dy };
}

/** Where each tap of a kernel at `point` samples, in row-major order: the taps follow the swirl too. */
export function sampleAt(swirl: Swirl, { size, spacing }: Kernel, point: Point): readonly Point[] {
  return tapsAround(size, spacing).map((tap) =>
    followSwirl(swirl, { y: point.y + tap.y, x: point.x + tap.x }),
  );
}

/** The places of a regular kernel's taps, relative to its centre. */
export function tapsAround(size: number, spacing: number): readonly Point[] {
  const half = (size - 1) / 2;
  return Array.from({ length: size * size }, (_, tap) => ({
    y: (Math.floor(tap / size) - half) * spacing,
    x: ((tap % size) - half) * spacing,
  }));
}

/**
 * The tensor `offset` [1, 2·KH·KW, height, width], y before x: how far each tap has to move from the
 * regular grid (stride and dilation 1, padded to keep the size) to sample where the swirl says.
 */
export function offsetsOf(
  swirl: Swirl,
  kernel: Kernel,
  width: number,
  height: number,
): Float32Array {
  const regular = tapsAround(kernel.size, 1);
  const plane = width * height;
  const offsets = new Float32Array(2 * regular.length * plane);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [tap, to] of sampleAt(swirl, kernel, { y, x }).entries()) {
        const at = 2 * tap * plane + y * width + x;
        offsets[at] = to.y - (y + regular[tap]!.y);
        offsets[at + plane] = to.x - (x + regular[tap]!.x);
      }
    }
  }
  return offsets;
}

/** Weights [3, 1, size, size]: each colour channel by itself, smoothed binomially, sum 1. */
export function smoothingWeights(size: number): Float32Array {
  const row = Array.from({ length: size }, (_, k) => binomial(size - 1, k) / 2 ** (size - 1));
  const plane = row.flatMap((y) => row.map((x) => y * x));
  return Float32Array.from([...plane, ...plane, ...plane]);
}

function binomial(n: number, k: number): number {
  return k === 0 ? 1 : (binomial(n, k - 1) * (n - k + 1)) / k;
}
