// A product of matrices as a schedule would write it: panels of each CPU thread, a block of registers, vectors.

import { i32, type Nest, type NestExpr, type Stmt } from "../../generators/ir/nest.ts";
import type { Plan, PlanBuffer } from "../../generators/ir/plan.ts";
import { accumulate, buffer, f32, letBe, load, loop, op, store, v } from "./nest.fixtures.ts";

const plus = (a: NestExpr, b: NestExpr | number): NestExpr =>
  op("add", a, typeof b === "number" ? i32(b) : b);
const times = (a: NestExpr, b: NestExpr | number): NestExpr =>
  op("mul", a, typeof b === "number" ? i32(b) : b);

/** c = a b, of (6 M, K) and (K, 16 N), in blocks of 6 by 16, with b copied into a panel first. */
export function blockedProduct(rows = 6, columns = 16): Plan {
  const [m, n, k] = [v("M"), v("N"), v("K")];
  const width = times(n, columns);
  const acc = (i: NestExpr): NestExpr => plus(times(i, columns), v("j"));
  const lanes = (body: readonly Stmt[]): Stmt => loop("vector", "j", columns, body);
  const overRows = (body: readonly Stmt[]): Stmt => loop("unroll", "i", rows, body);
  const nest: Nest = {
    name: "product",
    scalars: ["M", "N", "K"].map((name) => ({ name, type: "i32" })),
    constants: [],
    buffers: [
      buffer("a", "global", "read", times(times(m, rows), k)),
      buffer("b", "global", "read", times(k, width)),
      buffer("c", "global", "write", times(times(m, rows), width)),
      { ...buffer("panel", "global", "update", times(k, columns)), perWorker: true },
      buffer("acc", "register", "update", rows * columns),
      buffer("row", "register", "update", columns),
    ],
    group: 1,
    body: [
      loop("parallel", "p", n, [
        letBe("first", times(v("p"), columns)),
        loop("serial", "k", k, [
          lanes([
            letBe("from", plus(plus(times(v("k"), width), v("first")), v("j"))),
            store("panel", plus(times(v("k"), columns), v("j")), load("b", v("from"))),
          ]),
        ]),
        loop("serial", "q", m, [
          overRows([lanes([store("acc", acc(v("i")), f32(0))])]),
          loop("serial", "k", k, [
            lanes([store("row", v("j"), load("panel", plus(times(v("k"), columns), v("j"))))]),
            overRows([
              letBe("left", load("a", plus(times(plus(times(v("q"), rows), v("i")), k), v("k")))),
              lanes([
                accumulate(
                  "acc",
                  acc(v("i")),
                  op("mul", v("left", "f32"), load("row", v("j"))),
                  "plain",
                ),
              ]),
            ]),
          ]),
          overRows([
            letBe("to", plus(times(plus(times(v("q"), rows), v("i")), width), v("first"))),
            lanes([store("c", plus(v("to"), v("j")), load("acc", acc(v("i"))))]),
          ]),
        ]),
      ]),
    ],
  };
  return planWith(nest);
}

/**
 * A plan of one launch over the global buffers of a nest, each with an axis that is called as it is; what each CPU
 * thread has is a workspace.
 */
export function planWith(nest: Nest): Plan {
  const own = nest.buffers.filter(({ place, perWorker }) => place === "global" && !perWorker);
  return {
    operator: nest.name,
    role: "forward",
    name: nest.name,
    present: [],
    scalars: [
      ...nest.scalars.map((s) => ({ ...s, from: "size" }) as const),
      ...own.map(({ name }) => ({ name: name.toUpperCase(), type: "i32", from: "size" }) as const),
    ],
    options: [],
    buffers: nest.buffers
      .filter(({ place }) => place === "global")
      .map((b): PlanBuffer => {
        const role = b.perWorker ? "workspace" : b.access === "read" ? "input" : "output";
        return { ...b, role, axes: role === "workspace" ? [] : [[b.name.toUpperCase()]] };
      }),
    sizes: [],
    steps: [{ kind: "launch", nest, groups: i32(1) }],
  };
}

/** `plan` with something done to each of its nests. */
export const withNests = (plan: Plan, change: (nest: Nest) => Nest): Plan => ({
  ...plan,
  steps: plan.steps.map((s) => (s.kind === "launch" ? { ...s, nest: change(s.nest) } : s)),
});

/** The product by plain loops. */
export function multiply(a: ArrayLike<number>, b: ArrayLike<number>, k: number): number[] {
  const [rows, columns] = [a.length / k, b.length / k];
  return Array.from({ length: rows * columns }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < k; p++)
      sum += a[Math.floor(at / columns) * k + p]! * b[p * columns + (at % columns)]!;
    return sum;
  });
}
