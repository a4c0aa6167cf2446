// The stages that run for each slab: what is made in slabs, and all that reads it, at the same indices.

import { partOf } from "../ir/build.ts";
import { type Expr, int, type Loop, type Reduce } from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import { type Gather, type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";
import { axisNames } from "./domain.ts";
import type { Refused } from "./draft.ts";
import { isShared } from "./site.ts";
import { soleReduction } from "./transforms/lanes.ts";

/** What a stage does with slabs. */
export interface Member {
  /** Its loops over the axes of slabs. */
  readonly loops: readonly Loop[];
  /** The sum that these loops are of, where they are not all of its domain. */
  readonly sum: Reduce | undefined;
}

/** The stages that run for each slab, or why that cannot be; `made` are those of which memory holds one. */
export function findMembers(
  kernel: Kernel,
  made: readonly string[],
  axes: readonly string[],
): ReadonlyMap<Stage, Member> | Refused {
  const facts = factsOf(kernel);
  const members = new Map<Stage, Member>();
  const own = new Map<string, readonly Loop[]>();
  for (const name of made) {
    const stage = kernel.stages.find((s) => s.name === name);
    if (stage?.kind !== "gather" || kernel.outputs.includes(name))
      return { refused: `${name} is no inner stage that is stored` };
    const names = axisNames(stage.domain);
    const missing = axes.find((axis) => !names.includes(axis));
    if (missing !== undefined)
      return { refused: `${missing} is not an axis of ${name}; it has ${names.join(", ")}` };
    const loops = axes.map((axis) => stage.domain[names.indexOf(axis)]!);
    if (!loops.every(isShared))
      return { refused: `how far loops of ${name} run depends on indices or on data` };
    own.set(name, loops);
    members.set(stage, { loops, sum: undefined });
  }
  for (const stage of kernel.stages) {
    const sum = soleSum(stage);
    let loops = members.get(stage)?.loops;
    const reads: Extract<Expr, { kind: "read" }>[] = [];
    visit(rootsOf(stage), (e) => void (e.kind === "read" && own.has(e.from) && reads.push(e)));
    for (const { from, at } of reads) {
      const of = kernel.stages.find((s): s is Gather => s.kind === "gather" && s.name === from)!;
      const positions = own.get(from)!.map((l) => at[of.domain.indexOf(l)]!);
      const found = positions.map((p) => (p.kind === "index" ? p.loop : undefined));
      const isFit = found.every((l, d) => {
        if (!l || l.lo !== int(0) || !facts.same(l.hi, own.get(from)![d]!.hi)) return false;
        return (loops?.[d] ?? l) === l && (stage.domain.includes(l) || sum?.over.includes(l));
      });
      if (!isFit)
        return {
          refused: `an element of ${stage.name} reads ${from} at several places of ${axes.join(", ")}`,
        };
      loops = found as readonly Loop[];
    }
    if (!loops) continue;
    const isSum = loops.some((l) => !stage.domain.includes(l));
    members.set(stage, { loops, sum: isSum ? sum : undefined });
  }
  const early = findEarly(kernel, members, new Set(made));
  if (early) return early;
  const scatters = new Set(
    [...members.keys()].flatMap((s) => (s.kind === "scatter" ? [s.name] : [])),
  );
  const beside = kernel.stages.find((s) => scatters.has(s.name) && !members.has(s));
  if (beside) return { refused: `some of what is added to ${beside.name} does not read a slab` };
  return members;
}

/** What would be read in a turn before all turns have made it, as a refusal; `made` hold one slab. */
function findEarly(
  { stages }: Kernel,
  members: ReadonlyMap<Stage, Member>,
  made: ReadonlySet<string>,
): Refused | undefined {
  const late = new Set<string>();
  for (const stage of stages) {
    let from: string | undefined;
    visit(rootsOf(stage), (e) => {
      if (e.kind === "read" && late.has(e.from)) from ??= e.from;
    });
    const isMember = members.has(stage);
    if (isMember && from !== undefined)
      return { refused: `${stage.name} reads ${from}, which only all slabs together make` };
    if (from !== undefined || (isMember && !made.has(stage.name))) late.add(stage.name);
  }
  return undefined;
}

/** The sum that an element is, where it is nothing else and may be made in parts. */
function soleSum(stage: Stage): Reduce | undefined {
  const of = soleReduction(stage);
  if (typeof of === "string" || stage.kind !== "gather") return undefined;
  const [start] = of.from;
  const isAll = stage.parts.length === 1 && stage.parts[0] === partOf(of, 0);
  return isAll && of.bodies.length === 1 && start?.kind === "const" && start.value === 0
    ? of
    : undefined;
}
