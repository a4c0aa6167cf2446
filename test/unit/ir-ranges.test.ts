import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { freshLoop, make } from "../../generators/ir/build.ts";
import { constant, index, int, read, select, size } from "../../generators/ir/expr.ts";
import { factsOf } from "../../generators/ir/facts.ts";
import { isWithin, isWithinAsReal } from "../../generators/ir/ranges.ts";

const conv2d = new URL("../../dsl/ops/conv2d.ts", import.meta.url).pathname;
const facts = factsOf(readOperator(conv2d).kernel([]));
const [C, I, O, H] = [size("C"), size("I"), size("O"), size("H")];
const groups = size("groups");
const wild = make(
  "floor",
  read({ from: "x", type: "coord", axes: ["C"], at: [int(0)], border: "inside", part: 0 }),
);
const anyIndex = make("maximum", int(0), wild);
const [o, k] = [index(freshLoop("O", int(0), O)), index(freshLoop("I", int(0), I))];

describe("positions that need no clamp", () => {
  it("indices of the axis, and blocks of it where blocks are whole", () => {
    expect(isWithin(o, O, facts)).toBe(true);
    expect(isWithin(make("owner", o, O, groups), groups, facts)).toBe(true);
    expect(isWithin(make("member", make("owner", o, O, groups), k, C, groups), C, facts)).toBe(
      true,
    );
  });
  it("remainders by the axis, of what is not negative", () => {
    expect(isWithin(make("mod", anyIndex, H), H, facts)).toBe(true);
    // A block of the input has as many channels as the weight.
    expect(isWithin(make("mod", anyIndex, make("idiv", C, groups)), I, facts)).toBe(true);
    expect(isWithin(make("mod", anyIndex, H), O, facts)).toBe(false);
    expect(isWithin(make("mod", wild, H), H, facts)).toBe(false);
  });
  it("runs that are cut to the axis, whichever way their bound is found", () => {
    const hi = select(make("lt", int(0), wild), make("minimum", wild, H), int(0));
    expect(isWithin(index(freshLoop("H", int(0), hi)), H, facts)).toBe(true);
  });
});

describe("positions that are clamped", () => {
  it("owners of what may lie beyond the whole, or of blocks that may not be whole", () => {
    expect(isWithin(make("owner", anyIndex, O, groups), groups, facts)).toBe(false);
    const h = index(freshLoop("H", int(0), H));
    expect(isWithin(make("owner", h, H, groups), groups, facts)).toBe(false);
  });
  it("members of a block beyond the last, or beyond the block's end", () => {
    const block = make("owner", o, O, groups);
    expect(isWithin(make("member", block, anyIndex, C, groups), C, facts)).toBe(false);
    expect(isWithin(make("member", anyIndex, k, C, groups), C, facts)).toBe(false);
    const h = index(freshLoop("H", int(0), H));
    expect(isWithin(make("member", block, h, C, groups), C, facts)).toBe(false);
  });
  it("what is in range as a real number only", () => {
    const last = make("sub", H, int(1));
    const clamped = make(
      "maximum",
      constant(0, "coord"),
      make("minimum", constant(0.5, "coord"), last),
    );
    const p = make("floor", make("minimum", clamped, last));
    expect(isWithin(p, H, facts)).toBe(false);
    expect(
      isWithinAsReal(make("floor", make("maximum", int(0), make("minimum", wild, last))), H, facts),
    ).toBe(true);
  });
});

describe("places of runs", () => {
  const runs = (count: typeof O, by: number) =>
    index(freshLoop("O", int(0), make("idiv", count, int(by))));
  const place = (run: typeof O, by: number, q: number) =>
    make("add", make("mul", run, int(by)), int(q));
  const begun = (by: number) => runs(make("add", O, int(by - 1)), by);

  it("of whole runs are in range", () => {
    for (const q of [0, 1, 3]) expect(isWithin(place(runs(O, 4), 4, q), O, facts)).toBe(true);
  });
  it("beyond the run, of runs of other lengths, or of another axis are not", () => {
    expect(isWithin(place(runs(O, 4), 4, 4), O, facts)).toBe(false);
    expect(isWithin(place(runs(O, 4), 8, 0), O, facts)).toBe(false);
    expect(isWithin(place(runs(O, 8), 4, 0), O, facts)).toBe(false);
    expect(isWithin(place(runs(O, 4), 4, 0), C, facts)).toBe(false);
  });
  it("of runs that may be cut short are in range at their start, and where a test says so", () => {
    const [start, next] = [place(begun(4), 4, 0), place(begun(4), 4, 1)];
    expect(isWithin(start, O, facts)).toBe(true);
    expect(isWithin(next, O, facts)).toBe(false);
    expect(isWithin(select(make("lt", next, O), next, start), O, facts)).toBe(true);
    expect(isWithin(select(make("lt", next, C), next, start), O, facts)).toBe(false);
    expect(isWithin(select(make("lt", start, O), next, start), O, facts)).toBe(false);
    expect(isWithin(select(make("le", next, O), next, start), O, facts)).toBe(false);
  });
  it("of more runs than begin are not", () => {
    const many = runs(make("add", O, int(4)), 4);
    expect(isWithin(place(many, 4, 0), O, facts)).toBe(false);
  });
});
