// What becomes of stages that add to elements which indices choose: launches, and the fills before them.

import { hostExpr, product } from "../ir/host.ts";
import { type Kernel, partName, type Scatter, type Stage } from "../ir/kernel.ts";
import { type AddMode, i32, type NestExpr } from "../ir/nest.ts";
import type { PlanBuffer, PlanStep } from "../ir/plan.ts";
import type { Accumulation, Draft, Loops } from "./draft.ts";
import { ownersOf, refuseOwners } from "./ownership.ts";
import { int32, isShared } from "./site.ts";
import { sumsOf } from "./totals.ts";

/** What a function's name says of its pass, where there are several. */
export const passNames: Readonly<Record<AddMode, string>> = {
  plain: "",
  atomic: "",
  measure: "_measure",
  fixed: "_add",
};

/** How a stage is added to. Loops one after another need nothing, and owners have their elements to themselves. */
export const accumulationOf = (draft: Draft, { name }: Stage): Accumulation | undefined =>
  draft.accumulation.get(name) ?? (isSerial(draft.loops.get(name)) ? undefined : "atomic");

const isSerial = (loops: Loops | undefined): boolean => {
  const by = loops?.by ?? "serial";
  return by === "serial" || by === "parallel";
};

/** All that adds to the elements of one stage. */
export interface Additions {
  /** Its launches in order, each of stages over one domain. */
  readonly launches: readonly (readonly Stage[])[];
  readonly by: Accumulation | undefined;
  /** What is added to, by part. */
  readonly buffers: readonly PlanBuffer[];
  readonly launch: (stages: readonly Stage[], mode: AddMode) => PlanStep;
  /** The launch that stores what the sums of one part are. */
  readonly total: (buffer: PlanBuffer, part: number) => PlanStep;
}

/** The steps in the place of one of these launches: sums in fixed point are complete after the last of them. */
export function addingSteps(stages: readonly Stage[], all: Additions): readonly PlanStep[] {
  const { launches, by, buffers, launch, total } = all;
  const [isFirst, isLast] = [launches[0] === stages, launches.at(-1) === stages];
  const fill = ({ name }: PlanBuffer): PlanStep => ({ kind: "fill", buffer: name, value: 0 });
  const fills = (filled: readonly PlanBuffer[]) => (isFirst ? filled.map(fill) : []);
  switch (by) {
    case undefined:
    case "owned":
      return [...fills(buffers), launch(stages, "plain")];
    case "atomic":
      return [...fills(buffers), launch(stages, "atomic")];
    case "deterministic": {
      const measured = [...fills(buffers.map(sumsOf)), launch(stages, "measure")];
      if (!isLast) return measured;
      const added = launches.map((one) => launch(one, "fixed"));
      return [...measured, ...added, ...buffers.map(total)];
    }
    default:
      return by satisfies never;
  }
}

/** Stages over one domain with the loops that own what they add to in front, and how many those are. */
export function ownersFirst(kernel: Kernel, stages: readonly Stage[]) {
  const scatters = stages as readonly Scatter[];
  const owners = ownersOf(kernel, scatters);
  if (owners.length === 0) throw new Error(refuseOwners(kernel, scatters[0]!.name) ?? "no owners");
  const domain = [...owners, ...scatters[0]!.domain.filter((l) => !owners.includes(l))];
  return { stages: scatters.map((stage) => ({ ...stage, domain })), owners: owners.length };
}

/** What a plan holds beside its launches where additions are in fixed point. */
export function fixedPointOf(draft: Draft, kernel: Kernel, buffers: readonly PlanBuffer[]) {
  const names = new Set(kernel.stages.map(({ name }) => name));
  const found = [...names].flatMap((name) => {
    if (draft.accumulation.get(name) !== "deterministic") return [];
    const stages = kernel.stages.filter(
      (s): s is Scatter => s.kind === "scatter" && s.name === name,
    );
    const { values } = stages[0]!;
    const parts = values.map((_, part) => partName(name, part, values.length));
    return [{ stages, parts }];
  });
  return {
    sums: found.flatMap(({ parts }) =>
      parts.map((part) => sumsOf(buffers.find((b) => b.name === part)!)),
    ),
    bounds: found.map(({ stages }) => countQuarter(stages)),
  };
}

/**
 * A quarter of how often these stages add, as far as the host knows: where it has 31 bits, the contributions to an
 * element fit its sum. Walks whose length depends on data count once; a sum that overflows is NaN.
 */
function countQuarter(stages: readonly Scatter[]): NestExpr {
  const counts = stages.map(({ domain }) =>
    product(domain.filter(isShared).map((l) => hostExpr(l.hi))),
  );
  const text = (count: NestExpr): string => JSON.stringify(count);
  const terms = [...new Map(counts.map((count) => [text(count), count])).values()].map((count) => {
    const times = counts.filter((other) => text(other) === text(count)).length;
    return times === 1 ? count : int32("mul", count, i32(times));
  });
  const all = terms.reduce((a, b) => int32("add", a, b));
  return int32("quot", int32("add", all, i32(3)), i32(4));
}
