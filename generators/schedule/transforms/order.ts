import { asDeclared, axisNames, refuseAxes } from "../domain.ts";
import { axesAround, launchedStages, refuseWalking, type Transform } from "../draft.ts";

/** What does not depend on the innermost loops is computed outside of them. Memory keeps its order. */
export const order: Transform = {
  name: "order",
  doc: "loops in the order of the axes → the `axes` named run innermost, the last one innermost of all",
  choices: (draft) => {
    const stages = launchedStages(draft);
    return [
      { name: "stage", values: stages.map(({ name }) => name), default: stages[0]?.name ?? "" },
      {
        name: "axes",
        values: [...new Set(stages.flatMap(({ domain }) => axisNames(domain)))],
        default: "",
      },
    ];
  },
  apply: (draft, { stage: name, axes }) => {
    const stages = launchedStages(draft).filter((s) => s.name === name);
    const [stage] = stages;
    if (!stage) return { refused: `${draft.kernel.operator} stores no stage named ${name}` };
    if (draft.accumulation.get(stage.name) === "owned")
      return { refused: `the loops over the owners of ${stage.name} run first` };
    const inner = String(axes)
      .split(/[\s,]+/)
      .filter((axis) => axis !== "");
    if (inner.length === 0) return { refused: `axes names axes of ${stage.name}, such as "OH OW"` };
    for (const one of stages) {
      const refused = refuseAxes(one, inner) ?? refuseWalking(draft, one.name);
      if (refused !== undefined) return { refused };
    }
    const around = axesAround(draft, stage.name).find((axis) => inner.includes(axis));
    if (around !== undefined)
      return { refused: `a panel is made at each step of the loop over ${around}` };
    const before = draft.walkings.get(stage.name) ?? asDeclared;
    // Steps that run at once are those of the innermost loop.
    const at = before.vector === undefined ? undefined : before.inner.at(-1);
    if (at !== undefined && inner.slice(0, -1).includes(at))
      return { refused: `steps along ${at} run at once, so ${at} is the last of the axes` };
    const within = at === undefined || inner.at(-1) === at ? inner : [...inner, at];
    const walking = { ...before, inner: within };
    return { ...draft, walkings: new Map(draft.walkings).set(stage.name, walking) };
  },
};
