import type { Loop } from "../../ir/expr.ts";
import type { Stage } from "../../ir/kernel.ts";
import { visit } from "../../ir/walk.ts";
import { asDeclared } from "../domain.ts";
import { launchedStages, refuseWalking, type Transform } from "../draft.ts";
import { inlineStages } from "../inline.ts";

/** What a sum's innermost loops do not change is computed outside of them. Terms are added in another order. */
export const walk: Transform = {
  name: "walk",
  doc: "sums walk their loops as declared → the `axes` named run innermost, the last one innermost of all",
  choices: (draft) => {
    const stages = launchedStages(draft);
    return [
      { name: "stage", values: stages.map(({ name }) => name), default: stages[0]?.name ?? "" },
      { name: "axes", values: [...new Set(stages.flatMap(axesOfSums))], default: "" },
    ];
  },
  apply: (draft, { stage: name, axes }) => {
    const { stages } = inlineStages(
      draft.kernel,
      new Set(launchedStages(draft).map((s) => s.name)),
    );
    const stage = stages.find((s) => s.name === name);
    if (stage?.kind !== "gather")
      return { refused: `${draft.kernel.operator} stores no stage named ${name} of elements` };
    const sums = String(axes)
      .split(/[\s,]+/)
      .filter((axis) => axis !== "");
    const known = [...new Set(axesOfSums(stage))];
    if (known.length === 0) return { refused: `${stage.name} holds no sum` };
    const unknown = sums.find((axis) => !known.includes(axis));
    if (sums.length === 0 || unknown !== undefined)
      return { refused: `axes names axes of the sums of ${stage.name}: ${known.join(", ")}` };
    const refused = refuseWalking(draft, stage.name);
    if (refused !== undefined) return { refused };
    const walking = { ...(draft.walkings.get(stage.name) ?? asDeclared), sums };
    return { ...draft, walkings: new Map(draft.walkings).set(stage.name, walking) };
  },
};

/** The axes that the sums of a stage walk. */
function axesOfSums(stage: Stage): readonly string[] {
  const loops: Loop[] = [];
  if (stage.kind === "gather")
    visit(stage.parts, (e) => {
      if (e.kind === "part" && e.of.op === "sum") loops.push(...e.of.over);
    });
  return loops.map(({ axis }) => axis);
}
