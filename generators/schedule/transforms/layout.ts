import { checkKernel } from "../../ir/check.ts";
import { asDeclared, axisNames } from "../domain.ts";
import type { Draft, Transform } from "../draft.ts";
import { findLaid, relayout } from "../relayout.ts";

/** The lever where what is read together lies apart, such as the channels of an image that is sampled. */
export const layout: Transform = {
  name: "layout",
  doc: "axes in memory as declared → in another order, in a copy that all stages share",
  choices: ({ kernel }) => {
    const laid = findLaid(kernel);
    return [
      { name: "of", values: laid.map(({ name }) => name), default: laid[0]?.name ?? "" },
      { name: "axes", values: [], default: "" },
    ];
  },
  apply: (draft, { of, axes }, limits) => {
    const all = findLaid(draft.kernel);
    const laid = all.find(({ name }) => name === of);
    if (!laid) {
      const known = all.map(({ name }) => name).join(", ");
      return { refused: `there is no tensor or stage named ${of}; there is ${known}` };
    }
    const order = String(axes)
      .split(/[\s,]+/)
      .filter((axis) => axis !== "");
    const same = order.length === laid.axes.length && new Set(order).size === order.length;
    if (!same || order.some((axis) => !laid.axes.includes(axis)))
      return { refused: `axes names all axes of ${laid.name}, each once: ${laid.axes.join(" ")}` };
    if (order.every((axis, d) => axis === laid.axes[d]))
      return { refused: `the axes of ${laid.name} are in this order already` };
    const used = usesOf(draft, laid.name);
    if (used !== undefined) return { refused: used };
    const { kernel, stage, copy } = relayout(draft.kernel, laid, order);
    checkKernel(kernel, "layout");
    const stored = laid.is === "stage" ? draft.stored : new Set([...draft.stored, stage]);
    const next = { ...draft, kernel, stored };
    return copy && limits.threads === 1 ? copyInBlocks(next, copy.stage, copy.along) : next;
  },
};

// Elements beside each other where a copy reads, and lines of the cache that it writes to at a time.
const block = 4;

/** A copy that reads neighbours one after another, and fills as many rows of its own side by side. */
function copyInBlocks(draft: Draft, stage: string, axis: string): Draft {
  const loops = draft.kernel.stages.find(({ name }) => name === stage)!.domain;
  const known = axisNames(loops);
  if (known.at(-1) === axis || !known.includes(axis)) return draft;
  const jams = [{ axis, by: block }];
  return { ...draft, walkings: new Map(draft.walkings).set(stage, { ...asDeclared, jams }) };
}

/** Why the axes of a stage must stay as they are, or nothing. */
function usesOf(draft: Draft, name: string): string | undefined {
  const { loops, walkings, panels, accumulation } = draft;
  const told = [loops, walkings, panels, accumulation].some((of) => of.has(name));
  return told || [...panels.values()].some(({ reader }) => reader === name)
    ? `how ${name} is walked has been said already; say its layout first`
    : undefined;
}
