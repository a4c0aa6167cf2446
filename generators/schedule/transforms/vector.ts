import { elementsOf, type Stage } from "../../ir/kernel.ts";
import { asDeclared, axisNames, refuseAxes } from "../domain.ts";
import { axesAround, type Draft, launchedStages, refuseWalking, type Transform } from "../draft.ts";

const widths = [4, 8, 16];

/** For an axis along which memory is contiguous, and which decides no place: channels of a sampled image. */
export const vector: Transform = {
  name: "vector",
  doc: "loops along an axis as declared → innermost around each statement, `by` elements at once",
  choices: (draft) => {
    const stages = launchedStages(draft);
    return [
      { name: "stage", values: stages.map(({ name }) => name), default: stages[0]?.name ?? "" },
      {
        name: "axis",
        values: [...new Set(stages.flatMap(({ domain }) => axisNames(domain)))],
        default: "",
      },
      { name: "by", values: widths, default: 8 },
    ];
  },
  apply: (draft, { stage: name, axis, by }) => {
    const stages = launchedStages(draft).filter((s) => s.name === name);
    const [stage] = stages;
    if (!stage) return { refused: `${draft.kernel.operator} stores no stage named ${name}` };
    if (typeof by !== "number" || !widths.includes(by))
      return { refused: `by is one of ${widths.join(", ")}, not ${by}` };
    if (axis === "") {
      const axes = axisNames(stage.domain).join(", ");
      return { refused: `say along which axis of ${stage.name}: ${axes}` };
    }
    const along = String(axis);
    const refused =
      stages.map((one) => refuseAxes(one, [along])).find((why) => why !== undefined) ??
      refuseVector(draft, stage, along);
    if (refused !== undefined) return { refused };
    const walking = draft.walkings.get(stage.name) ?? asDeclared;
    const inner = [...walking.inner.filter((other) => other !== along), along];
    const next = { ...walking, inner, vector: by };
    return { ...draft, walkings: new Map(draft.walkings).set(stage.name, next) };
  },
};

/** Why steps along an axis of a stage cannot run at once, or nothing. */
function refuseVector(draft: Draft, stage: Stage, axis: string): string | undefined {
  const { name } = stage;
  const loops = draft.loops.get(name);
  if (loops?.by === "threads" || loops?.by === "lanes" || loops?.by === "tiles")
    return `threads of a group share out the elements of ${name}`;
  if (loops?.by === "parallel" && elementsOf(stage).length <= loops.loops)
    return `CPU threads share out all loops of ${name}`;
  const walked = refuseWalking(draft, name);
  if (walked !== undefined) return walked;
  if (draft.accumulation.get(name) === "owned")
    return `the loops over the owners of ${name} run first`;
  const { jams = [], vector: before } = draft.walkings.get(name) ?? {};
  if (before !== undefined) return `several elements of ${name} run at once already`;
  if (jams.length > 0) return `a step of ${name} computes several elements`;
  if (axesAround(draft, name).includes(axis))
    return `a panel is made at each step of the loop over ${axis}`;
  return undefined;
}
