// Figure 1 of the paper (Dai et al. 2017): sampling places of a 3×3 kernel, regular and deformed.

import { drawDot, drawLine } from "../pictures/draw.ts";
import { type Colour, createPicture, type Picture } from "../pictures/picture.ts";
import { freeOffsets, mappedOffsets, regularTaps } from "./grids.ts";
import type { Point } from "./swirl.ts";

const paper: Colour = [1, 1, 1];
const rule: Colour = [0.8, 0.83, 0.86];
const tint: Colour = [0.89, 0.95, 0.9];
const green: Colour = [0.13, 0.62, 0.32];
const blue: Colour = [0.1, 0.25, 0.65];
const arrow: Colour = [0.45, 0.68, 0.93];

/** Pixels of the picture for one pixel of the grid, and how many of those there are. */
const cell = 34;
const cells = 9;

/** One panel: what it shows, and how far each of the nine taps moves. */
export interface Panel {
  readonly name: string;
  readonly caption: string;
  readonly offsets: readonly Point[];
}

/** The four panels of the paper's figure. */
export const panels: readonly Panel[] = [
  { name: "regular", caption: "an ordinary grid", offsets: mappedOffsets(1, 0) },
  { name: "free", caption: "an offset for each", offsets: freeOffsets },
  { name: "scaled", caption: "offsets scale it", offsets: mappedOffsets(1.7, 0) },
  { name: "rotated", caption: "offsets turn it", offsets: mappedOffsets(1, 35) },
];

/** Draws a panel: regular places green, the deformed ones dark blue, the offsets as arrows. */
export function drawPanel({ offsets }: Panel): Picture {
  const picture = createPicture(cells * cell + 1, cells * cell + 1, paper);
  drawGrid(picture);
  const middle = (cells * cell) / 2;
  const at = ({ y, x }: Point): readonly [number, number] => [middle + x * cell, middle + y * cell];
  const moves = regularTaps.map((tap, i) => {
    const { y, x } = offsets[i]!;
    return { from: at(tap), to: at({ y: tap.y + y, x: tap.x + x }), moved: Math.hypot(y, x) > 0 };
  });
  for (const { from } of moves) drawDot(picture, ...from, { colour: green, radius: 8 });
  for (const { from, to, moved } of moves) if (moved) drawArrow(picture, from, to);
  for (const { to, moved } of moves)
    if (moved) drawDot(picture, ...to, { colour: blue, radius: 8 });
  return picture;
}

/** Squares are pixels; those below the regular places are tinted. */
function drawGrid(picture: Picture): void {
  for (const { y, x } of regularTaps) fillCell(picture, (cells - 1) / 2 + y, (cells - 1) / 2 + x);
  for (let i = 0; i <= cells; i++) {
    const [from, to] = [0, cells * cell];
    drawLine(picture, [i * cell, from], [i * cell, to], { colour: rule, width: 1 });
    drawLine(picture, [from, i * cell], [to, i * cell], { colour: rule, width: 1 });
  }
}

function fillCell({ width, height, data }: Picture, row: number, column: number): void {
  for (const [channel, value] of tint.entries())
    for (let y = row * cell; y < (row + 1) * cell; y++)
      data.fill(value, ...[0, cell].map((x) => (channel * height + y) * width + column * cell + x));
}

function drawArrow(
  picture: Picture,
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
): void {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  // The tip touches the dot's edge instead of hiding below it.
  const [tx, ty] = [x1 - 9 * ux, y1 - 9 * uy];
  const stroke = { colour: arrow, width: 3 };
  drawLine(picture, [x0 + 9 * ux, y0 + 9 * uy], [tx, ty], stroke);
  for (const side of [-1, 1]) {
    const [bx, by] = [tx - 8 * ux - side * 5 * uy, ty - 8 * uy + side * 5 * ux];
    drawLine(picture, [tx, ty], [bx, by], stroke);
  }
}
