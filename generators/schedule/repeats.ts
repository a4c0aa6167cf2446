// The steps of a plan whose stages are made in slabs: what a slab needs runs once for each of them, between what
// comes before all and what comes after.

import { extentOf, make } from "../ir/build.ts";
import { type Expr, int } from "../ir/expr.ts";
import { hostExpr } from "../ir/host.ts";
import type { SlabAxis } from "../ir/kernel.ts";
import { type NestExpr, variable } from "../ir/nest.ts";
import { mapOperands, variablesOf, visitBlock } from "../ir/nestWalk.ts";
import { type PlanBuffer, type PlanStep, type Repeat, turn } from "../ir/plan.ts";
import type { LaunchStep } from "./only.ts";
import { usesOf } from "./sequence.ts";
import type { WithSlabs } from "./slabs.ts";

/** The numbers of a turn that its launches take. */
export const turnNumbers = (axes: readonly SlabAxis[]): readonly string[] =>
  axes.flatMap(({ first, count }) => [first, count]);

/** Buffers with the sizes that the largest slab needs. */
export function sizeSlabs(
  buffers: readonly PlanBuffer[],
  slabs: WithSlabs | undefined,
): readonly PlanBuffer[] {
  if (!slabs) return buffers;
  const mostOf = new Map(slabs.axes.map(({ count, most }) => [count, most]));
  const sized = (e: NestExpr): NestExpr => {
    const most = e.kind === "var" ? mostOf.get(e.name) : undefined;
    return most === undefined ? mapOperands(e, sized) : variable(most);
  };
  const isOfTurn = ({ shape, perWorker }: PlanBuffer): boolean =>
    !perWorker && shape.flatMap(variablesOf).some((name) => mostOf.has(name));
  return buffers.map((b) => ({
    ...b,
    shape: b.shape.map(sized),
    strides: b.strides.map(sized),
    ...(isOfTurn(b) && { ofTurn: true as const }),
  }));
}

/** What is counted of one slab, counted of all of them. */
export function countAll(counts: readonly NestExpr[], axes: readonly SlabAxis[]): NestExpr[] {
  const wholeOf = new Map(axes.map(({ count, whole }) => [count, whole]));
  const counted = (e: NestExpr): NestExpr => {
    const whole = e.kind === "var" ? wholeOf.get(e.name) : undefined;
    return whole ? hostExpr(whole) : mapOperands(e, counted);
  };
  return counts.map(counted);
}

/** How many turns there are, and which slab each of them takes. */
function describeTurns(axes: readonly SlabAxis[]): Repeat {
  const counted = axes.map(({ slabs }) => extentOf(slabs));
  const product = (of: readonly Expr[]): Expr => of.reduce((a, b) => make("mul", a, b), int(1));
  const numbers = axes.flatMap(({ first, count, whole }, d) => {
    const inner = make("idiv", extentOf(turn), product(counted.slice(d + 1)));
    const at = d === 0 ? inner : make("mod", inner, counted[d]!);
    // Evenly, so that no slab is much smaller than the others.
    const startOf = (slab: Expr): Expr => make("idiv", make("mul", slab, whole), counted[d]!);
    const next = startOf(make("add", at, int(1)));
    return [
      { name: first, is: hostExpr(startOf(at)) },
      { name: count, is: hostExpr(make("sub", next, extentOf(first))) },
    ];
  });
  return { times: hostExpr(product(counted)), numbers };
}

/**
 * The steps in order, with what each slab needs as repetitions: one, and where additions are in fixed point another
 * one after all contributions are measured, which makes again what it reads.
 */
export function repeatSteps(
  steps: readonly PlanStep[],
  slabs: WithSlabs,
  buffers: readonly PlanBuffer[],
): { readonly steps: readonly PlanStep[]; readonly repeats: readonly Repeat[] } {
  const own = new Set(turnNumbers(slabs.axes));
  const inTurn = (step: PlanStep): step is LaunchStep =>
    step.kind === "launch" && step.nest.scalars.some(({ name }) => own.has(name));
  const turns = steps.filter(inTurn);
  const changed = new Set(turns.flatMap((step) => usesOf(step).writes));
  const before: PlanStep[] = [];
  const after: PlanStep[] = [];
  const late = new Set(changed);
  for (const step of steps) {
    const { reads, writes } = usesOf(step);
    if (turns.some((other) => other === step)) continue;
    const isLate = step.kind === "launch" && [...reads, ...writes].some((name) => late.has(name));
    (isLate ? after : before).push(step);
    if (isLate) for (const name of writes) late.add(name);
  }
  const fixed = turns.filter(addsInFixedPoint);
  const first = turns.filter((step) => !fixed.includes(step));
  const rounds =
    fixed.length > 0 ? [first, [...makersOf(fixed, first, buffers), ...fixed]] : [first];
  const repeat = describeTurns(slabs.axes);
  return {
    steps: [
      ...before,
      ...rounds.flatMap((round, at) => round.map((step) => ({ ...step, repeat: at }))),
      ...after,
    ],
    repeats: rounds.map(() => repeat),
  };
}

/** Does a launch add to sums in fixed point, whose scale another one has to measure before? */
function addsInFixedPoint({ nest }: LaunchStep): boolean {
  let found = false;
  visitBlock(nest.body, (s) => {
    found ||= s.kind === "accumulate" && s.mode === "fixed";
  });
  return found;
}

/** The launches again, under other names, that make what these read of a slab. */
function makersOf(
  launches: readonly LaunchStep[],
  among: readonly LaunchStep[],
  buffers: readonly PlanBuffer[],
): readonly LaunchStep[] {
  const wanted = new Set(launches.flatMap((step) => usesOf(step).reads));
  const ofTurn = new Set(buffers.flatMap((b) => (b.ofTurn ? [b.name] : [])));
  const found = among.toReversed().filter((step) => {
    const { reads, writes } = usesOf(step);
    if (!writes.some((name) => wanted.has(name) && ofTurn.has(name))) return false;
    for (const name of reads) wanted.add(name);
    return true;
  });
  return found
    .toReversed()
    .map((step) => ({ ...step, nest: { ...step.nest, name: `${step.nest.name}_again` } }));
}
