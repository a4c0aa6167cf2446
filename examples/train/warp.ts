// Digits rotated, scaled, sheared and placed in larger images, by bilinear sampling.

import { type Digit, digitSize } from "./digits.ts";

/** A place in pixels, measured from the centre of the pixel at the top left. */
export interface Point {
  readonly y: number;
  readonly x: number;
}

/** What is done to a digit: first sheared along its rows, then turned, scaled, moved. */
export interface Pose {
  /** Where the digit's middle goes. */
  readonly centre: Point;
  /** Pixels of the image for a pixel of the digit. */
  readonly scale: number;
  /** Clockwise, in radians. */
  readonly angle: number;
  /** How far a row goes to the right for each row further down. */
  readonly shear: number;
}

/** What poses are drawn from, each evenly between the two. */
export interface PoseRange {
  readonly scale: readonly [number, number];
  readonly angle: readonly [number, number];
  readonly shear: readonly [number, number];
  /** Pixels that the middle may lie from the image's, up or down, and left or right. */
  readonly shift: number;
}

/** A grey image: values from 0 to 1, row by row. */
export interface Image {
  readonly size: number;
  readonly data: Float32Array;
}

/** A box around something: inclusive coordinates in pixels, y down. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The linear part of a pose, from the digit's (x, y) to the image's. */
interface Matrix {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
}

const middle = (digitSize - 1) / 2;

/** An empty image. */
export const createImage = (size: number): Image => ({ size, data: new Float32Array(size * size) });

function matrixOf({ scale, angle, shear }: Pose): Matrix {
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  return { xx: cos, xy: cos * shear - sin, yx: sin, yy: sin * shear + cos };
}

/** Where a place in a digit (its pixels) is in the image. */
export function poseForward(pose: Pose, { y, x }: Point): Point {
  const m = matrixOf(pose);
  const [dx, dy] = [x - middle, y - middle];
  return {
    x: pose.centre.x + m.xx * dx + m.xy * dy,
    y: pose.centre.y + m.yx * dx + m.yy * dy,
  };
}

/** Where a place in the image is in the digit (its pixels). */
export function poseBackward(pose: Pose, { y, x }: Point): Point {
  const m = matrixOf(pose);
  const determinant = m.xx * m.yy - m.xy * m.yx;
  const [dx, dy] = [x - pose.centre.x, y - pose.centre.y];
  return {
    x: middle + (m.yy * dx - m.xy * dy) / determinant,
    y: middle + (m.xx * dy - m.yx * dx) / determinant,
  };
}

/** A digit's value between its pixels: bilinear, 0 beyond its border. */
export function sampleDigit(digit: Digit, { y, x }: Point): number {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [fy, fx] = [y - top, x - left];
  const above = (1 - fx) * pixelAt(digit, top, left) + fx * pixelAt(digit, top, left + 1);
  const below = (1 - fx) * pixelAt(digit, top + 1, left) + fx * pixelAt(digit, top + 1, left + 1);
  return (1 - fy) * above + fy * below;
}

function pixelAt({ pixels }: Digit, row: number, column: number): number {
  const inside = row >= 0 && row < digitSize && column >= 0 && column < digitSize;
  return inside ? pixels[row * digitSize + column]! : 0;
}

/** The smallest box around the digit's pixels in the image, their outer edges included. */
export function boxOf(pose: Pose): Box {
  const ends = [-0.5, digitSize - 0.5];
  const corners = ends.flatMap((y) => ends.map((x) => poseForward(pose, { y, x })));
  return {
    left: Math.min(...corners.map(({ x }) => x)),
    top: Math.min(...corners.map(({ y }) => y)),
    right: Math.max(...corners.map(({ x }) => x)),
    bottom: Math.max(...corners.map(({ y }) => y)),
  };
}

/** Draws a digit into an image; where it lies over another, the brighter pixel shows. */
export function drawDigit({ size, data }: Image, digit: Digit, pose: Pose): void {
  const box = boxOf(pose);
  const top = Math.max(0, Math.floor(box.top) - 1);
  const bottom = Math.min(size - 1, Math.ceil(box.bottom) + 1);
  const left = Math.max(0, Math.floor(box.left) - 1);
  const right = Math.min(size - 1, Math.ceil(box.right) + 1);
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const value = sampleDigit(digit, poseBackward(pose, { y, x }));
      data[y * size + x] = Math.max(data[y * size + x]!, value);
    }
}

/** A random pose whose box lies inside an image of this size, with a middle not too far from its own. */
export function drawPose(size: number, range: PoseRange, random: () => number): Pose {
  const between = (from: number, to: number) => from + (to - from) * random();
  const [scale, angle, shear] = [
    between(...range.scale),
    between(...range.angle),
    between(...range.shear),
  ];
  const box = boxOf({ scale, angle, shear, centre: { y: 0, x: 0 } });
  if (box.right - box.left > size || box.bottom - box.top > size)
    throw new Error(`A digit ${scale} times as large does not fit in ${size} pixels.`);
  const middle = (size - 1) / 2;
  const place = (before: number, after: number): number =>
    between(
      Math.max(middle - range.shift, -0.5 - before),
      Math.min(middle + range.shift, size - 0.5 - after),
    );
  return {
    scale,
    angle,
    shear,
    centre: { x: place(box.left, box.right), y: place(box.top, box.bottom) },
  };
}
