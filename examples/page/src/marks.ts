// The chosen pixel and its taps, drawn over the photo; the pixel can be moved.

import { byId, createSvg, keyMove, pointIn, setAttributes } from "./dom.ts";
import { type Extent, type Point, placesAt, resultExtent, type Shape } from "./geometry.ts";

/** What is drawn. */
export interface MarksModel {
  readonly photo: Extent;
  readonly shape: Shape;
  readonly pixel: Point;
}

/** Draws over the photo and the result. */
export interface Marks {
  draw(model: MarksModel): void;
}

/** The marks of the page; `choose` is told pixels of the result. */
export function createMarks(choose: (pixel: Point) => void): Marks {
  const svg = byId<SVGSVGElement>("photo-marks");
  const result = byId<SVGSVGElement>("result-marks");
  const taps = createSvg("g");
  const handle = createHandle();
  const echo = createSvg("circle", { fill: "none", stroke: "#fff", "stroke-width": 2 });
  // Both are drawn in pixels of the screen, so that marks have the same size on every photo.
  svg.append(taps, handle);
  result.append(echo);
  let model: MarksModel | undefined;

  function pick(event: MouseEvent): void {
    if (!model) return;
    const { y, x } = pointIn(svg, event);
    const { height, width } = model.photo;
    const box = svg.getBoundingClientRect();
    moveTo({ y: (y / box.height) * height - 0.5, x: (x / box.width) * width - 0.5 });
  }
  /** The pixel of the result whose kernel is nearest to a place of the photo. */
  function moveTo({ y, x }: Point): void {
    if (!model) return;
    const { stride } = model.shape;
    const { height, width } = resultExtent(model.photo, model.shape);
    const within = (v: number, end: number) => Math.min(end - 1, Math.max(0, Math.round(v)));
    choose({ y: within(y / stride, height), x: within(x / stride, width) });
  }
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    pick(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (svg.hasPointerCapture(event.pointerId)) pick(event);
  });
  handle.addEventListener("keydown", (event) => {
    const move = keyMove(event, 1, 10);
    if (!move || !model) return;
    event.preventDefault();
    const { stride } = model.shape;
    moveTo({
      y: (model.pixel.y + move.y) * stride,
      x: (model.pixel.x + move.x) * stride,
    });
  });
  const redraw = () => model && draw(model);
  new ResizeObserver(redraw).observe(svg);

  function draw(now: MarksModel): void {
    model = now;
    const { photo, shape, pixel } = now;
    const { width, height } = svg.getBoundingClientRect();
    if (width === 0) return;
    for (const drawing of [svg, result])
      setAttributes(drawing, { viewBox: `0 0 ${width} ${height}` });
    const seen = ({ y, x }: Point): Point => ({
      y: ((y + 0.5) / photo.height) * height,
      x: ((x + 0.5) / photo.width) * width,
    });
    taps.replaceChildren(
      ...placesAt(photo, shape, pixel).map((place) => {
        const { y, x } = seen(place);
        return createSvg("circle", {
          ...{ cy: y, cx: x, r: 2.5, fill: "#2a62d6" },
          ...{ stroke: "#fff", "stroke-width": 1 },
        });
      }),
    );
    const at = seen({ y: pixel.y * shape.stride, x: pixel.x * shape.stride });
    setAttributes(handle, {
      transform: `translate(${at.x} ${at.y})`,
      "aria-valuenow": pixel.x,
      "aria-valuetext": `row ${pixel.y}, column ${pixel.x} of the result`,
    });
    setAttributes(echo, { cy: at.y, cx: at.x, r: 6 });
  }
  return { draw };
}

function createHandle(): SVGElement {
  const reticle = "M-16 0H-8M8 0H16M0-16V-8M0 8V16";
  return createSvg(
    "g",
    {
      ...{ class: "handle", tabindex: 0, role: "slider" },
      ...{ "aria-label": "The chosen pixel; arrow keys move it" },
      ...{ "aria-valuemin": 0, "aria-valuemax": 1e5 },
    },
    [
      createSvg("circle", { r: 22, fill: "transparent" }),
      createSvg("circle", { r: 20, class: "focus", "stroke-width": 2 }),
      createSvg("path", { d: reticle, stroke: "#000", "stroke-width": 4, opacity: 0.5 }),
      createSvg("path", { d: reticle, stroke: "#fff", "stroke-width": 2 }),
    ],
  );
}
