import { explainNoStage, innerStages, type Transform } from "../draft.ts";
import { refusePanels } from "../panels.ts";
import { refuseLanes } from "./lanes.ts";

/** A stage is stored in a workspace, by a launch of its own. */
export const materialise: Transform = {
  name: "materialise",
  doc: "a stage computed where it is read → a launch that stores it, and reads of the store",
  choices: (draft) => [
    {
      name: "stage",
      values: innerStages(draft),
      default: "",
    },
  ],
  apply: (draft, { stage }) => {
    const found = draft.kernel.stages.find((s) => s.name === stage);
    if (found?.kind !== "gather" || draft.kernel.outputs.includes(found.name))
      return { refused: explainNoStage(draft, stage) };
    if (draft.panels.has(found.name)) return { refused: `${found.name} is made in panels already` };
    const next = { ...draft, stored: new Set([...draft.stored, found.name]) };
    const refused = refusePanels(next) ?? refuseLanes(next);
    return refused === undefined ? next : { refused };
  },
};
