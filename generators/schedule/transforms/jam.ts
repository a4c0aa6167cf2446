import { asDeclared, axisNames, refuseAxes } from "../domain.ts";
import { axesAround, launchedStages, refuseWalking, type Transform } from "../draft.ts";

// Elements of a step, along all axes together: each is text, and a thread has some tens of registers.
const most = 16;

/** The lever where an element's cost lies in what its neighbours need too, such as a sampled column. */
export const jam: Transform = {
  name: "jam",
  doc: "a step computes one element → `by` neighbours along an axis, their sums in one walk",
  choices: (draft) => {
    const stages = launchedStages(draft).filter(({ kind }) => kind === "gather");
    return [
      { name: "stage", values: stages.map(({ name }) => name), default: stages[0]?.name ?? "" },
      {
        name: "axis",
        values: [...new Set(stages.flatMap(({ domain }) => axisNames(domain)))],
        default: "",
      },
      { name: "by", values: [2, 4, 8], default: 4 },
    ];
  },
  rules: () => [
    {
      why: `a step computes at most ${most} elements`,
      holds: ({ of, mul, le }, own, others) =>
        le(
          others.reduce((product, other) => mul(product, other("by")), own("by")),
          of(most),
        ),
    },
  ],
  apply: (draft, { stage: name, axis, by }) => {
    const stage = launchedStages(draft).find((s) => s.name === name);
    if (!stage) return { refused: `${draft.kernel.operator} stores no stage named ${name}` };
    if (typeof by !== "number" || !Number.isInteger(by) || by < 2 || by > most)
      return { refused: `by is a whole number from 2 to ${most}, not ${by}` };
    if (stage.kind === "scatter")
      return { refused: `${stage.name} adds to elements that its indices choose` };
    if (axis === "") {
      const axes = axisNames(stage.domain).join(", ");
      return { refused: `say along which axis of ${stage.name}: ${axes}` };
    }
    const { jams, ...rest } = draft.walkings.get(stage.name) ?? asDeclared;
    if (rest.vector !== undefined)
      return { refused: `steps of the innermost loop of ${stage.name} run at once` };
    const refused =
      refuseAxes(stage, [...jams.map((other) => other.axis), String(axis)]) ??
      refuseWalking(draft, stage.name);
    if (refused !== undefined) return { refused };
    const elements = jams.reduce((product, other) => product * other.by, by);
    if (elements > most)
      return { refused: `a step computes at most ${most} elements, not ${elements}` };
    if (axesAround(draft, stage.name).includes(String(axis)))
      return { refused: `a panel is made at each step of the loop over ${axis}` };
    const walking = { ...rest, jams: [...jams, { axis: String(axis), by }] };
    return { ...draft, walkings: new Map(draft.walkings).set(stage.name, walking) };
  },
};
