import { checkKernel } from "../../ir/check.ts";
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
  apply: (draft, { of, axes }) => {
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
    const { kernel, stage } = relayout(draft.kernel, laid, order);
    checkKernel(kernel, "layout");
    const stored = laid.is === "stage" ? draft.stored : new Set([...draft.stored, stage]);
    return { ...draft, kernel, stored };
  },
};

/** Why the axes of a stage must stay as they are, or nothing. */
function usesOf(draft: Draft, name: string): string | undefined {
  const { loops, walkings, panels, accumulation } = draft;
  const told = [loops, walkings, panels, accumulation].some((of) => of.has(name));
  return told || [...panels.values()].some(({ reader }) => reader === name)
    ? `how ${name} is walked has been said already; say its layout first`
    : undefined;
}
