import { describe, expect, it } from "vitest";
import { dumpKernel } from "../../generators/ir/dump.ts";
import { type Expr, index, type Loop } from "../../generators/ir/expr.ts";
import { dumpPlan } from "../../generators/ir/nestDump.ts";
import {
  argmax,
  data,
  domainOf,
  kernelOf,
  make,
  num,
  product,
  scatterColumns,
  select,
  tensorDecl,
} from "./ir.fixtures.ts";
import { tileSums } from "./nest.fixtures.ts";

describe("dumpKernel", () => {
  it("shows a reduction under its head, with the author's names", () => {
    expect(dumpKernel(product())).toMatchInlineSnapshot(`
      "kernel test.forward  (test.ts:1)
      tensor a[M, K] data
      tensor b[K, N] data

      stage out[row < M, col < N]
        total = sum over k < K from 0.0
          a[row, k] * b[k, col]
        = total

      result out
      "
    `);
  });

  it("shows tuples and scatters", () => {
    expect(dumpKernel(argmax())).toMatchInlineSnapshot(`
      "kernel test.forward  (test.ts:1)
      tensor a[M, K] data

      stage best[m < M]
        max = max over k < K from 0.0, -1
          t = a[m, k]
          t, k
        = max.0, max.1

      stage out[m < M]
        = best[m] + acc(best[m].1)

      result best, out
      "
    `);
    expect(dumpKernel(scatterColumns())).toMatchInlineSnapshot(`
      "kernel test.forward  (test.ts:1)
      tensor a[M, K] data

      scatter into out[k2 < K] for m < M, k < K
        if 0.0 < a[m, k]
          out[k] += a[m, k]

      result out
      "
    `);
  });

  it("gives a value used twice a line, equal names a number, and keeps precedence visible", () => {
    const [m] = domainOf(["M"]) as [Loop];
    const a = data("a", "M", [index(m)], "zero");
    const y = make("sub", a, make("sub", num(1), num(-0)));
    const other = make("mul", make("add", a, num(0.5)), make("neg", y));
    const both = select(make("and", make("lt", y, num(2)), make("lt", num(-1), y)), other, num(0));
    const kernel = kernelOf(
      [tensorDecl("a", "M")],
      [{ kind: "gather", name: "out", domain: [m], dims: [1], parts: [both] }],
      {
        names: new Map<Expr | Loop, string>([
          [y, "y"],
          [other, "y"],
        ]),
      },
    );
    expect(dumpKernel(kernel)).toMatchInlineSnapshot(`
      "kernel test.forward  (test.ts:1)
      tensor a[M] data

      stage out[m < M]
        t = a.zero[m]
        y = t - 1.0
        y2 = (t + 0.5) * -y
        = y < 2.0 && -1.0 < y ? y2 : 0.0

      result out
      "
    `);
  });
});

describe("dumpPlan", () => {
  it("shows loops with their kinds, guards and barriers", () => {
    expect(dumpPlan(tileSums())).toMatchInlineSnapshot(`
      "plan test.forward test
      size N: i32
      input global a[N] f32 read strides 1
      output global out[idiv(N + 3, 4)] f32 write strides 1

      launch idiv(N + 3, 4) groups of nest tile_sums(N: i32)  group 4
        global a[N] f32 read strides 1
        global out[idiv(N + 3, 4)] f32 write strides 1
        shared tile[4] f32 update strides 1
        grid g in 0 .. idiv(N + 3, 4)
          group t in 0 .. 4
            let i: i32 = g * 4 + t
            if i < N
              tile[t] = a[i]
            else
              tile[t] = 0.0
            barrier
            if t == 0
              var total: f32 = 0.0
              serial k in 0 .. 4
                total = total + tile[k]
              out[g] = total
      "
    `);
  });
});
