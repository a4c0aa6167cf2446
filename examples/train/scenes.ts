// The images of both tasks, made from digits: the same for the same name, on every machine.

import { randomFor } from "../../generators/check/random.ts";
import type { Digit } from "./digits.ts";
import {
  type Box,
  boxOf,
  createImage,
  drawDigit,
  drawPose,
  type Image,
  type Pose,
  type PoseRange,
} from "./warp.ts";

/** What a digit in an image says, and how it was put there. */
export interface Placed {
  readonly label: number;
  readonly pose: Pose;
  readonly box: Box;
}

/** An image with the digits in it. */
export interface Scene {
  readonly image: Image;
  readonly placed: readonly Placed[];
}

/** How images are made: their size, and what is done to the digits in them. */
export interface SceneSettings {
  readonly size: number;
  /** Digits in each image. */
  readonly digits: number;
  readonly range: PoseRange;
}

/** How often a digit is placed anew before the image is begun anew. */
const tries = 50;

/**
 * Images that show every digit once, in the order given, each `digits` of them in one image; the last
 * that do not fill an image are left out.
 */
export function makeScenes(
  digits: readonly Digit[],
  settings: SceneSettings,
  name: string,
): readonly Scene[] {
  const random = randomFor(`scenes ${name}`);
  const count = Math.floor(digits.length / settings.digits);
  return Array.from({ length: count }, (_, i) =>
    makeScene(digits.slice(i * settings.digits, (i + 1) * settings.digits), settings, random),
  );
}

function makeScene(
  digits: readonly Digit[],
  { size, range }: SceneSettings,
  random: () => number,
): Scene {
  for (;;) {
    const placed: Placed[] = [];
    for (const { label } of digits) {
      const pose = placeApart(size, range, placed, random);
      if (pose !== undefined) placed.push({ label, pose, box: boxOf(pose) });
    }
    if (placed.length < digits.length) continue;
    const image = createImage(size);
    for (const [i, digit] of digits.entries()) drawDigit(image, digit, placed[i]!.pose);
    return { image, placed };
  }
}

/** A pose whose box touches no other, if one is found. */
function placeApart(
  size: number,
  range: PoseRange,
  placed: readonly Placed[],
  random: () => number,
): Pose | undefined {
  for (let i = 0; i < tries; i++) {
    const pose = drawPose(size, range, random);
    const box = boxOf(pose);
    if (placed.every((other) => !overlap(box, other.box))) return pose;
  }
  return undefined;
}

/** Whether two boxes share a place. */
export const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
