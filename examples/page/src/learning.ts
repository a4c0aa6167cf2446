// The loss of the last result, what its gradient says of the taps, and descending it.

import type { Arrows } from "./controls.ts";
import { byId } from "./dom.ts";
import type { Call, Engine, Timed } from "./engine.ts";
import { createField } from "./field.ts";
import { type Point, regularShape, slopesOf, swirlOf } from "./geometry.ts";
import { createDescent, type Descent, gradientAt, longest, lossOf, sumGradients } from "./loss.ts";
import { formatSmall } from "./report.ts";

/** What is learnt from one result. */
export interface Lesson {
  /** The time of the gradient's kernel. */
  readonly milliseconds: number;
  readonly compiled?: boolean | undefined;
  /** How each tap moves as the loss falls, the longest of length 1. */
  readonly arrows: readonly Point[] | undefined;
  /** Where the taps are after one step. */
  readonly moved: readonly Point[];
}

/** The target, and the descent towards it. */
export interface Learning {
  /** Takes a result as the target, until what it was made of changes. */
  keep(call: Call, result: Float32Array<ArrayBuffer>): void;
  /** Begins a descent, or ends one. */
  toggle(): void;
  stop(): void;
  readonly descending: boolean;
  learn(
    engine: Engine,
    call: Call,
    result: Timed,
    arrows: Arrows,
    pixel: Point,
  ): Promise<Lesson | undefined>;
}

/** Pixels that a step of a descent moves a tap by. */
const rate = 0.25;

/** A descent that takes longer ends. */
const maxSteps = 400;

interface Target {
  readonly call: Call;
  readonly data: Float32Array<ArrayBuffer>;
}

/** Are two results of one photo by one filter at the same pixels? */
const fits = (a: Call, b: Call): boolean =>
  a.input === b.input &&
  a.weight === b.weight &&
  a.shape.stride === b.shape.stride &&
  a.shape.dilation === b.shape.dilation;

/** No target kept, and nothing learnt. */
export function createLearning(): Learning {
  let kept: Target | undefined;
  let regular: Target | undefined;
  let descent: Descent | undefined;
  let steps = 0;

  async function targetFor(engine: Engine, call: Call): Promise<Target> {
    if (kept && fits(kept.call, call)) return kept;
    kept = undefined;
    if (regular && fits(regular.call, call)) return regular;
    const shape = regularShape(call.shape);
    const offsets = createField().update(call.photo, shape);
    const { data } = await engine.forward({ ...call, shape, offsets });
    regular = { call, data };
    return regular;
  }

  function stop(): void {
    descent = undefined;
    const button = byId("descend");
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Descend";
  }

  return {
    keep: (call, data) => {
      kept = { call, data };
    },
    toggle() {
      if (descent) return stop();
      descent = createDescent(rate);
      steps = 0;
      const button = byId("descend");
      button.setAttribute("aria-pressed", "true");
      button.textContent = "Stop";
    },
    stop,
    get descending() {
      return descent !== undefined;
    },
    async learn(engine, call, { data }, which, pixel) {
      const target = await targetFor(engine, call);
      const loss = lossOf(data, target.data);
      byId("target").textContent = target === kept ? "the result kept" : "the regular kernel’s";
      byId("loss").textContent = formatSmall(loss.value);
      if (which === "none" && !descent) return undefined;
      const { data: gradient, milliseconds, compiled } = await engine.backward(call, loss.gradient);
      const all = sumGradients(gradient, call.photo, call.shape);
      const swirl = swirlOf(call.photo, call.shape);
      const at = { y: pixel.y * call.shape.stride, x: pixel.x * call.shape.stride };
      const shown =
        which === "one"
          ? gradientAt(gradient, call.photo, call.shape, pixel)
          : // What is the same at all pixels is seen here through the swirl.
            all.map(({ y, x }) => {
              const [yy, yx, xy, xx] = slopesOf(swirl, at);
              return { y: yy * y + yx * x, x: xy * y + xx * x };
            });
      const scale = longest(shown);
      const arrows =
        which === "none" || scale === 0
          ? undefined
          : shown.map(({ y, x }) => ({ y: -y / scale, x: -x / scale }));
      const { moved } = call.shape;
      if (!descent) return { milliseconds, compiled, arrows, moved };
      const next = descent.step(moved, all);
      steps++;
      if (steps === maxSteps || loss.value === 0) stop();
      return { milliseconds, compiled, arrows, moved: next };
    },
  };
}
