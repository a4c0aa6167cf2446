import { heldStages } from "../contract/place.ts";
import {
  type Draft,
  explainNoStage,
  innerStages,
  launchedStages,
  type Transform,
} from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { refuseSlabs, type Slabs } from "../slabs.ts";

/** For stages that are larger than all others, such as the columns of a convolution and their gradient. */
export const slab: Transform = {
  name: "slab",
  doc: "a stored stage as a whole → so many indices of its outer `axes` at a time, with all that makes or reads it",
  choices: (draft) => [
    { name: "stage", values: innerStages(draft), default: "" },
    { name: "axes", values: [], default: draft.slabs?.axes.join(" ") ?? "" },
    {
      name: "most",
      values: [2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24],
      default: draft.slabs?.most ?? 2 ** 20,
    },
  ],
  apply: (draft, { stage, axes, most }) => {
    const name = String(stage);
    if (!innerStages(draft).includes(name)) return { refused: explainNoStage(draft, stage) };
    if (!draft.stored.has(name)) return { refused: `${name} is not stored: say first materialise` };
    if (draft.panels.size > 0) return { refused: "panels are made already, which are small" };
    const along = String(axes)
      .split(/[\s,]+/)
      .filter((axis) => axis !== "");
    if (along.length === 0) return { refused: `axes names outer axes of ${name}, such as "N OH"` };
    if (typeof most !== "number" || !Number.isInteger(most) || most < 1 || most > 2 ** 30)
      return { refused: `most is a whole number from 1 to ${2 ** 30}, not ${most}` };
    const { slabs } = draft;
    if (slabs?.stages.includes(name)) return { refused: `${name} is made in slabs already` };
    if (slabs && (slabs.axes.join() !== along.join() || slabs.most !== most))
      return {
        refused: `slabs of ${slabs.stages[0]} are along ${slabs.axes.join(", ")}, of at most ${slabs.most} numbers`,
      };
    const next = {
      ...draft,
      slabs: { stages: [...(slabs?.stages ?? []), name], axes: along, most },
    };
    const refused = refuseSlabsOf(next);
    return refused === undefined ? next : { refused };
  },
};

/** Why the slabs of a draft cannot be made as they were asked for, or nothing. */
export function refuseSlabsOf(draft: Draft & { readonly slabs?: Slabs }): string | undefined {
  if (!draft.slabs) return undefined;
  const stored = new Set(launchedStages(draft).map(({ name }) => name));
  return refuseSlabs(
    inlineStages(draft.kernel, new Set([...stored, ...heldStages(draft)])),
    draft.slabs,
  );
}
