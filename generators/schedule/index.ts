// Kernel and schedule in, plan out.

import type { Kernel } from "../ir/kernel.ts";
import type { Plan } from "../ir/plan.ts";
import {
  completeParams,
  type Draft,
  type Limits,
  newDraft,
  type Refused,
  type Schedule,
  type Transform,
} from "./draft.ts";
import { lower } from "./lower.ts";
import { refusePieces } from "./returning.ts";
import { accumulate } from "./transforms/accumulate.ts";
import { contract, refuseContractions } from "./transforms/contract.ts";
import { jam } from "./transforms/jam.ts";
import { lanes } from "./transforms/lanes.ts";
import { layout } from "./transforms/layout.ts";
import { materialise } from "./transforms/materialise.ts";
import { order } from "./transforms/order.ts";
import { panel } from "./transforms/panel.ts";
import { parallel } from "./transforms/parallel.ts";
import { pointwise } from "./transforms/pointwise.ts";
import { refuseSlabsOf, slab } from "./transforms/slab.ts";
import { split } from "./transforms/split.ts";
import { sums } from "./transforms/sums.ts";
import { unroll } from "./transforms/unroll.ts";
import { vector } from "./transforms/vector.ts";
import { walk } from "./transforms/walk.ts";

export type { Choice, Draft, Limits, Params, Refused, Schedule, Transform } from "./draft.ts";
export { lower } from "./lower.ts";

/** Every transform there is; to add one is a file and a line here. */
export const transforms: readonly Transform[] = [
  layout,
  materialise,
  split,
  panel,
  slab,
  order,
  walk,
  jam,
  vector,
  contract,
  parallel,
  lanes,
  pointwise,
  accumulate,
  sums,
  unroll,
];

/** The draft after each step of a schedule, or why a step was refused. */
export function applySchedule(
  kernel: Kernel,
  schedule: Schedule,
  limits: Limits,
): { readonly steps: readonly Draft[] } | (Refused & { readonly steps: readonly Draft[] }) {
  const steps = [newDraft(kernel)];
  for (const step of schedule) {
    const next = applyStep(steps.at(-1)!, step, limits);
    if ("refused" in next) return { ...next, steps };
    steps.push(next);
  }
  return { steps };
}

/** The draft after one step of a schedule, or why it is refused. */
export function applyStep(
  draft: Draft,
  [name, params = {}]: Schedule[number],
  limits: Limits,
): Draft | Refused {
  const transform = transforms.find((t) => t.name === name);
  const known = transforms.map((t) => t.name).join(", ");
  if (!transform) return { refused: `no transform named ${name}; there are ${known}` };
  const choices = transform.choices(draft, limits);
  const unknown = Object.keys(params).find((key) => !choices.some((c) => c.name === key));
  if (unknown !== undefined) {
    const names = choices.map((c) => c.name).join(", ");
    return { refused: `${name}: no parameter named ${unknown}; there is ${names}` };
  }
  const next = transform.apply(draft, completeParams(choices, params), limits);
  if ("refused" in next) return { refused: `${name}: ${next.refused}` };
  const moved = next.kernel !== draft.kernel || next.stored !== draft.stored;
  const broken =
    refusePieces(next, limits) ??
    (moved ? (refuseContractions(next) ?? refuseSlabsOf(next)) : undefined);
  return broken === undefined ? next : { refused: `${name}: ${broken}` };
}

/** The plan of a kernel under a schedule; throws where a step is refused. */
export function schedulePlan(kernel: Kernel, schedule: Schedule, limits: Limits): Plan {
  const result = applySchedule(kernel, schedule, limits);
  if ("refused" in result) throw new Error(result.refused);
  return lower(result.steps.at(-1)!);
}
