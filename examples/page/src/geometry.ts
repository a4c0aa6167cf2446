// Where each tap of the kernel reads: moved by hand, stretched and turned about its centre, then swirled.

import { followSwirl, type Point, type Swirl } from "../../quickstart/swirl.ts";

export type { Point } from "../../quickstart/swirl.ts";

/** Height and width in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** What the visitor chooses of the kernel's shape; angles are in degrees. */
export interface Shape {
  readonly size: 3 | 5;
  readonly stride: number;
  readonly dilation: number;
  readonly stretch: number;
  readonly rotation: number;
  /** The turn of the whole picture at its centre. */
  readonly swirl: number;
  /** How far each tap was dragged, in pixels of the photo; one for each, row by row. */
  readonly moved: readonly Point[];
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** No tap dragged. */
export const unmoved = (size: number): readonly Point[] =>
  Array.from({ length: size * size }, () => ({ y: 0, x: 0 }));

/** The kernel of an ordinary convolution, with the same size, stride and dilation. */
export const regularShape = ({ size, stride, dilation }: Shape): Shape => {
  const still = { stretch: 1, rotation: 0, swirl: 0, moved: unmoved(size) };
  return { size, stride, dilation, ...still };
};

/** Zeros around the photo such that a kernel of stride 1 keeps its extent. */
export const paddingOf = ({ size, dilation }: Shape): number => (dilation * (size - 1)) / 2;

/** The extent of the result. */
export const resultExtent = ({ height, width }: Extent, { stride }: Shape): Extent => ({
  height: Math.floor((height - 1) / stride) + 1,
  width: Math.floor((width - 1) / stride) + 1,
});

/** Where the ordinary kernel's taps lie, relative to its centre. */
export function regularTaps({ size, dilation }: Shape): readonly Point[] {
  const half = (size - 1) / 2;
  return Array.from({ length: size * size }, (_, tap) => ({
    y: (Math.floor(tap / size) - half) * dilation,
    x: ((tap % size) - half) * dilation,
  }));
}

/** Where the taps lie once they are moved, stretched and turned, before the swirl. */
export function deformedTaps(shape: Shape): readonly Point[] {
  const [sin, cos] = [Math.sin(radians(shape.rotation)), Math.cos(radians(shape.rotation))];
  return regularTaps(shape).map(({ y, x }, tap) => ({
    y: shape.stretch * (cos * y + sin * x) + shape.moved[tap]!.y,
    x: shape.stretch * (cos * x - sin * y) + shape.moved[tap]!.x,
  }));
}

/** The swirl of a photo; none beyond half its shorter side. */
export function swirlOf({ height, width }: Extent, { swirl }: Shape): Swirl {
  const centre = { y: (height - 1) / 2, x: (width - 1) / 2 };
  return { centre, radius: Math.min(height, width) / 2, turn: radians(swirl) };
}

/** The place that the swirl moves to `point`: turned back by what it was turned. */
export function undoSwirl(swirl: Swirl, point: Point): Point {
  // Distances from the centre stay, so the same place turns the other way by as much.
  return followSwirl({ ...swirl, turn: -swirl.turn }, point);
}

/** How a swirled place moves with the place it comes from: d(y, x) / d(y, x), row by row. */
export type Slopes = readonly [yy: number, yx: number, xy: number, xx: number];

/** The derivative of the swirl at a place. */
export function slopesOf({ centre, radius, turn }: Swirl, point: Point): Slopes {
  const [v, u] = [point.y - centre.y, point.x - centre.x];
  const share = 1 - (v * v + u * u) / (radius * radius);
  if (turn === 0 || share <= 0) return [1, 0, 0, 1];
  const angle = turn * share * share;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const steep = (-4 * turn * share) / (radius * radius);
  // How the turned place moves with the angle, times how the angle moves with the place.
  const [alongY, alongX] = [-sin * v + cos * u, -sin * u - cos * v];
  return [
    cos + alongY * steep * v,
    sin + alongY * steep * u,
    -sin + alongX * steep * v,
    cos + alongX * steep * u,
  ];
}

/** Where the taps of the kernel at a pixel of the result read the photo. */
export function placesAt(photo: Extent, shape: Shape, pixel: Point): readonly Point[] {
  const swirl = swirlOf(photo, shape);
  const [y, x] = [pixel.y * shape.stride, pixel.x * shape.stride];
  return deformedTaps(shape).map((tap) => followSwirl(swirl, { y: y + tap.y, x: x + tap.x }));
}

/** The shape with one tap dragged so that, at a pixel of the result, it reads `place`. */
export function dragTap(
  photo: Extent,
  shape: Shape,
  pixel: Point,
  tap: number,
  place: Point,
): Shape {
  const from = undoSwirl(swirlOf(photo, shape), place);
  const now = deformedTaps(shape)[tap]!;
  const moved = shape.moved.map((point, i) => {
    if (i !== tap) return point;
    return {
      y: point.y + from.y - pixel.y * shape.stride - now.y,
      x: point.x + from.x - pixel.x * shape.stride - now.x,
    };
  });
  return { ...shape, moved };
}

/** The pixel that is chosen at first: on the flower's petals, left of and above the middle. */
export const firstPixel = ({ height, width }: Extent): Point => ({
  y: Math.floor(0.36 * height),
  x: Math.floor(0.42 * width),
});

/** The pixel in a result with more or fewer pixels. */
export const scalePixel = ({ y, x }: Point, scale: number, { height, width }: Extent): Point => ({
  y: Math.min(height - 1, Math.round(y * scale)),
  x: Math.min(width - 1, Math.round(x * scale)),
});
