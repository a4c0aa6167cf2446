// The contributions to one gradient as stages: a gather where all can be turned around, else scatters.

import { convert, domain, make } from "../ir/build.ts";
import { type Expr, int } from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import type { Kernel, Scatter, Stage } from "../ir/kernel.ts";
import { isWithin, isWithinAsReal } from "../ir/ranges.ts";
import type { Moved } from "../ir/walk.ts";
import type { Contribution } from "./adjoint.ts";
import { allInTurn, pullGuards } from "./guards.ts";
import { invert } from "./invert.ts";
import { joinBranches, type Meeting } from "./meet.ts";
import { elementAt, type Place } from "./places.ts";
import { shareWalks } from "./share.ts";
import { openSums, sumOf } from "./sums.ts";

/** The stages that compute the gradient of `place` from its contributions. */
export function collect(
  kernel: Kernel,
  place: Place,
  contributions: readonly Contribution[],
  moved: Moved,
): readonly Stage[] {
  const meetings = joinBranches(place, contributions, "any");
  const known = { isPositive: positiveIn(kernel), facts: factsOf(kernel), moved };
  const inverted = meetings.map((meeting) => invert(meeting, known));
  if (inverted.every((i) => i !== undefined)) {
    const total = shareWalks([sumOf(inverted, moved)], moved);
    const { gradient: name, dims } = place;
    return [{ kind: "gather", name, dims, ...domain(place.loops, total, moved) }];
  }
  const plain = joinBranches(place, contributions, "same");
  return plain.map((meeting) => scatterOf(kernel, place, meeting, moved));
}

/** Is an int certainly positive? Attributes are by their declared minimum. */
function positiveIn(kernel: Kernel): (e: Expr) => boolean {
  const least = new Map(kernel.attrs.map((a) => [a.name, a.min ?? 0]));
  const isPositive = (e: Expr): boolean => {
    switch (e.kind) {
      case "const":
        return e.value > 0;
      case "size":
        return true;
      case "attr":
        return (least.get(e.name.split(".")[0]!) ?? 0) > 0;
      case "op":
        return e.op === "mul" && e.args.every(isPositive);
      default:
        return false;
    }
  };
  return isPositive;
}

/** One contribution as it stands: each of its indices adds to the element it chooses. */
function scatterOf(
  kernel: Kernel,
  place: Place,
  { contribution, targets }: Meeting,
  moved: Moved,
): Scatter {
  const { loops, read, value } = contribution;
  const facts = factsOf(kernel);
  const guarded = pullGuards(convert("acc", openSums(value, moved)));
  const tests = [...guarded.tests];
  const at = read.at.map((p, d) => {
    const { extent } = targets[d]!;
    if (isWithin(p, extent, facts)) return p;
    if (read.border === "zero") {
      // Where these tests hold, the position is inside; so it needs not be moved there.
      if (!isWithinAsReal(p, extent, facts)) {
        tests.push(make("and", make("le", int(0), p), make("lt", p, extent)));
        return p;
      }
    }
    return make("maximum", int(0), make("minimum", p, make("sub", extent, int(1))));
  });
  // Loops become canonical, as those of a gather, so that equal stages are equal.
  const element = elementAt(place, read, at);
  const parts = shareWalks([allInTurn(tests, facts), guarded.value, ...element], moved);
  const whole = domain(loops, parts, moved);
  const [test, amount, ...position] = whole.parts;
  return {
    kind: "scatter",
    name: place.gradient,
    domain: whole.domain,
    shape: place.loops,
    dims: place.dims,
    at: position,
    when: test!,
    values: [amount!],
  };
}
