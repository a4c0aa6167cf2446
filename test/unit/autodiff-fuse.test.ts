import { expect, it } from "vitest";
import { fuseSums } from "../../generators/autodiff/fuse.ts";
import { domain, freshLoop, make, partOf, reduce, select } from "../../generators/ir/build.ts";
import { constant, type Expr, index, int, type Reduce, size } from "../../generators/ir/expr.ts";
import { visit } from "../../generators/ir/walk.ts";

const zero = constant(0, "acc");
const row = freshLoop("N", int(0), size("N"));

/** The sum over `steps` indices of what `body` makes of each. */
function sumTo(steps: Expr, body: (x: Expr) => Expr): Expr {
  const l = freshLoop("step", int(0), steps);
  return partOf(reduce("sum", [l], [make("mul", body(index(l)), constant(1, "acc"))], [zero]), 0);
}

/** The walks of the element `value` once its sums are fused. */
function walksOf(value: Expr): ReadonlySet<Reduce> {
  const made = domain([row], [value]);
  const stage = { kind: "gather", name: "made", ...made, dims: [1] } as const;
  const { parts } = fuseSums(
    stage,
    () => {},
    () => {},
  );
  const walks = new Set<Reduce>();
  visit(parts, (e) => void (e.kind === "part" && walks.add(e.of)));
  return walks;
}

const first = sumTo(size("K"), (x) => make("add", x, index(row)));
const second = sumTo(size("K"), (x) => make("mul", x, index(row)));

it("sums that take the same walk are one walk of two numbers", () => {
  const [walk, ...more] = walksOf(make("sub", first, second));
  expect(walk?.bodies).toHaveLength(2);
  expect(more).toEqual([]);
});

it("sums of other lengths, or needed under other tests, stay apart", () => {
  const longer = sumTo(size("L"), (x) => make("mul", x, index(row)));
  expect(walksOf(make("sub", first, longer)).size).toBe(2);
  const test = make("lt", index(row), int(2));
  expect(walksOf(select(test, first, second)).size).toBe(2);
});
