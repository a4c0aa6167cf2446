// Small kernels built by hand, and the values they must have.

import { freshLoop, make, partOf, reduce, select } from "../../generators/ir/build.ts";
import {
  constant,
  type Expr,
  index,
  int,
  type Loop,
  loop,
  read,
  size,
} from "../../generators/ir/expr.ts";
import type { DemandDecl, Kernel, Stage, TensorDecl } from "../../generators/ir/kernel.ts";

/** The loops of a domain over whole axes, at a level above everything inside. */
export const domainOf = (axes: readonly string[], level = 9): Loop[] =>
  axes.map((axis, d) =>
    loop({ axis, lo: int(0), hi: size(axis), level: level + axes.length - d, cover: false }),
  );

export const whole = (axis: string): Loop => freshLoop(axis, int(0), size(axis));
export const num = (value: number): Expr => constant(value, "acc");

/** A read of a tensor of data at positions along its axes. */
export const data = (
  from: string,
  axes: string,
  at: readonly Expr[],
  border: "inside" | "zero" | "clamp" = "inside",
): Expr => read({ from, type: "data", axes: axes.split(" "), at, border, part: 0 });

/** A read of part `part` of a stage's element. */
export const staged = (
  from: string,
  at: readonly Expr[],
  part = 0,
  type: "acc" | "int" = "acc",
): Expr => read({ from, type, axes: [], at, border: "inside", part });

export const tensorDecl = (name: string, dims: string): TensorDecl => ({
  name,
  dims: [...dims.matchAll(/\(([^)]*)\)|\S+/g)].map((m) => (m[1] ?? m[0]).split(" ")),
  type: "data",
  optional: false,
  doc: "",
});

/** A kernel of the given stages whose last one is the result. */
export function kernelOf(
  tensors: readonly TensorDecl[],
  stages: readonly Stage[],
  more: Partial<Kernel> = {},
): Kernel {
  return {
    operator: "test",
    role: "forward",
    present: [],
    tensors,
    attrs: [],
    axes: [],
    demands: [],
    indices: [],
    stages,
    outputs: [stages.at(-1)!.name],
    names: new Map(),
    source: { file: "test.ts", line: 1, column: 1 },
    ...more,
  };
}

/** out[m, n] = sum over k of a[m, k] * b[k, n], with a tile of names. */
export function product(): Kernel {
  const [m, n] = domainOf(["M", "N"]) as [Loop, Loop];
  const k = whole("K");
  const body = make(
    "mul",
    data("a", "M K", [index(m), index(k)]),
    data("b", "K N", [index(k), index(n)]),
  );
  const total = partOf(reduce("sum", [k], [body], [num(0)]), 0);
  return kernelOf(
    [tensorDecl("a", "M K"), tensorDecl("b", "K N")],
    [{ kind: "gather", name: "out", domain: [m, n], dims: [1, 1], parts: [total] }],
    {
      names: new Map<Expr | Loop, string>([
        [m, "row"],
        [n, "col"],
        [total, "total"],
      ]),
    },
  );
}

/**
 * Per row of a: the largest element and where it is, kept as a tuple; then the value plus its
 * index.
 */
export function argmax(): Kernel {
  const [m] = domainOf(["M"]) as [Loop];
  const k = whole("K");
  const value = data("a", "M K", [index(m), index(k)]);
  const best = reduce("max", [k], [value, index(k)], [num(0), int(-1)]);
  const [row] = domainOf(["M"]) as [Loop];
  const out = make("add", staged("best", [index(row)]), staged("best", [index(row)], 1, "int"));
  return kernelOf(
    [tensorDecl("a", "M K")],
    [
      {
        kind: "gather",
        name: "best",
        domain: [m],
        dims: [1],
        parts: [partOf(best, 0), partOf(best, 1)],
      },
      { kind: "gather", name: "out", domain: [row], dims: [1], parts: [out] },
    ],
    { outputs: ["best", "out"] },
  );
}

/** Column sums by adding each element of a to its column, where it is positive. */
export function scatterColumns(): Kernel {
  const [m, k] = domainOf(["M", "K"]) as [Loop, Loop];
  const [target] = domainOf(["K"], 30) as [Loop];
  const value = data("a", "M K", [index(m), index(k)]);
  return kernelOf(
    [tensorDecl("a", "M K")],
    [
      {
        kind: "scatter",
        name: "out",
        domain: [m, k],
        shape: [target],
        dims: [1],
        at: [index(k)],
        when: make("lt", num(0), value),
        values: [make("mul", value, num(1))],
      },
    ],
  );
}

/**
 * A grouped product whose groups (2) and inner groups (G) are found through owners:
 * out[o, p] = sum over i of w[o, i] * col[member(owner(o, O, groups), i, C, groups), p],
 * col[c, p] = a[c, p] * s[owner(c, C, G), p].
 */
export function grouped(): Kernel {
  const [c, p] = domainOf(["C", "P"]) as [Loop, Loop];
  const g = make("owner", index(c), size("C"), size("G"));
  const column = make(
    "mul",
    data("a", "C P", [index(c), index(p)]),
    data("s", "G P", [g, index(p)]),
  );
  const [o, q] = domainOf(["O", "P"]) as [Loop, Loop];
  const i = whole("I");
  const group = make("owner", index(o), size("O"), size("groups"));
  const at = make("member", group, index(i), size("C"), size("groups"));
  const term = make("mul", data("w", "O I", [index(o), index(i)]), staged("col", [at, index(q)]));
  const total = partOf(reduce("sum", [i], [term], [num(0)]), 0);
  return kernelOf(
    [tensorDecl("a", "C P"), tensorDecl("s", "G P"), tensorDecl("w", "O I")],
    [
      { kind: "gather", name: "col", domain: [c, p], dims: [1, 1], parts: [column] },
      { kind: "gather", name: "out", domain: [o, q], dims: [1, 1], parts: [total] },
    ],
    {
      axes: [{ axis: "groups", size: make("idiv", size("C"), size("I")) }],
      demands: [
        demand(size("C"), size("I"), "I does not divide {C}"),
        demand(size("O"), make("idiv", size("C"), size("I")), "the groups do not divide {O}"),
        demand(size("C"), size("G"), "G does not divide {C}"),
      ],
      names: new Map<Expr | Loop, string>([
        [g, "g"],
        [c, "c"],
        [total, "taps"],
      ]),
    },
  );
}

const demand = (whole: Expr, by: Expr, otherwise: string): DemandDecl => ({
  holds: make("eq", make("mod", whole, by), int(0)),
  otherwise,
});

/** Arrays for `grouped`, of the sizes given. */
export function groupedInputs(s: { C: number; O: number; I: number; G: number; P: number }) {
  return {
    a: { shape: [s.C, s.P], data: noise(s.C * s.P) },
    s: { shape: [s.G, s.P], data: noise(s.G * s.P, 5) },
    w: { shape: [s.O, s.I], data: noise(s.O * s.I, 9) },
  };
}

export { make, select };

/** `n` numbers that are not regular, from -1 to 1, the same in each run. */
export function noise(n: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) as number;
  });
}
