import { refuseAxes } from "../domain.ts";
import {
  axesAround,
  explainNoStage,
  innerStages,
  launchedStages,
  type Transform,
} from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { findReader, refusePanels } from "../panels.ts";

/** For machines without groups: what a step of the reader's outer loops needs stays in the nearest cache. */
export const panel: Transform = {
  name: "panel",
  doc: "a stage computed where it is read → one store of what a step of the reader's loops over `axes` needs",
  choices: (draft) => [
    {
      name: "stage",
      values: innerStages(draft),
      default: "",
    },
    { name: "axes", values: [], default: "" },
  ],
  apply: (draft, { stage: name, axes }) => {
    const found = draft.kernel.stages.find((s) => s.name === name);
    if (found?.kind !== "gather" || draft.kernel.outputs.includes(found.name))
      return { refused: explainNoStage(draft, name) };
    if (draft.slabs) return { refused: "slabs are made already, which panels do not go with" };
    const around = String(axes)
      .split(/[\s,]+/)
      .filter((axis) => axis !== "");
    if (around.length === 0) return { refused: `axes names axes of ${found.name}, such as "N OH"` };
    const stored = new Set([...launchedStages(draft).map((s) => s.name), found.name]);
    const kernel = inlineStages(draft.kernel, stored);
    const placed = findReader(kernel, found.name, around);
    if ("refused" in placed) return placed;
    const { reader, stage } = placed;
    const other = axesAround(draft, reader.name);
    if (other.length > 0 && other.join() !== around.join())
      return { refused: `another panel of ${reader.name} is made along ${other.join(", ")}` };
    for (const one of [reader, stage]) {
      const refused = refuseAxes(one, around);
      if (refused !== undefined) return { refused };
      if ((draft.loops.get(one.name)?.by ?? "serial") !== "serial")
        return { refused: `threads of ${one.name} would have to wait for each other` };
      if (one === stage && draft.panels.has(one.name))
        return { refused: `${one.name} is made in panels already` };
      const { inner = [], jams = [] } = draft.walkings.get(one.name) ?? {};
      const used = [...inner, ...jams.map(({ axis }) => axis)].find((axis) =>
        around.includes(axis),
      );
      if (used !== undefined) return { refused: `${used} of ${one.name} runs inside already` };
    }
    const next = {
      ...draft,
      stored: new Set([...draft.stored, found.name]),
      panels: new Map(draft.panels).set(found.name, { reader: reader.name, axes: around }),
    };
    const refused = refusePanels(next);
    return refused === undefined ? next : { refused };
  },
};
