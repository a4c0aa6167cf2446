import type { Transform } from "../draft.ts";

/** A stage is stored in a workspace, by a launch of its own. */
export const materialise: Transform = {
  name: "materialise",
  doc: "a stage computed where it is read → a launch that stores it, and reads of the store",
  choices: (draft) => [
    {
      name: "stage",
      values: draft.kernel.stages
        .filter((s) => s.kind === "gather" && !draft.kernel.outputs.includes(s.name))
        .map((s) => s.name),
      default: "",
    },
  ],
  apply: (draft, { stage }) => {
    const found = draft.kernel.stages.find((s) => s.name === stage);
    if (found?.kind !== "gather" || draft.kernel.outputs.includes(found.name))
      return { refused: `${draft.kernel.operator} has no inner stage named ${stage}` };
    return { ...draft, stored: new Set([...draft.stored, found.name]) };
  },
};
