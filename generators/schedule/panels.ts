// Stages of which memory holds one panel at a time: it is made anew in each step of loops of the launch that
// reads it, so that it stays small, and near.

import { type Expr, index, type Loop } from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import { type Gather, type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";
import { copyTo } from "./copies.ts";
import { axisNames, type Walk } from "./domain.ts";
import { type Draft, launchedStages, type Refused } from "./draft.ts";
import { inlineStages } from "./inline.ts";

/** A stage that is made inside the loops of the stage that reads it. */
export interface Panel extends Gather {
  /** The loops of that stage in whose steps it is made; they stand in the place of its own. */
  readonly around: readonly Loop[];
  readonly reader: string;
}

/** Is a stage made inside the launch of another? */
export const isPanel = (stage: Stage): stage is Panel => "around" in stage;

/** Which dimensions of a stage memory has. */
export const heldDims = (stage: Stage, loops: readonly Loop[]): readonly boolean[] =>
  loops.map((l) => !(isPanel(stage) && stage.around.includes(l)));

/** Of things by dimension, those whose dimension memory has. */
export const onlyHeld = <T>(things: readonly T[], held: readonly boolean[]): readonly T[] =>
  things.filter((_, d) => held[d]);

/** How many of the loops of each dimension memory has; a dimension of none is left out. */
export function heldIn(dims: readonly number[], held: readonly boolean[]): readonly number[] {
  let at = 0;
  return dims
    .map((count) => {
      at += count;
      return held.slice(at - count, at).filter((is) => is).length;
    })
    .filter((count) => count > 0);
}

/** `kernel` with each stage of `panels` made inside the loops over these axes of the stage that reads it. */
export function placePanels(
  kernel: Kernel,
  panels: ReadonlyMap<string, { readonly axes: readonly string[] }>,
): Kernel {
  if (panels.size === 0) return kernel;
  const names = new Map(kernel.names);
  const stages = kernel.stages.map((stage) => {
    const asked = panels.get(stage.name);
    if (!asked) return stage;
    const placed = findReader(kernel, stage.name, asked.axes);
    if ("refused" in placed) throw new Error(placed.refused);
    return makePanel(placed, names);
  });
  return { ...kernel, stages, names };
}

/** A stage, the only stage that reads it, and the loops of it that stand for loops of the stage. */
interface Placed {
  readonly stage: Gather;
  readonly reader: Gather;
  readonly loops: ReadonlyMap<Loop, Loop>;
}

/** Where a panel can be made, or why it cannot. */
export function findReader(
  kernel: Kernel,
  name: string,
  axes: readonly string[],
): Placed | Refused {
  const stage = kernel.stages.find((s) => s.name === name);
  if (stage?.kind !== "gather") return { refused: `${name} is no stage that is stored` };
  const reads = new Map<Stage, Set<Expr>>();
  for (const other of kernel.stages)
    visit(rootsOf(other), (e) => {
      if (e.kind === "read" && e.from === name)
        reads.set(other, (reads.get(other) ?? new Set()).add(e));
    });
  const [reader, ...more] = reads.keys();
  if (reader?.kind !== "gather" || more.length > 0)
    return { refused: `${name} is not read by one stage alone that stores elements of its own` };
  const [own, outer] = [axisNames(stage.domain), axisNames(reader.domain)];
  const loops = new Map<Loop, Loop>();
  for (const axis of axes) {
    const [l, around] = [stage.domain[own.indexOf(axis)], reader.domain[outer.indexOf(axis)]];
    if (!l || !around)
      return { refused: `${axis} is not an axis of both ${name} and ${reader.name}` };
    const same = [...reads.get(reader)!].every(
      (e) => e.kind === "read" && e.at[own.indexOf(axis)] === index(around),
    );
    if (!same || !factsOf(kernel).same(l.hi, around.hi))
      return { refused: `an element of ${reader.name} reads ${name} at other indices of ${axis}` };
    loops.set(l, around);
  }
  return { stage, reader, loops };
}

/** Why the panels of a draft cannot all be made where they were asked for, or nothing. */
export function refusePanels(draft: Draft): string | undefined {
  if (draft.panels.size === 0) return undefined;
  const stored = new Set(launchedStages(draft).map(({ name }) => name));
  const kernel = inlineStages(draft.kernel, stored);
  for (const [name, { reader, axes }] of draft.panels) {
    const placed = findReader(kernel, name, axes);
    if ("refused" in placed) return placed.refused;
    if (placed.reader.name !== reader)
      return `panels of ${name} are made by ${reader}, which would no longer read it`;
    if (draft.panels.has(reader)) return `${reader}, which makes panels of ${name}, is one itself`;
  }
  return undefined;
}

function makePanel({ stage, reader, loops }: Placed, names: Map<Expr | Loop, string>): Panel {
  const indices = new Map([...loops].map(([l, around]) => [l, [index(around)]]));
  const copy = copyTo(
    { count: 1, indices, nodes: new Map(), settle: (e) => e, order: (over) => over },
    (from, to) => {
      const name = names.get(from);
      if (name !== undefined && !names.has(to)) names.set(to, name);
    },
  );
  return {
    ...stage,
    domain: stage.domain.map((l) => loops.get(l) ?? l),
    parts: stage.parts.map((part) => copy(part)[0]!),
    around: [...loops.values()],
    reader: reader.name,
  };
}

/** A walk with others at the start of each step of its outermost `depth` loops. */
export function startWith(
  walk: readonly Walk[],
  depth: number,
  first: readonly Walk[],
): readonly Walk[] {
  if (depth === 0) return [...first, ...walk];
  return walk.map((part) =>
    part.kind === "loop" ? { ...part, inner: startWith(part.inner, depth - 1, first) } : part,
  );
}
