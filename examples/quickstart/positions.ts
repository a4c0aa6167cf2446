// Where a deformed kernel samples, drawn onto the photograph.

import { drawCircle, drawDot, drawLine } from "../pictures/draw.ts";
import { type Colour, copyPicture, type Picture } from "../pictures/picture.ts";
import { type Kernel, type Point, type Swirl, sampleAt, tapsAround } from "./swirl.ts";

const white: Colour = [1, 1, 1];
const black: Colour = [0, 0, 0];

/** The places that are drawn, in parts of the swirl's radius: angle in degrees and distance. */
const places = [
  { angle: 0, distance: 0, colour: [1, 1, 1] },
  { angle: 205, distance: 0.52, colour: [0.42, 0.86, 1] },
  { angle: 325, distance: 0.5, colour: [0.72, 1, 0.45] },
  { angle: 85, distance: 0.62, colour: [1, 0.55, 0.85] },
  { angle: 180, distance: 1.25, colour: [1, 0.85, 0.3] },
] as const satisfies readonly { angle: number; distance: number; colour: Colour }[];

/** Regular taps as rings, the places they are moved to as dots, neighbours joined. */
export function drawPositions(photo: Picture, swirl: Swirl, kernel: Kernel): Picture {
  const picture = copyPicture(photo);
  // Dimmed, so that light marks stand out from light petals.
  for (let i = 0; i < picture.data.length; i++) picture.data[i]! *= 0.7;
  for (const { angle, distance, colour } of places) {
    const turn = (angle * Math.PI) / 180;
    const point = {
      y: swirl.centre.y - Math.sin(turn) * distance * swirl.radius,
      x: swirl.centre.x + Math.cos(turn) * distance * swirl.radius,
    };
    drawKernel(picture, swirl, kernel, point, colour);
  }
  return picture;
}

function drawKernel(
  picture: Picture,
  swirl: Swirl,
  kernel: Kernel,
  point: Point,
  colour: Colour,
): void {
  const moved = sampleAt(swirl, kernel, point);
  const regular = tapsAround(kernel.size, kernel.spacing).map((tap) => ({
    y: point.y + tap.y,
    x: point.x + tap.x,
  }));
  const middle = (regular.length - 1) / 2;
  drawMesh(picture, regular, kernel.size, { colour: white, width: 1, opacity: 0.45 });
  join(picture, regular[middle]!, moved[middle]!, { colour, width: 1.5, opacity: 0.7 });
  drawMesh(picture, moved, kernel.size, { colour, width: 2, opacity: 0.75 });
  for (const { x, y } of regular)
    drawCircle(picture, x, y, { colour: white, radius: 3, width: 1.2, opacity: 0.8 });
  for (const { x, y } of moved) {
    drawDot(picture, x, y, { colour: black, radius: 5.4, opacity: 0.75 });
    drawDot(picture, x, y, { colour, radius: 4.2 });
  }
}

type Line = { readonly colour: Colour; readonly width: number; readonly opacity: number };

const join = (picture: Picture, from: Point, to: Point, line: Line): void =>
  drawLine(picture, [from.x, from.y], [to.x, to.y], line);

/** Lines between neighbouring taps along rows and columns. */
function drawMesh(picture: Picture, taps: readonly Point[], size: number, line: Line): void {
  for (const [i, tap] of taps.entries()) {
    if (i % size < size - 1) join(picture, tap, taps[i + 1]!, line);
    if (i + size < taps.length) join(picture, tap, taps[i + size]!, line);
  }
}
