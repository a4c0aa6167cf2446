import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partOf, reduce } from "../../generators/ir/build.ts";
import { dumpKernel } from "../../generators/ir/dump.ts";
import { index, int, type Loop, size } from "../../generators/ir/expr.ts";
import { factsOf } from "../../generators/ir/facts.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { splitOwners } from "../../generators/ir/owners.ts";
import {
  data,
  domainOf,
  grouped,
  groupedInputs,
  kernelOf,
  make,
  noise,
  num,
  product,
  staged,
  tensorDecl,
  whole,
} from "./ir.fixtures.ts";

/** out[0] = the largest of a[c] + s[owner(c)] over c, with where it is; ties are frequent. */
function largest(): Kernel {
  const c = whole("C");
  const g = make("owner", index(c), size("C"), size("G"));
  const value = make("add", data("a", "C", [index(c)]), data("s", "G", [g]));
  const best = reduce("max", [c], [value, index(c), g], [num(0), int(-1), int(-1)]);
  return kernelOf(
    [tensorDecl("a", "C"), tensorDecl("s", "G")],
    [
      {
        kind: "gather",
        name: "out",
        domain: [],
        dims: [],
        parts: [0, 1, 2].map((i) => partOf(best, i)),
      },
    ],
    { demands: grouped().demands.slice(2) },
  );
}

/** Adds a[c] to element owner(c) of out. */
function groupTotals(): Kernel {
  const [c] = domainOf(["C"]) as [Loop];
  const [target] = domainOf(["G"], 20) as [Loop];
  const g = make("owner", index(c), size("C"), size("G"));
  return kernelOf(
    [tensorDecl("a", "C")],
    [
      {
        kind: "scatter",
        name: "out",
        domain: [c],
        shape: [target],
        dims: [1],
        at: [g],
        when: make("lt", int(-1), g),
        values: [make("mul", num(1), data("a", "C", [index(c)]))],
      },
    ],
    { demands: grouped().demands.slice(2) },
  );
}

const hasOwner = (kernel: Kernel): boolean => dumpKernel(kernel).includes("owner(");

describe("splitOwners", () => {
  it("makes blocks plain indices, with the author's names, in the same place in memory", () => {
    expect(dumpKernel(splitOwners(grouped()))).toMatchInlineSnapshot(`
      "kernel test.forward  (test.ts:1)
      tensor a[C, P] data
      tensor s[G, P] data
      tensor w[O, I] data
      axis groups = idiv(C, I)
      demand mod(C, I) == 0 else "I does not divide {C}"
      demand mod(O, idiv(C, I)) == 0 else "the groups do not divide {O}"
      demand mod(C, G) == 0 else "G does not divide {C}"

      stage col[g < G, c_in < idiv(C, G), p < P]
        c = member(g, c_in, C, G)
        = a[c, p] * s[g, p]

      stage out[o_block < groups, o_in < idiv(O, groups), p < P]
        o = member(o_block, o_in, O, groups)
        taps = sum over i < I from 0.0
          t = member(o_block, i, C, groups)
          t2 = owner(t, C, G)
          w[o, i] * col[t2, t - t2 * idiv(C, G), p]
        = taps

      result out
      "
    `);
  });

  it("gives bit for bit the same results, nested groups or not", () => {
    const sizes = fc
      .record({
        groups: fc.integer({ min: 1, max: 4 }),
        G: fc.integer({ min: 1, max: 4 }),
        more: fc.integer({ min: 1, max: 3 }),
        per: fc.integer({ min: 1, max: 3 }),
        P: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ groups, G, more, per, P }) => {
        const C = groups * G * more;
        return { C, I: C / groups, O: groups * per, G, P };
      });
    const example = [{ C: 6, I: 3, O: 4, G: 3, P: 2 }] as [
      { [K in "C" | "I" | "O" | "G" | "P"]: number },
    ];
    fc.assert(
      fc.property(sizes, (s) => {
        const inputs = groupedInputs(s);
        const before = interpretKernel(grouped(), inputs, s, {}, {});
        const after = interpretKernel(splitOwners(grouped()), inputs, s, {}, {});
        expect(before.out!.parts[0]!.some((x) => x !== 0)).toBe(true);
        expect(after).toEqual(before);
      }),
      { examples: [example], seed: 7, numRuns: 60 },
    );
  });

  it("keeps which maximum wins and the order of accumulation", () => {
    for (const kernel of [largest(), groupTotals()]) {
      const split = splitOwners(kernel);
      expect(split).not.toBe(kernel);
      expect(hasOwner(kernel) && !hasOwner(split)).toBe(true);
      const a = { shape: [12], data: noise(12).map((x) => Math.round(x * 2)) };
      const s = { shape: [3], data: [1, 0, 1] };
      const [x, y] = [kernel, split].map((k) =>
        interpretKernel(k, { a, s }, { C: 12, G: 3 }, {}, {}),
      );
      expect(y).toEqual(x);
    }
  });

  it("leaves alone what two cuts use, what is not known to divide, and what has no owner", () => {
    const plain = product();
    expect(splitOwners(plain)).toBe(plain);
    const free = { ...grouped(), demands: [] };
    expect(splitOwners(free)).toBe(free);
    const [c] = domainOf(["C"]) as [Loop];
    const owner = (blocks: string) => make("owner", index(c), size("C"), size(blocks));
    const both = kernelOf(
      [],
      [
        {
          kind: "gather",
          name: "out",
          domain: [c],
          dims: [1],
          parts: [make("add", owner("groups"), make("mul", owner("G"), int(10)))],
        },
      ],
      { demands: grouped().demands, axes: grouped().axes },
    );
    expect(splitOwners(both)).toBe(both);
    const { out } = interpretKernel(both, {}, { C: 6, I: 3, G: 3, O: 2 }, {}, {});
    expect([...out!.parts[0]!]).toEqual([0, 0, 10, 11, 21, 21]);
  });

  it("leaves a stage's axis alone where the stage is read with a border rule", () => {
    const kernel = grouped();
    const [q] = domainOf(["P"]) as [Loop];
    const read = staged("col", [int(-1), index(q)]);
    if (read.kind !== "read") throw new Error("a read was expected");
    const stage = { ...kernel.stages[0]!, name: "unused" };
    const zero = kernelOf(kernel.tensors, [kernel.stages[0]!, stage], {
      demands: kernel.demands,
      axes: kernel.axes,
    });
    expect(hasOwner(splitOwners(zero))).toBe(false);
    const withBorder: Kernel = {
      ...zero,
      stages: [
        kernel.stages[0]!,
        {
          kind: "gather",
          name: "out",
          domain: [q],
          dims: [1],
          parts: [{ ...read, border: "zero" }],
        },
      ],
    };
    expect(hasOwner(splitOwners(withBorder))).toBe(true);
  });
});

describe("factsOf", () => {
  it("knows what divides what from equations and demands, and nothing else", () => {
    const { divides, same } = factsOf(grouped());
    expect(divides(size("groups"), size("C"))).toBe(true);
    expect(divides(size("groups"), size("O"))).toBe(true);
    expect(divides(size("G"), size("O"))).toBe(false);
    expect(divides(int(3), int(6)) && !divides(int(4), int(6)) && !divides(int(0), int(6))).toBe(
      true,
    );
    expect(same(make("idiv", size("C"), size("groups")), size("I"))).toBe(true);
    expect(same(make("idiv", size("O"), size("groups")), size("I"))).toBe(false);
  });
});
