import type { Accumulation, Draft, Limits, Transform } from "../draft.ts";
import { refuseOwners } from "../ownership.ts";

/** By themselves, loops add plainly one after another, and atomically where there are threads. */
const usual = (limits: Limits): string => (limits.threads > 1 ? "atomic" : "plain");

const ways = (limits: Limits): readonly string[] =>
  limits.threads > 1 ? ["atomic", "deterministic", "owned"] : ["plain", "owned"];

/** For gradients of what is read at places that depend on data, such as the image that is sampled. */
export const accumulate: Transform = {
  name: "accumulate",
  doc: "additions to elements of a stage as they come → in fixed point, or each element by the thread that owns it",
  choices: (draft, limits) => [
    { name: "stage", values: addedTo(draft), default: addedTo(draft)[0] ?? "" },
    { name: "by", values: ways(limits), default: usual(limits) },
  ],
  apply: (draft, { stage, by }, limits) => {
    const stages = addedTo(draft);
    if (typeof stage !== "string" || !stages.includes(stage)) {
      const { operator, role } = draft.kernel;
      const kernel = `${operator}.${role}`;
      if (stages.length === 0)
        return { refused: `${kernel} adds to nothing: it computes each element by itself` };
      return { refused: `${kernel} does not add to ${stage}; it adds to ${stages.join(", ")}` };
    }
    if (typeof by !== "string" || !ways(limits).includes(by))
      return { refused: `by is one of ${ways(limits).join(", ")} here, not ${by}` };
    const accumulation = new Map(draft.accumulation);
    if (by === usual(limits)) accumulation.delete(stage);
    else accumulation.set(stage, by as Accumulation);
    if (by === "owned" && draft.walkings.has(stage))
      return {
        refused:
          `the owners of ${stage} walk its loops as declared, and these run in another order: ` +
          `leave out what changes it (order, vector) for ${stage}`,
      };
    const refused = by === "owned" ? refuseOwners(draft.kernel, stage) : undefined;
    return refused === undefined ? { ...draft, accumulation } : { refused };
  },
};

const addedTo = ({ kernel }: Draft): readonly string[] => [
  ...new Set(kernel.stages.filter(({ kind }) => kind === "scatter").map(({ name }) => name)),
];
