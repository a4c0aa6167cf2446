import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Nest } from "../../generators/ir/nest.ts";
import { checkPlan } from "../../generators/ir/nestCheck.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { findTarget } from "../../targets/registry.ts";
import { programOf } from "./emit.fixtures.ts";
import {
  additionsOf,
  alike,
  bits,
  bitsOf,
  exactly,
  finite,
  floatOf,
  lists,
  numbersOf,
  plan,
  sumOf,
} from "./fixed-point.fixtures.ts";

describe("a sum in fixed point", () => {
  it("is off by 2^-30 of the largest contribution for each, and half a unit in the last place", () => {
    fc.assert(
      fc.property(fc.oneof(alike, fc.array(finite)), (values) => {
        const exact = values.reduce((sum, value) => sum + exactly(value), 0n);
        const want = Number(exact) * 2 ** -149;
        const largest = Math.max(0, ...values.map(Math.abs));
        const got = sumOf(values);
        if (!Number.isFinite(got)) {
          expect(Math.abs(want)).toBeGreaterThan(3.4e38);
          return;
        }
        const off = Number(exact - exactly(got)) * 2 ** -149;
        const lastPlace = Math.max(Math.abs(got) * 2 ** -24, 2 ** -150);
        expect(Math.abs(off)).toBeLessThanOrEqual(values.length * largest * 2 ** -30 + lastPlace);
      }),
      { numRuns: 2000 },
    );
  });

  it("of one contribution is that contribution, and of none 0", () => {
    fc.assert(
      fc.property(finite, (value) => {
        expect(sumOf([value])).toBe(value + 0);
        expect(sumOf([0, value, -0])).toBe(value + 0);
      }),
      { numRuns: 2000 },
    );
    expect(Object.is(sumOf([]), 0)).toBe(true);
    expect(Object.is(sumOf([-0]), 0)).toBe(true);
  });

  it("does not hang on the order", () => {
    const shuffled = fc
      .array(bits.map(floatOf), { minLength: 1 })
      .chain((values) =>
        fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length })),
      );
    fc.assert(
      fc.property(shuffled, ([values, other]) => {
        expect(bitsOf([sumOf(other)])).toEqual(bitsOf([sumOf(values)]));
      }),
    );
  });

  it("of infinities and NaN is what floats make of them", () => {
    const inf = Number.POSITIVE_INFINITY;
    expect(sumOf([1, inf, -3])).toBe(inf);
    expect(sumOf([-inf, 1, -inf])).toBe(-inf);
    expect(sumOf([inf, 1, -inf])).toBeNaN();
    expect(sumOf([1, Number.NaN])).toBeNaN();
    expect(sumOf([3e38, 3e38])).toBe(inf);
    // No order of additions overflows on the way.
    expect(sumOf([3e38, 3e38, -3e38])).toBe(Math.fround(3e38));
  });
});

/** One nest whose threads do what those of two do. */
function joined(first: Nest, second: Nest): Nest {
  const inside = (block: Block, more: Block): Block => {
    const last = block.at(-1)!;
    const other = more.at(-1)!;
    if (last.kind === "for" && other.kind === "for")
      return [...block.slice(0, -1), { ...last, body: inside(last.body, other.body) }];
    if (last.kind === "if" && other.kind === "if")
      return [...block.slice(0, -1), { ...last, then: [...last.then, ...other.then] }];
    throw new Error("nests of one form were expected");
  };
  return { ...first, body: inside(first.body, second.body) };
}

it("is refused where additions come one after another", () => {
  expect(() => programOf(plan, findTarget("js"))).toThrow(
    "measure: js has no sums in fixed point.",
  );
});

describe("the interpreter's sums", () => {
  checkPlan(plan, "the test");

  it.each(["forward", "reverse", "shuffled"] as const)("are the same, threads %s", (order) => {
    const { values, places, elements } = additionsOf(lists);
    const found = interpretPlan(
      plan,
      { values, places },
      numbersOf({ values, places, elements }),
      {},
      { mode: "f32", order, seed: 4, poison: true },
    );
    expect(bitsOf(found.out!)).toEqual(bitsOf(lists.map(sumOf)));
  });

  it("are not added to while the largest contribution is still looked for", () => {
    const [fill, measure, add, total] = plan.steps;
    if (measure?.kind !== "launch" || add?.kind !== "launch")
      throw new Error("a launch was expected");
    const both = { ...measure, nest: joined(measure.nest, add.nest) };
    const { values, places, elements } = additionsOf([[1, 2], [3]]);
    const run = () =>
      interpretPlan(
        { ...plan, steps: [fill!, both, total!] },
        { values, places },
        numbersOf({ values, places, elements }),
        {},
        { mode: "f32", order: "forward", poison: true },
      );
    expect(run).toThrow("race: element 0 of out_sums was read by group 0 thread 0");
  });
});
