// Drawing with smooth edges. Positions are those of the operators: (0, 0) is the centre of the
// first pixel, y down. A position that is not finite draws nothing, as it samples nothing.
import type { Colour, Picture } from "./picture.ts";

/** How a mark looks. */
export interface Stroke {
  readonly colour: Colour;
  /** From 0 (invisible) to 1. */
  readonly opacity?: number;
}

/** Draws a filled circle onto the picture. */
export function drawDot(
  picture: Picture,
  x: number,
  y: number,
  stroke: Stroke & { readonly radius: number },
): void {
  drawLine(picture, [x, y], [x, y], { ...stroke, width: 2 * stroke.radius });
}

/** Draws the outline of a circle onto the picture. */
export function drawCircle(
  picture: Picture,
  x: number,
  y: number,
  stroke: Stroke & { readonly radius: number; readonly width: number },
): void {
  const reach = stroke.radius + stroke.width / 2;
  fill(picture, [x - reach, y - reach, x + reach, y + reach], stroke, (px, py) => {
    return stroke.width / 2 - Math.abs(Math.hypot(px - x, py - y) - stroke.radius);
  });
}

/** Draws a straight line with round ends onto the picture. */
export function drawLine(
  picture: Picture,
  from: readonly [number, number],
  to: readonly [number, number],
  stroke: Stroke & { readonly width: number },
): void {
  const [x, y] = from;
  const [dx, dy] = [to[0] - x, to[1] - y];
  const square = dx * dx + dy * dy;
  const reach = stroke.width / 2;
  const box = [
    Math.min(x, to[0]) - reach,
    Math.min(y, to[1]) - reach,
    Math.max(x, to[0]) + reach,
    Math.max(y, to[1]) + reach,
  ] as const;
  fill(picture, box, stroke, (px, py) => {
    // The nearest point of the line; a dot is a line of no length.
    const along = square === 0 ? 0 : ((px - x) * dx + (py - y) * dy) / square;
    const t = Math.min(1, Math.max(0, along));
    return reach - Math.hypot(px - x - t * dx, py - y - t * dy);
  });
}

/** Draws the outline of a rectangle onto the picture. */
export function drawRectangle(
  picture: Picture,
  [left, top, right, bottom]: readonly [number, number, number, number],
  stroke: Stroke & { readonly width: number },
): void {
  const reach = stroke.width / 2;
  const box = [left - reach, top - reach, right + reach, bottom + reach] as const;
  fill(picture, box, stroke, (px, py) => {
    const outside = Math.hypot(
      Math.max(left - px, 0, px - right),
      Math.max(top - py, 0, py - bottom),
    );
    const inside = Math.max(0, Math.min(px - left, right - px, py - top, bottom - py));
    return reach - outside - inside;
  });
}

/**
 * Blends the colour into every pixel of the box by how far inside the shape it lies: half a pixel
 * inside is fully covered, half a pixel outside not at all.
 */
function fill(
  { width, height, data }: Picture,
  [left, top, right, bottom]: readonly [number, number, number, number],
  { colour, opacity = 1 }: Stroke,
  depth: (x: number, y: number) => number,
): void {
  if (![left, top, right, bottom].every(Number.isFinite)) return;
  const lastX = Math.min(width - 1, Math.ceil(right));
  const lastY = Math.min(height - 1, Math.ceil(bottom));
  for (let y = Math.max(0, Math.floor(top)); y <= lastY; y++) {
    for (let x = Math.max(0, Math.floor(left)); x <= lastX; x++) {
      const share = opacity * Math.min(1, Math.max(0, depth(x, y) + 0.5));
      // NaN (positions so far out that their squares overflow) is not greater than 0 either.
      if (!(share > 0)) continue;
      for (let channel = 0; channel < 3; channel++) {
        const at = (channel * height + y) * width + x;
        data[at] = data[at]! * (1 - share) + colour[channel]! * share;
      }
    }
  }
}
