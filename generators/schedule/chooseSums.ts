// Whether sums of a gradient are added up in lanes: where they walk along memory, as sums over channels do that lie last.

import { type Expr, index, type Loop, type Reduce } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import { rootsOf } from "../ir/kernel.ts";
import { children, freeLoops, visit } from "../ir/walk.ts";
import type { Limits, Schedule } from "./draft.ts";
import { applySchedule } from "./index.ts";
import { inlineStages } from "./inline.ts";
import { sums } from "./transforms/sums.ts";

/** The step that adds up in lanes, where `steps` leave a sum along memory. */
export function chooseSums(
  kernel: Kernel,
  steps: Schedule,
  lanes: number,
  limits: Limits,
): Schedule {
  const drafted = applySchedule(kernel, steps, limits);
  if ("refused" in drafted) return [];
  const { kernel: changed, stored } = drafted.steps.at(-1)!;
  const { stages } = inlineStages(changed, new Set(stored));
  const found = stages.some((stage) => stage.kind === "gather" && hasSumAlong(rootsOf(stage)));
  return found ? [[sums.name, { by: lanes }]] : [];
}

function hasSumAlong(roots: readonly Expr[]): boolean {
  const walks = new Set<Reduce>();
  visit(roots, (e) => void (e.kind === "part" && e.of.op === "sum" && walks.add(e.of)));
  return [...walks].some(({ over, bodies }) => isAlong(bodies, over.at(-1)!));
}

/** Does a step of this loop change nothing but which neighbours are read, by its index alone? */
function isAlong(bodies: readonly Expr[], step: Loop): boolean {
  const own = index(step);
  let [beside, apart] = [false, false];
  visit(bodies, (e) => {
    if (!freeLoops(e).has(step) || e.kind === "index" || isMember(e)) return;
    if (e.kind !== "read") {
      apart ||= children(e).some((x) => x === own || isMember(x));
      return;
    }
    const last = e.at.at(-1);
    const isNext = last === own || (isMember(last) && last.args[1] === own);
    if (isNext && !e.at.slice(0, -1).some((p) => freeLoops(p).has(step))) beside = true;
    else apart = true;
  });
  return beside && !apart;
}

const isMember = (e: Expr | undefined): e is Extract<Expr, { kind: "op" }> =>
  e?.kind === "op" && e.op === "member";
