// Which stages of a draft are computed in strips, and what that adds to its kernel: a stage for each packed factor,
// and scratch memory for each CPU thread.

import type { Expr, Loop } from "../../ir/expr.ts";
import { type Kernel, partName, type Stage, valuesOf } from "../../ir/kernel.ts";
import type { PlanBuffer } from "../../ir/plan.ts";
import { asDeclared, axisNames, type Walking } from "../domain.ts";
import type { Draft, Loops } from "../draft.ts";
import { type Blocked, cutBlocks } from "./blocks.ts";
import type { Pack } from "./pack.ts";
import { recognise } from "./recognise.ts";
import { describeScratch } from "./scratch.ts";

/** A stage that is computed in strips. */
export interface Placed {
  readonly blocked: Blocked;
  /** Its panel, and its sums. */
  readonly scratch: readonly [PlanBuffer, PlanBuffer];
  /** Everything that its launch computes. */
  readonly values: readonly Expr[];
}

/** How many loops of a packed factor are of its blocks, which CPU threads share out. */
const packLoops = ({ packBatch, contraction }: Blocked): number =>
  packBatch.length + contraction.m.length;

/** The stages of which strips hold panels: neither computed where they are read nor stored whole. */
export const heldStages = ({ loops }: Draft): ReadonlySet<string> =>
  new Set(
    [...loops.values()].flatMap((l) => (l.by === "strips" && l.held !== undefined ? [l.held] : [])),
  );

/** A kernel with what strips need, which the draft says how to make. */
interface WithStrips {
  readonly kernel: Kernel;
  readonly draft: Draft;
  readonly placed: ReadonlyMap<string, Placed>;
  /** Packed factors, by the names of their stages. */
  readonly packs: ReadonlyMap<string, Pack>;
}

/** `kernel` with what its strips need; held stages are made where they are used. */
export function placeStrips(kernel: Kernel, draft: Draft): WithStrips {
  const placed = new Map<string, Placed>();
  const packs = new Map<string, Pack>();
  const loops = new Map<string, Loops>(draft.loops);
  const walkings = new Map<string, Walking>(draft.walkings);
  if (![...loops.values()].some(({ by }) => by === "strips"))
    return { kernel, draft, placed, packs };
  const names = new Map<Expr | Loop, string>(kernel.names);
  const taken = new Set([
    ...kernel.tensors.map(({ name }) => name),
    ...kernel.stages.flatMap((s) =>
      valuesOf(s).map((_, i, all) => partName(s.name, i, all.length)),
    ),
    ...kernel.attrs.map(({ name }) => name),
  ]);
  const nameOf = (hint: string): string => {
    let name = hint;
    for (let n = 2; taken.has(name); n++) name = `${hint}${n}`;
    taken.add(name);
    return name;
  };
  const held = new Set<string>();
  const stages = kernel.stages.flatMap((stage): readonly Stage[] => {
    const own = loops.get(stage.name);
    if (own?.by !== "strips" || stage.kind !== "gather") return [stage];
    const contraction = recognise(kernel, stage, names);
    if ("refused" in contraction) throw new Error(contraction.refused);
    const panel = kernel.stages.find((s) => s.kind === "gather" && s.name === own.held);
    if (panel) held.add(panel.name);
    const blocked = cutBlocks(
      kernel,
      contraction,
      own.blocks,
      panel?.kind === "gather" ? panel : undefined,
      nameOf,
      names,
    );
    if ("refused" in blocked) throw new Error(blocked.refused);
    placed.set(stage.name, {
      blocked,
      scratch: describeScratch(blocked, nameOf),
      values: [blocked.row.value, contraction.element],
    });
    const { pack, taps, steps, by } = blocked;
    // Neighbours in memory are then read together, and written together.
    const { name } = pack.stage;
    const axes = axisNames(pack.stage.domain);
    const moved = by === "strips" ? taps.length : 0;
    const first = axes.length - 1 - steps.length - moved;
    const inner = moved > 0 ? [...axes.slice(first, first + moved), axes.at(-1)!] : [];
    walkings.set(name, { ...asDeclared, inner });
    loops.set(name, { by: "parallel", loops: Math.max(1, packLoops(blocked)) });
    packs.set(name, pack);
    return [pack.stage, stage];
  });
  return {
    draft: { ...draft, loops, walkings },
    kernel: { ...kernel, stages: stages.filter(({ name }) => !held.has(name)), names },
    placed,
    packs,
  };
}
