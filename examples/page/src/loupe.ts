// The kernel at the chosen pixel, magnified: taps that can be dragged, offsets and gradients as arrows.

import { byId, createSvg, keyMove, pointIn, setAttributes } from "./dom.ts";
import { type Point, placesAt, regularTaps, type Shape } from "./geometry.ts";
import type { Photo } from "./photo.ts";

/** A square of the photo: its middle, and its pixels from side to side. */
export interface View {
  readonly centre: Point;
  readonly span: number;
}

/** What the loupe shows. */
export interface LoupeModel {
  readonly photo: Photo;
  readonly shape: Shape;
  /** The chosen pixel of the result. */
  readonly pixel: Point;
  readonly view: View;
  /** How each tap moves as the loss falls, the longest of length 1. */
  readonly arrows?: readonly Point[] | undefined;
}

/** What the visitor does with the taps. */
export interface LoupeEvents {
  drag(tap: number, place: Point): void;
  /** The drag or the keys are let go. */
  drop(): void;
  /** Back to where the sliders put it. */
  restore(tap: number): void;
}

/** Draws the loupe. */
export interface Loupe {
  draw(model: LoupeModel): void;
}

/** The part of the photo that shows the deformed taps, and the regular ones unless they are far away. */
export function viewOf({ photo, shape, pixel }: Omit<LoupeModel, "view" | "arrows">): View {
  const places = placesAt(photo, shape, pixel);
  const regular = regularTaps(shape).map(({ y, x }) => ({
    y: pixel.y * shape.stride + y,
    x: pixel.x * shape.stride + x,
  }));
  const near = boxOf(places);
  const both = boxOf([...places, ...regular]);
  const { span, ...centre } = both.span <= 4 * near.span ? both : near;
  return { centre, span: Math.max(9, 1.35 * span) };
}

/** The middle of some points, and how far they reach from side to side. */
function boxOf(points: readonly Point[]): Point & { readonly span: number } {
  const ends = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [top, bottom] = ends(points.map(({ y }) => y));
  const [left, right] = ends(points.map(({ x }) => x));
  return {
    y: (top + bottom) / 2,
    x: (left + right) / 2,
    span: Math.max(bottom - top, right - left),
  };
}

/** The loupe of the page. */
export function createLoupe(events: LoupeEvents): Loupe {
  const canvas = byId<HTMLCanvasElement>("loupe");
  const svg = byId<SVGSVGElement>("loupe-marks");
  const marks = createSvg("g");
  const handles: SVGElement[] = [];
  let model: LoupeModel | undefined;
  svg.append(marks);

  function addHandle(tap: number): SVGElement {
    const handle = createSvg(
      "g",
      { class: "handle", tabindex: 0, role: "slider", "aria-valuemin": -1e4, "aria-valuemax": 1e4 },
      [
        createSvg("circle", { r: 0.07, fill: "transparent" }),
        createSvg("circle", { r: 0.043, class: "focus", "stroke-width": 0.012 }),
        createSvg("circle", { r: 0.026, fill: "#2a62d6", stroke: "#fff", "stroke-width": 0.007 }),
      ],
    );
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      handle.focus();
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!model || !handle.hasPointerCapture(event.pointerId)) return;
      const { y, x } = pointIn(svg, event);
      const { centre, span } = model.view;
      const within = (v: number) => Math.min(0.48, Math.max(-0.48, v)) * span;
      events.drag(tap, { y: centre.y + within(y), x: centre.x + within(x) });
    });
    for (const end of ["pointerup", "pointercancel", "blur"])
      handle.addEventListener(end, () => events.drop());
    handle.addEventListener("dblclick", () => events.restore(tap));
    handle.addEventListener("keydown", (event) => {
      if (!model) return;
      if (event.key === "Home" || event.key === "Delete") {
        event.preventDefault();
        events.restore(tap);
      }
      const move = keyMove(event, 0.25, 2);
      if (!move) return;
      event.preventDefault();
      const place = placesAt(model.photo, model.shape, model.pixel)[tap]!;
      events.drag(tap, { y: place.y + move.y, x: place.x + move.x });
    });
    return handle;
  }

  function placeHandles(now: LoupeModel, places: readonly Point[]): void {
    while (handles.length > places.length) handles.pop()!.remove();
    for (let tap = handles.length; tap < places.length; tap++) {
      handles.push(addHandle(tap));
      svg.append(handles[tap]!);
    }
    const { centre, span } = now.view;
    const { size } = now.shape;
    for (const [tap, { y, x }] of places.entries()) {
      const row = Math.floor(tap / size) + 1;
      const column = (tap % size) + 1;
      setAttributes(handles[tap]!, {
        transform: `translate(${(x - centre.x) / span} ${(y - centre.y) / span}) scale(${3 / size})`,
        "aria-label": `Tap in row ${row}, column ${column}; arrow keys move it, Home puts it back`,
        "aria-valuenow": x.toFixed(2),
        "aria-valuetext": `reads at row ${y.toFixed(2)}, column ${x.toFixed(2)} of the photo`,
      });
    }
  }

  return {
    draw(now) {
      model = now;
      setAttributes(svg, { viewBox: "-0.5 -0.5 1 1" });
      const places = placesAt(now.photo, now.shape, now.pixel);
      paintPixels(canvas, now);
      marks.replaceChildren(...drawMarks(now, places));
      placeHandles(now, places);
    },
  };
}

/** The pixels themselves; outside the photo is 0, as the kernel reads it. */
function paintPixels(canvas: HTMLCanvasElement, model: LoupeModel): void {
  const context = canvas.getContext("2d")!;
  const { photo } = model;
  const { centre, span } = model.view;
  const scale = canvas.width / span;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  // A pixel's place is its centre.
  const [left, top] = [span / 2 - centre.x - 0.5, span / 2 - centre.y - 0.5];
  context.drawImage(photo.canvas, left, top);
  // Dimmed, so that marks stand out from light petals.
  context.fillStyle = "rgb(0 0 0 / 0.3)";
  context.fillRect(0, 0, span, span);
}

/** The regular taps, lines to the deformed ones, and the arrows of the gradient. */
function drawMarks(model: LoupeModel, places: readonly Point[]): SVGElement[] {
  const { shape, pixel, arrows } = model;
  const { centre, span } = model.view;
  const small = 3 / shape.size;
  const seen = ({ y, x }: Point): Point => ({ y: (y - centre.y) / span, x: (x - centre.x) / span });
  const regular = regularTaps(shape).map(({ y, x }) =>
    seen({ y: pixel.y * shape.stride + y, x: pixel.x * shape.stride + x }),
  );
  const taps = places.map(seen);
  const rings = regular.map(({ y, x }) =>
    createSvg("circle", {
      ...{ cy: y, cx: x, r: 0.02 * small, fill: "none" },
      ...{ stroke: "#2fbf63", "stroke-width": 0.008 * small },
    }),
  );
  const offsets = regular.flatMap((from, tap) =>
    drawArrow(from, taps[tap]!, "#9cc9ff", 0.007 * small),
  );
  const gradients = (arrows ?? []).flatMap(({ y, x }, tap) => {
    const length = Math.hypot(y, x);
    // From the edge of the tap, so that short ones are seen.
    const along = (far: number) => ({
      y: taps[tap]!.y + (far * y) / length,
      x: taps[tap]!.x + (far * x) / length,
    });
    if (length === 0) return [];
    return drawArrow(
      along(0.03 * small),
      along(small * (0.03 + 0.14 * length)),
      "#ff9d2e",
      0.011 * small,
    );
  });
  return [...rings, ...offsets, ...gradients];
}

function drawArrow(from: Point, to: Point, colour: string, width: number): SVGElement[] {
  const length = Math.hypot(to.y - from.y, to.x - from.x);
  if (length < 0.01) return [];
  const [uy, ux] = [(to.y - from.y) / length, (to.x - from.x) / length];
  const head = Math.min(3.2 * width, length / 2);
  const base = { y: to.y - head * uy, x: to.x - head * ux };
  const wing = (side: number) =>
    `${base.x - side * 0.6 * head * uy},${base.y + side * 0.6 * head * ux}`;
  const end = { x1: from.x, y1: from.y, x2: base.x, y2: base.y };
  return [
    createSvg("line", { ...end, stroke: colour, "stroke-width": width }),
    createSvg("polygon", { points: `${to.x},${to.y} ${wing(1)} ${wing(-1)}`, fill: colour }),
  ];
}
