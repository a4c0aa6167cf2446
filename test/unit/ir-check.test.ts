import { describe, expect, it } from "vitest";
import { freshLoop, partOf } from "../../generators/ir/build.ts";
import { checkKernel, findKernelFaults } from "../../generators/ir/check.ts";
import {
  attr,
  cast,
  type Expr,
  index,
  int,
  type Loop,
  loop,
  op,
  option,
  read,
  reduceNode,
  select,
  size,
} from "../../generators/ir/expr.ts";
import type { Kernel, Stage } from "../../generators/ir/kernel.ts";
import {
  argmax,
  data,
  domainOf,
  grouped,
  kernelOf,
  num,
  product,
  scatterColumns,
  staged,
  tensorDecl,
} from "./ir.fixtures.ts";

const [m] = domainOf(["M"]) as [Loop];
const a = data("a", "M", [index(m)]);

/** What is wrong with a kernel whose only element is `e`. */
const faultsOf = (e: Expr, more: Partial<Extract<Stage, { kind: "gather" }>> = {}): string[] => {
  const stage: Stage = { kind: "gather", name: "out", domain: [m], dims: [1], parts: [e], ...more };
  return findKernelFaults(kernelOf([tensorDecl("a", "M")], [stage])).map((fault) => fault.what);
};
const walk = loop({ axis: "M", lo: int(0), hi: size("M"), level: 1, cover: false });
const sumOf = (bodies: readonly Expr[], from: readonly Expr[], over: readonly Loop[] = [walk]) =>
  reduceNode({ kind: "reduce", op: "sum", over, bodies, from });

describe("checkKernel", () => {
  it.each(Object.entries({ product, argmax, grouped, scatterColumns }))("passes %s", (_, make) => {
    expect(findKernelFaults(make())).toEqual([]);
  });

  const other = loop({ ...m, level: 77 });
  const wrong: readonly (readonly [string, Expr, string])[] = [
    ["mixed kinds", op("add", num(1), int(1)), "add takes operands of one kind, not acc and int"],
    ["arithmetic on data", op("add", a, a), "add takes int or coord or acc, not data"],
    ["a test as number", op("lt", int(1), int(2)), "a value is bool, but must be a number"],
    [
      "a number as condition",
      select(int(1), num(1), num(2)),
      "a condition is int, but must be bool",
    ],
    [
      "sides that differ",
      select(op("lt", int(1), int(2)), num(1), int(2)),
      "a select's sides are acc and int",
    ],
    ["a cast down", cast("int", num(1.5)), "acc cannot be cast down to int"],
    ["an unbound index", index(other), "the index of M is used outside its loop"],
    ["an unknown size", size("Q"), "there is no axis Q"],
    ["an unknown attribute", attr("stride.y", "int"), "no int attribute stride.y"],
    ["an unknown option", option("mode"), "there is no option mode"],
    ["too few positions", data("a", "M", []), "a has 1 axes, but is read at 0 positions"],
    ["a real position", data("a", "M", [num(0)]), "a is read at a position that is acc"],
    [
      "an unknown tensor",
      data("b", "M", [int(0)]),
      "b is read, but is no tensor given or earlier stage",
    ],
    ["itself", staged("out", [index(m)]), "out is read, but is no tensor given or earlier stage"],
    [
      "another kind than stored",
      read({ from: "a", type: "coord", axes: ["M"], at: [int(0)], border: "inside", part: 0 }),
      "a holds data, but is read as coord",
    ],
    ["a part there is not", staged("a", [int(0)], 1), "a has 1 parts, no part 1"],
    [
      "more bodies than starts",
      partOf(sumOf([num(1), num(2)], [num(0)]), 0),
      "a sum has 2 bodies and 1 starts",
    ],
    [
      "a start of another kind",
      partOf(sumOf([num(1)], [int(0)]), 0),
      "part 0 of a sum is acc, but starts as int",
    ],
    ["a part beyond", partOf(sumOf([num(1)], [num(0)]), 1), "a sum of 1 parts has no 1"],
    [
      "one loop twice",
      partOf(sumOf([num(1)], [num(0)], [walk, walk]), 0),
      "a sum walks one loop twice",
    ],
    [
      "a loop that is no variable yet",
      partOf(sumOf([num(1)], [num(0)], [freshLoop("M", int(0), int(2))]), 0),
      "a sum has a loop of no level",
    ],
    [
      "a real bound",
      partOf(sumOf([num(1)], [num(0)], [loop({ ...walk, hi: num(2) })]), 0),
      "a bound of a sum is acc, but must be int",
    ],
  ];
  it.each(wrong)("finds %s", (_, e, what) => {
    expect(faultsOf(e)).toContain(`stage out: ${what}`);
  });

  it("finds wrong domains, scatters, stages and results", () => {
    expect(faultsOf(num(1), { dims: [2] })).toEqual([
      "stage out: its dimensions group 2 loops, but it has 1",
    ]);
    expect(faultsOf(num(1), { domain: [m, m], dims: [2] })).toContain(
      "stage out: one loop stands twice in the domain",
    );
    expect(faultsOf(num(1), { domain: [loop({ ...m, lo: int(1) })] })).toEqual([
      "stage out: the domain's loop over M does not start at 0",
    ]);
    expect(faultsOf(num(1), { parts: [] })).toContain("stage out: it has no parts");
    const kernel = scatterColumns();
    const scatter = kernel.stages[0] as Extract<Stage, { kind: "scatter" }>;
    const faults = (stage: Stage, more: Partial<Kernel> = {}) =>
      findKernelFaults({ ...kernel, stages: [stage], ...more }).map((fault) => fault.what);
    expect(faults({ ...scatter, at: [] })).toEqual(["stage out: it adds at 0 positions of 1 axes"]);
    expect(faults({ ...scatter, when: int(1) })).toEqual([
      "stage out: a value is int, but must be bool",
    ]);
    expect(faults(scatter, { outputs: ["none"] })).toEqual(["no stage computes the result none"]);
    expect(faults({ ...scatter, name: "a" }, { outputs: [] })).toEqual(["a is defined twice"]);
    expect(faults(scatter, { axes: [{ axis: "Q", size: num(1) }] })).toEqual([
      "axis Q: a value is acc, but must be int",
    ]);
  });

  it("says after what, and shows the stage", () => {
    const stage: Stage = {
      kind: "gather",
      name: "out",
      domain: [m],
      dims: [1],
      parts: [size("Q")],
    };
    const check = () => checkKernel(kernelOf([tensorDecl("a", "M")], [stage]), "autodiff");
    expect(check).toThrowErrorMatchingInlineSnapshot(`
      [Error: after autodiff: stage out: there is no axis Q
      stage out[m < M]
        = Q]
    `);
  });
});
