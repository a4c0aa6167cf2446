import { type Expr, kindOf, type Reduce } from "../../ir/expr.ts";
import type { Stage } from "../../ir/kernel.ts";
import { children, freeLoops } from "../../ir/walk.ts";
import type { Draft, Transform } from "../draft.ts";
import { inlineStages } from "../inline.ts";

const counts = [2, 4, 8, 16, 32, 64, 128, 256];

/** For few elements and long sums, such as the taps and channels of a convolution on a small image. */
export const lanes: Transform = {
  name: "lanes",
  doc: "one thread walks an element's sum → a group shares the walk and adds up in shared memory",
  choices: (_, limits) => [
    { name: "lanes", values: counts.filter((n) => n <= limits.threads), default: 32 },
  ],
  apply: (draft, { lanes: count }, limits) => {
    if (typeof count !== "number" || !counts.includes(count))
      return { refused: `lanes is one of ${counts.join(", ")}, not ${count}` };
    if (count > limits.threads)
      return { refused: `a group has at most ${limits.threads} threads here, not ${count}` };
    if (draft.panels.size > 0)
      return { refused: "a panel is made by loops that run one after another" };
    const loops = new Map(draft.loops);
    const stages = inlineStages(draft.kernel, draft.stored).stages;
    const reasons = stages.map((stage) => {
      const sum = soleReduction(stage);
      if (typeof sum === "string") return sum;
      if (draft.walkings.has(stage.name))
        return `a step of ${stage.name} computes several elements, or in another order`;
      if (loops.get(stage.name)?.by === "tiles")
        return `how the loops of ${stage.name} run is chosen already`;
      loops.set(stage.name, { by: "lanes", lanes: count });
      return undefined;
    });
    if (reasons.includes(undefined)) return { ...draft, loops };
    return { refused: reasons.join("; ") };
  },
};

/** Why groups can no longer share the sums that a draft says they share, or nothing. */
export function refuseLanes({ kernel, stored, loops }: Draft): string | undefined {
  for (const stage of inlineStages(kernel, stored).stages) {
    if (loops.get(stage.name)?.by !== "lanes") continue;
    const sum = soleReduction(stage);
    if (typeof sum === "string")
      return `groups of threads share a sum of ${stage.name}, but ${sum}`;
  }
  return undefined;
}

/** The one sum that a stage's element is made from, or why a group cannot share it. */
export function soleReduction(stage: Stage): Reduce | string {
  if (stage.kind !== "gather") return `${stage.name} adds to elements of others`;
  const found = new Set<Reduce>();
  let guarded = false;
  const look = (e: Expr, inBranch: boolean): void => {
    if (e.kind === "part") {
      found.add(e.of);
      guarded ||= inBranch;
      return;
    }
    for (const [i, child] of children(e).entries())
      look(child, inBranch || (e.kind === "select" && i > 0));
  };
  for (const part of stage.parts) look(part, false);
  const [first, ...rest] = found;
  if (!first) return `${stage.name} holds no sum`;
  if (rest.length > 0) return `${stage.name} is made from ${rest.length + 1} reductions, not one`;
  if (guarded) return `the sum of ${stage.name} stands under a condition, where no barrier may be`;
  if (first.op !== "sum") return `the reduction of ${stage.name} is a max, whose first index wins`;
  if (first.bodies.some((body) => kindOf(body) !== "acc"))
    return `${stage.name} sums numbers other than data`;
  const dependent = (e: Expr) => first.over.some((l) => freeLoops(e).has(l));
  if (first.over.some((l) => dependent(l.lo) || dependent(l.hi)))
    return `a bound of the sum of ${stage.name} depends on another of its indices`;
  return first;
}
