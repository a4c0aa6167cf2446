// Who owns what is added to. A loop owns it where different indices of the loop certainly come to different elements,
// in every addition of the launch: then one thread for each of its indices needs no other's leave to add.

import { make } from "../ir/build.ts";
import { type Expr, int, type Loop } from "../ir/expr.ts";
import { type Facts, factsOf } from "../ir/facts.ts";
import type { Kernel, Scatter, Stage } from "../ir/kernel.ts";
import { isWithin } from "../ir/ranges.ts";
import { freeLoops } from "../ir/walk.ts";
import { isShared } from "./site.ts";

/** What a stage's elements are owned by. */
export type Ownership =
  /** Each is computed by itself. */
  | { readonly by: "element" }
  /** They are added to; the loops of each launch that own what it adds to, by axis: none, where there are none. */
  | { readonly by: "loops"; readonly launches: readonly (readonly string[])[] };

/** What the elements of each stage of a kernel are owned by, by name. */
export function ownershipOf(kernel: Kernel): ReadonlyMap<string, Ownership> {
  const found = new Map<string, Ownership>();
  for (const stage of kernel.stages) {
    if (found.has(stage.name)) continue;
    if (stage.kind === "gather") found.set(stage.name, { by: "element" });
    else {
      const launches = additionsTo(kernel, stage.name).map((group) =>
        ownersOf(kernel, group).map((l) => l.axis),
      );
      found.set(stage.name, { by: "loops", launches });
    }
  }
  return found;
}

/** The additions to the elements of a stage, those over one domain together. */
function additionsTo(kernel: Kernel, name: string): readonly (readonly Scatter[])[] {
  const groups: Scatter[][] = [];
  for (const stage of kernel.stages) {
    if (stage.kind !== "scatter" || stage.name !== name) continue;
    const group = groups.find(([first]) => sameDomain(first!, stage));
    if (group) group.push(stage);
    else groups.push([stage]);
  }
  return groups;
}

const sameDomain = (a: Stage, b: Stage): boolean =>
  a.domain.length === b.domain.length && a.domain.every((l, d) => l === b.domain[d]);

/** The loops of one domain that own what all of these stages add to, in the order of the domain. */
export function ownersOf(kernel: Kernel, stages: readonly Scatter[]): readonly Loop[] {
  const [first, ...more] = stages;
  if (!first) return [];
  const facts = factsOf(kernel);
  const owners = new Set<Loop>();
  for (const [d, at] of first.at.entries())
    if (more.every((stage) => stage.at[d] === at))
      for (const l of injectiveIn(at, kernel, facts) ?? []) owners.add(l);
  return first.domain.filter((l) => owners.has(l) && isShared(l));
}

/**
 * Loops, for different indices of which `e` is certainly different; undefined where it depends on anything else that
 * changes within a launch.
 */
function injectiveIn(e: Expr, kernel: Kernel, facts: Facts): readonly Loop[] | undefined {
  if (freeLoops(e).size === 0) return [];
  const go = (x: Expr) => injectiveIn(x, kernel, facts);
  const both = (a: Expr, b: Expr): readonly Loop[] | undefined => {
    const [high, low] = [go(a), go(b)];
    return high && low && !high.some((l) => low.includes(l)) ? [...high, ...low] : undefined;
  };
  if (e.kind === "index") return [e.loop];
  if (e.kind !== "op") return undefined;
  const [a, b, whole, blocks] = e.args as readonly [Expr, Expr, Expr, Expr];
  const fixed = (x: Expr): boolean => freeLoops(x).size === 0;
  switch (e.op) {
    case "neg":
      return go(a);
    case "sub":
      return fixed(a) ? go(b) : fixed(b) ? go(a) : undefined;
    case "mul":
      return isPositive(a, kernel) ? go(b) : isPositive(b, kernel) ? go(a) : undefined;
    case "add": {
      if (fixed(a)) return go(b);
      if (fixed(b)) return go(a);
      const isPlace = (high: Expr, low: Expr): boolean =>
        high.kind === "op" &&
        high.op === "mul" &&
        high.args.some((width) => fixed(width) && isWithin(low, width, facts));
      if (isPlace(a, b)) return both(a, b);
      return isPlace(b, a) ? both(b, a) : undefined;
    }
    case "member":
      if (!fixed(whole) || !fixed(blocks)) return undefined;
      return isWithin(b, make("idiv", whole, blocks), facts) ? both(a, b) : undefined;
    default:
      return undefined;
  }
}

/** Is a number that does not change certainly more than 0? A size is: over an axis without elements nothing runs. */
function isPositive(e: Expr, kernel: Kernel): boolean {
  switch (e.kind) {
    case "const":
      return e.value > 0;
    case "size":
      return true;
    case "attr":
      return (kernel.attrs.find(({ name }) => name === e.name.split(".")[0])?.min ?? 0) > 0;
    case "op":
      return e.op === "mul" && e.args.every((arg) => isPositive(arg, kernel));
    default:
      return false;
  }
}

/** Why nothing owns what a stage adds to, or nothing where each launch has an owner. */
export function refuseOwners(kernel: Kernel, name: string): string | undefined {
  const without = additionsTo(kernel, name).find((group) => ownersOf(kernel, group).length === 0);
  if (!without) return undefined;
  const domain = without[0]!.domain.filter((l) => l.lo === int(0)).map((l) => l.axis);
  const axes = without[0]!.shape.map((l) => l.axis);
  return (
    `the elements of ${name} have no owners: none of the loops over ${domain.join(", ")} decides ` +
    `alone where on ${axes.join(", ")} it adds`
  );
}
