import { describe, expect, it } from "vitest";
import { bindKernel } from "../../generators/ir/bind.ts";
import { freshLoop, partOf, reduce } from "../../generators/ir/build.ts";
import { dumpKernel } from "../../generators/ir/dump.ts";
import { attr, type Expr, index, int, type Loop, option, size } from "../../generators/ir/expr.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { splitOwners } from "../../generators/ir/owners.ts";
import { simplify } from "../../generators/ir/simplify.ts";
import {
  data,
  domainOf,
  grouped,
  groupedInputs,
  kernelOf,
  make,
  num,
  product,
  select,
  tensorDecl,
} from "./ir.fixtures.ts";

/** out[m] = the mean or the sum, by option, of a window of a, `stride` apart. */
function windows(): Kernel {
  const [m] = domainOf(["M"]) as [Loop];
  const k = freshLoop("K", int(0), size("K"));
  const at = make("add", make("mul", index(m), attr("stride.y", "int")), index(k));
  const total = partOf(
    reduce("sum", [k], [make("mul", num(1), data("a", "W", [at], "zero"))], [num(0)]),
    0,
  );
  const mean = make("div", total, size("K"));
  const value = select(make("eq", option("reduce"), int(1)), mean, total);
  return kernelOf(
    [tensorDecl("a", "W"), tensorDecl("window", "K")],
    [{ kind: "gather", name: "out", domain: [m], dims: [1], parts: [value] }],
    {
      attrs: [
        { name: "stride", type: "pair", doc: "" },
        { name: "reduce", type: "choice", values: ["sum", "mean"], doc: "" },
      ],
      axes: [{ axis: "M", size: make("idiv", size("W"), attr("stride.y", "int")) }],
      names: new Map<Expr | Loop, string>([[total, "total"]]),
    },
  );
}
const inputs = {
  a: { shape: [7], data: [1, 2, 4, 8, 16, 32, 64] },
  window: { shape: [2], data: [0, 0] },
};
const attrs = { "stride.y": 2, "stride.x": 1 };
const run = (kernel: Kernel, reduceBy: number) =>
  interpretKernel(kernel, inputs, { W: 7, K: 2 }, attrs, { reduce: reduceBy }).out;

describe("bindKernel", () => {
  it("computes the same, whatever is bound", () => {
    for (const mode of [0, 1])
      for (const sizes of [{}, { K: 2 }, { W: 7 }, { W: 7, K: 2 }, { M: 3 }])
        for (const bound of [{}, { "stride.y": 2 }])
          for (const options of [{}, { reduce: mode }]) {
            const kernel = bindKernel(windows(), { sizes, attrs: bound, options });
            expect(run(kernel, mode)).toEqual(run(windows(), mode));
          }
    expect([...run(windows(), 0)!.parts[0]!]).toEqual([3, 12, 48]);
  });

  it("folds what is known, also axes that follow, and keeps names", () => {
    const bound = bindKernel(windows(), {
      sizes: { W: 7, K: 1 },
      attrs: { "stride.y": 1 },
      options: { reduce: 1 },
    });
    expect(dumpKernel(bound)).toMatchInlineSnapshot(`
      "kernel test.forward  (test.ts:1)
      tensor a[W] data
      tensor window[K] data
      attr stride pair
      attr reduce choice of sum | mean
      axis M = 7
      demand W == 7 else "this kernel is built for W = 7"
      demand K == 1 else "this kernel is built for K = 1"
      demand stride.y == 1 else "this kernel is built for stride.y = 1"
      demand option reduce == 1 else "this kernel is built for reduce = mean"

      stage out[m < 7]
        total = 0.0 + a.zero[m]
        = total

      result out
      "
    `);
    expect(bound.bound).toEqual({
      sizes: { W: 7, K: 1, M: 7 },
      attrs: { "stride.y": 1 },
      options: { reduce: 1 },
    });
    const open = bindKernel(windows(), { options: { reduce: 1 } });
    expect(dumpKernel(open)).toContain("total / acc(K)");
    expect(dumpKernel(open)).not.toContain("?");
  });

  it("makes a kernel refuse what it was not built for", () => {
    const bound = bindKernel(windows(), { options: { reduce: 1 }, attrs: { "stride.y": 2 } });
    expect(() => run(bound, 0)).toThrow("this kernel is built for reduce = 1, not 0");
    const other = () =>
      interpretKernel(bound, inputs, { W: 7, K: 2 }, { ...attrs, "stride.y": 1 }, { reduce: 1 });
    expect(other).toThrow("this kernel is built for stride.y = 2, not 1");
  });

  it("accumulates what is bound, and goes with owner splits in either order", () => {
    const twice = bindKernel(bindKernel(windows(), { sizes: { K: 2 } }), {
      attrs: { "stride.y": 2 },
    });
    expect(twice.bound).toEqual({ sizes: { K: 2 }, attrs: { "stride.y": 2 }, options: {} });
    const s = { C: 6, I: 3, O: 4, G: 3, P: 2 };
    const expected = interpretKernel(grouped(), groupedInputs(s), s, {}, {});
    for (const sizes of [s, { C: 6 }, { G: 3, I: 3 }]) {
      const kernels = [
        splitOwners(bindKernel(grouped(), { sizes })),
        bindKernel(splitOwners(grouped()), { sizes }),
      ];
      for (const kernel of kernels)
        expect(interpretKernel(kernel, groupedInputs(s), s, {}, {})).toEqual(expected);
    }
    const single = bindKernel(grouped(), { sizes: { C: 4, I: 4, G: 1 } });
    expect(dumpKernel(single)).not.toContain("owner");
  });

  it("refuses names and values there are not", () => {
    expect(() => bindKernel(product(), { sizes: { Q: 1 } })).toThrow(
      "there is no axis Q to bind; there are: M, K, N",
    );
    expect(() => bindKernel(product(), { sizes: { M: 1.5 } })).toThrow("a size is a whole number");
    expect(() => bindKernel(windows(), { attrs: { stride: 1 } })).toThrow(
      "there is no attribute stride to bind; there are: stride.y, stride.x",
    );
    expect(() => bindKernel(windows(), { options: { reduce: 2 } })).toThrow(
      "option reduce has values 0 to 1, not 2",
    );
    expect(() => bindKernel(grouped(), { sizes: { C: 6, I: 4 } })).toThrow("cannot be bound so");
    expect(() =>
      bindKernel(windows(), { sizes: { W: 7, M: 2 }, attrs: { "stride.y": 2 } }),
    ).toThrow("axis M is bound to 2, but the other sizes make it 3");
  });
});

describe("simplify", () => {
  it("is exact: it leaves a real 0 * x and x - x alone", () => {
    const [x, n] = [attr("x", "coord"), size("N")];
    const zero = make("mul", x, int(0));
    expect(simplify(zero)).toBe(zero);
    const none = make("sub", x, x);
    expect(simplify(none)).toBe(none);
    expect(simplify(make("mul", n, int(0)))).toBe(int(0));
    expect(simplify(make("sub", n, n))).toBe(int(0));
    expect(simplify(make("add", make("sub", n, int(3)), int(1)))).toBe(make("sub", n, int(2)));
    expect(simplify(make("sub", make("add", n, int(3)), int(3)))).toBe(n);
  });
});
