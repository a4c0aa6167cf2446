// Steps that no default schedule has, and any may take: constant loops written out, a result's loops in another order.

import type { Stmt } from "../../ir/nest.ts";
import { blocksOf } from "../../ir/nestWalk.ts";
import { axisNames } from "../../schedule/domain.ts";
import { launchedStages } from "../../schedule/draft.ts";
import { applyStep, type Limits, lower, type Schedule } from "../../schedule/index.ts";
import type { Value } from "../space/expr.ts";
import type { Family } from "./families.ts";

/** A step that may be added to schedules. */
export interface Extra {
  /** The parameter that says with which value. */
  readonly name: string;
  /** The value with which the step is left out, first, and the others. */
  readonly values: readonly [none: Value, ...others: Value[]];
  readonly step: (value: Value) => Schedule[number];
  /** The families that may take it. */
  readonly families: readonly string[];
}

/** Longer loops are worth no text. */
const longest = 8;

/** The steps that the families of a kernel may take. */
export function findExtras(families: readonly Family[], limits: Limits): readonly Extra[] {
  const [first] = families;
  if (!first) return [];
  const counts = countSteps(first);
  const written: readonly Extra[] =
    counts.length === 0
      ? []
      : [
          {
            name: "unroll_steps",
            values: [0, ...counts],
            step: (steps) => ["unroll", { steps }],
            families: families.map(({ name }) => name),
          },
        ];
  return [...written, ...findOrders(families, limits)];
}

/** The numbers of steps of a family's constant loops, which could be written out. */
function countSteps({ drafts }: Family): readonly number[] {
  const found = new Set<number>();
  const look = (s: Stmt): void => {
    if (s.kind === "for" && s.by === "serial" && s.lo.kind === "const" && s.hi.kind === "const") {
      const steps = s.hi.value - s.lo.value;
      if (steps > 1 && steps <= longest) found.add(steps);
    }
    for (const block of blocksOf(s)) block.forEach(look);
  };
  for (const step of lower(drafts.at(-1)!).steps)
    if (step.kind === "launch") step.nest.body.forEach(look);
  return [...found].toSorted((a, b) => a - b);
}

/** Which axis of a result runs innermost, where a family leaves that as declared. */
function findOrders(families: readonly Family[], limits: Limits): readonly Extra[] {
  const found = new Map<string, { readonly axes: readonly string[]; readonly in: string[] }>();
  for (const family of families) {
    const draft = family.drafts.at(-1)!;
    for (const stage of launchedStages(draft)) {
      const { name, kind } = stage;
      const loops = draft.loops.get(name)?.by ?? "serial";
      if (kind !== "gather" || !draft.kernel.outputs.includes(name)) continue;
      if (loops === "tiles" || draft.walkings.has(name)) continue;
      const step = (axes: Value): Schedule[number] => [
        "order",
        { stage: name, axes: String(axes) },
      ];
      const inner = axisNames(stage.domain).slice(0, -1);
      const axes = inner.filter((axis) => accepts(family, step(axis), limits));
      if (axes.length === 0) continue;
      const key = `order_${name}`;
      const known = found.get(key) ?? { axes, in: [] };
      found.set(key, known);
      if (known.axes.join() === axes.join()) known.in.push(family.name);
    }
  }
  return [...found].map(([name, { axes, in: families }]) => ({
    name,
    values: ["declared", ...axes],
    step: (value) => ["order", { stage: name.slice("order_".length), axes: String(value) }],
    families,
  }));
}

/** Does a family take one more step, and those after it as they are? */
function accepts({ steps, drafts }: Family, extra: Schedule[number], limits: Limits): boolean {
  const at = placeOf(steps, extra);
  const after = [extra, ...steps.slice(at)];
  let draft = drafts[at]!;
  for (const step of after) {
    const next = applyStep(draft, step, limits);
    if ("refused" in next) return false;
    draft = next;
  }
  return true;
}

/** A schedule with one more step: before those that speak of all stages, if it speaks of one. */
export function insertStep(steps: Schedule, extra: Schedule[number]): Schedule {
  const at = placeOf(steps, extra);
  return [...steps.slice(0, at), extra, ...steps.slice(at)];
}

function placeOf(steps: Schedule, extra: Schedule[number]): number {
  if (extra[1]?.stage === undefined) return steps.length;
  return steps.findLastIndex(([, params]) => (params?.stage ?? params?.of) !== undefined) + 1;
}
