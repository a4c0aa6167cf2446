import type { Stage } from "../../ir/kernel.ts";
import { asDeclared, axisNames } from "../domain.ts";
import { axesAround, type Draft, launchedStages, type Transform } from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { ownersOf } from "../ownership.ts";
import { isShared } from "../site.ts";

const counts = [1, 2, 3, 4];

/** For machines without groups: threads of the processor share out what is outermost. */
export const parallel: Transform = {
  name: "parallel",
  doc: "loops one after another → the outermost `loops` of each stage as one, shared out among CPU threads",
  choices: () => [{ name: "loops", values: counts, default: 2, fixed: true }],
  apply: (draft, { loops: most }, limits) => {
    if (typeof most !== "number" || !counts.includes(most))
      return { refused: `loops is one of ${counts.join(", ")}, not ${most}` };
    if (limits.threads > 1)
      return { refused: "threads run in groups here, which pointwise shares loops out among" };
    const loops = new Map(draft.loops);
    const reasons: string[] = [];
    const stages = launchedStages(draft).filter(({ name }) => !draft.panels.has(name));
    for (const stage of stages) {
      if (loops.has(stage.name)) continue;
      const found = countOutermost(draft, stage);
      if (typeof found === "string") reasons.push(found);
      else loops.set(stage.name, { by: "parallel", loops: Math.min(found, most) });
    }
    if (loops.size > draft.loops.size) return { ...draft, loops };
    return { refused: reasons[0] ?? "all stages have their loops already" };
  },
};

/** How many loops of a stage CPU threads can share out, or why they cannot. */
function countOutermost(draft: Draft, stage: Stage): number | string {
  const { name } = stage;
  if (stage.kind === "scatter") {
    const stored = new Set(launchedStages(draft).map((s) => s.name));
    const kernel = inlineStages(draft.kernel, stored);
    const owners = kernel.stages.flatMap((s) =>
      s.kind === "scatter" && s.name === name
        ? [ownersOf(kernel, [s]).map(({ axis }) => axis)]
        : [],
    );
    const { vector, inner } = draft.walkings.get(name) ?? asDeclared;
    const along = inner.at(-1);
    if (vector && along !== undefined && owners.every((axes) => axes.includes(along))) return 0;
    if (draft.accumulation.get(name) === "owned")
      return Math.min(...owners.map((axes) => axes.length));
    return `threads would add to the same elements of ${name}: say first that they own them (accumulate)`;
  }
  const around = axesAround(draft, name);
  if (around.length > 0) return around.length;
  const { inner, jams } = draft.walkings.get(name) ?? asDeclared;
  const called = axisNames(stage.domain);
  const moved = new Set([...inner, ...jams.map(({ axis }) => axis)]);
  // Blocks that own what is moved run outermost, and one axis stays inside.
  const outside = stage.domain.filter((l, d) => isShared(l) && !moved.has(called[d]!));
  if (outside.length > 0) return Math.max(1, outside.length - (moved.size > 0 ? 0 : 1));
  return `no loop of ${name} is left outside of what its steps share`;
}
