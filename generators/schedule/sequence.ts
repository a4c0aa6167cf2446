// The order of a plan's steps: what one workspace serves comes together, so that not all are in use at once.

import type { Plan, PlanStep } from "../ir/plan.ts";

interface Uses {
  readonly writes: readonly string[];
  readonly reads: readonly string[];
}

/** The buffers that a step changes, and those whose content it goes by. */
export function usesOf(step: PlanStep): Uses {
  if (step.kind === "fill") return { writes: [step.buffer], reads: [] };
  const global = step.nest.buffers.filter(({ place }) => place === "global");
  const named = (list: typeof global) => list.map(({ name }) => name);
  return {
    writes: named(global.filter(({ access }) => access !== "read")),
    reads: named(global.filter(({ access }) => access !== "write")),
  };
}

/** The steps that an output needs, by their numbers. */
function stepsFor(uses: readonly Uses[], output: string): ReadonlySet<number> {
  const wanted = new Set([output]);
  const found = new Set<number>();
  for (const [at, { writes, reads }] of [...uses.entries()].toReversed()) {
    if (!writes.some((name) => wanted.has(name))) continue;
    found.add(at);
    for (const name of reads) wanted.add(name);
  }
  return found;
}

/** Is each workspace written before anything reads it, and never again? Then steps may change places. */
function isWrittenOnce(plan: Plan, uses: readonly Uses[]): boolean {
  return plan.buffers
    .filter(({ role }) => role === "workspace")
    .every(({ name }) => {
      const last = uses.findLastIndex(({ writes }) => writes.includes(name));
      const first = uses.findIndex(
        ({ writes, reads }) => reads.includes(name) && !writes.includes(name),
      );
      return first < 0 || last < first;
    });
}

/**
 * The plan with the steps of one output after those of another; next comes the output that needs the fewest
 * further steps, so that what shares workspaces follows each other. The steps of a repetition stay together.
 */
export function sequenceSteps(plan: Plan): Plan {
  const units = plan.steps.reduce<PlanStep[][]>((all, step) => {
    const last = all.at(-1);
    const isPart = step.kind === "launch" && step.repeat !== undefined;
    const [before] = last ?? [];
    if (isPart && before?.kind === "launch" && before.repeat === step.repeat) last!.push(step);
    else all.push([step]);
    return all;
  }, []);
  const uses = units.map((unit) => {
    const own = unit.map(usesOf);
    return { writes: own.flatMap((u) => u.writes), reads: own.flatMap((u) => u.reads) };
  });
  const outputs = plan.buffers.filter(({ role }) => role === "output");
  if (outputs.length < 2 || !isWrittenOnce(plan, uses)) return plan;
  const left = outputs.map(({ name }) => stepsFor(uses, name));
  const order = new Set<number>();
  while (left.length > 0) {
    const further = left.map((needed) => [...needed].filter((at) => !order.has(at)).length);
    const isBegun = left.map((needed, i) => further[i]! < needed.size);
    const candidates = [...left.keys()].filter((i) => isBegun[i] || !isBegun.includes(true));
    const next = candidates.reduce((best, i) => (further[i]! < further[best]! ? i : best));
    for (const at of [...left[next]!].sort((a, b) => a - b)) order.add(at);
    left.splice(next, 1);
  }
  return { ...plan, steps: [...order].flatMap((at) => units[at]!) };
}
