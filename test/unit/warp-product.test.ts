// Products of matrices that warps compute: what the loop says, what CUDA's instruction is simulated to do, and
// what of them is refused.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  i32,
  type Nest,
  type NestExpr,
  type Stmt,
  type WarpProduct,
} from "../../generators/ir/nest.ts";
import { findNestFaults } from "../../generators/ir/nestCheck.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { columnOf, placeOf, rowOf, stepOf } from "../../generators/ir/warpProduct.ts";
import { narrow } from "../../targets/contract/half.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { compileWithNvcc } from "../../targets/cuda/nvcc.ts";
import { openPtx } from "../../targets/cuda/ptx/executor.ts";
import { cuda } from "../../targets/cuda/target.ts";
import { findNvcc } from "../../targets/native/compilers.ts";
import { randomFrom } from "../declarations/compare.ts";
import { programOf } from "./emit.fixtures.ts";
import { letBe, load, loop, op, store, v } from "./nest.fixtures.ts";

// Two warps below each other: y = a b over 32 steps, of 32 rows and 16 columns.
const [M, P, K, threads, stride] = [32, 16, 32, 64, 40];
const add = (...e: readonly NestExpr[]): NestExpr => e.reduce((a, b) => op("add", a, b));
const times = (e: NestExpr, n: number): NestExpr => op("mul", e, i32(n));

type Type = "f16" | "bf16";

function makePlan(type: Type, change: (product: WarpProduct) => WarpProduct = (p) => p): Plan {
  const buffer = (
    name: string,
    place: "global" | "shared" | "register",
    n: number,
    narrow = false,
  ) => ({
    ...{ name, place, dtype: narrow ? type : ("f32" as const) },
    access: name === "a" || name === "b" ? ("read" as const) : ("update" as const),
    ...{ shape: [i32(n)], strides: [i32(1)] },
  });
  const warp = op("quot", v("t"), i32(32));
  const fill = (from: string, to: string, rows: number): Stmt =>
    loop("serial", `r_${to}`, (rows * K) / threads, [
      letBe(`i_${to}`, add(v("t"), times(v(`r_${to}`), threads))),
      store(
        to,
        add(times(op("quot", v(`i_${to}`), i32(K)), stride), op("rem", v(`i_${to}`), i32(K))),
        {
          kind: "cast",
          to: type,
          arg: load(from, v(`i_${to}`)),
        },
      ),
    ]);
  const product: WarpProduct = change({
    ...{ rows: 16, columns: 16, acc: "acc", lane: op("rem", v("t"), i32(32)) },
    f: { buffer: "f", address: add(times(warp, 16 * stride), times(v("part"), 16)), stride },
    s: { buffer: "s", address: times(v("part"), 16), stride },
  });
  const multiply: Stmt = {
    ...{ kind: "for", variable: "step", lo: i32(0), hi: i32(16), by: "unroll", product },
    body: stepOf(product, type, v("step"), ["i", "j"]),
  };
  const lane = op("rem", v("t"), i32(32));
  const place = add(times(add(times(warp, 16), rowOf(lane, v("i2"))), P), columnOf(lane, v("j2")));
  const nest: Nest = {
    name: "product",
    ...{ scalars: [], constants: [], group: threads },
    buffers: [
      buffer("a", "global", M * K),
      buffer("b", "global", P * K),
      buffer("y", "global", M * P),
      buffer("f", "shared", M * stride, true),
      buffer("s", "shared", P * stride, true),
      buffer("acc", "register", 8),
    ],
    body: [
      loop("grid", "g", 1, [
        loop("group", "t", threads, [
          loop("unroll", "q", 8, [store("acc", v("q"), { kind: "const", type: "f32", value: 0 })]),
          fill("a", "f", M),
          fill("b", "s", P),
          { kind: "barrier" },
          loop("serial", "part", K / 16, [multiply]),
          loop("unroll", "i2", 2, [
            loop("unroll", "j2", 4, [
              store("y", place, load("acc", placeOf(v("i2"), v("j2"), 16))),
            ]),
          ]),
        ]),
      ]),
    ],
  };
  const sizes: Readonly<Record<string, number>> = { a: M * K, b: P * K, y: M * P };
  const role = (name: string) => (name === "y" ? ("output" as const) : ("input" as const));
  return {
    ...{ operator: "product", role: "forward", name: "product", present: [], scalars: [] },
    ...{ options: [], sizes: [] },
    buffers: nest.buffers
      .filter(({ place }) => place === "global")
      .map((b) => ({ ...b, role: role(b.name), axes: [[String(sizes[b.name])]] })),
    steps: [{ kind: "launch", nest, groups: i32(1) }],
  };
}

const random = randomFrom(5);
const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random() * 4 - 2);
const [a, b] = [draw(M * K), draw(P * K)];

/** What the product is, of rounded factors, in float64. */
function expected(type: Type): readonly number[] {
  const round = (x: number): number => narrow[type].decode(narrow[type].encode(x));
  const [f, s] = [a, b].map((x) => Array.from(x, round)) as [number[], number[]];
  return Array.from({ length: M * P }, (_, at) => {
    const [m, p] = [Math.floor(at / P), at % P];
    return Array.from({ length: K }, (_, k) => f[m * K + k]! * s[p * K + k]!).reduce(
      (x, y) => x + y,
    );
  });
}

const farthest = (x: ArrayLike<number>, y: readonly number[]): number =>
  Math.max(...y.map((value, i) => Math.abs(value - x[i]!)));

const run = { mode: "f32", order: "shuffled", seed: 2, poison: true } as const;
const nestOf = (plan: Plan): Nest => {
  const [step] = plan.steps;
  if (step?.kind !== "launch") throw new Error("a launch");
  return step.nest;
};
const faults = (plan: Plan): readonly string[] => findNestFaults(nestOf(plan)).map((f) => f.what);

describe.each(["f16", "bf16"] as const)("a product of %s", (type) => {
  test("is well formed, and its loop says for each thread what the warp computes", () => {
    const plan = makePlan(type);
    expect(faults(plan)).toEqual([]);
    const { y } = interpretPlan(plan, { a, b }, {}, {}, run);
    expect(farthest(y!, expected(type))).toBeLessThan(K * 2 ** -24 * 64);
  });
});

describe("is refused", () => {
  test.each<[string, (p: WarpProduct) => WarpProduct]>([
    ["no product of 8 rows and 16 columns", (p) => ({ ...p, rows: 8 })],
    ["cannot be 41 apart", (p) => ({ ...p, s: { ...p.s, stride: 41 } })],
    ["a warp adds up in registers", (p) => ({ ...p, acc: "y" })],
    ["are both f16 or both bf16", (p) => ({ ...p, s: { ...p.s, buffer: "b" } })],
  ])("where %s", (what, change) => {
    expect(faults(makePlan("f16", change)).join("\n")).toContain(what);
  });

  test("where the loop says something else", () => {
    const plan = makePlan("f16");
    const text = JSON.stringify(nestOf(plan));
    const [from, to] = ['"columns":16', '"columns":8'];
    expect(text).toContain(from);
    const nest = JSON.parse(text.replace(from, to)) as Nest;
    const said = findNestFaults(nest).map((f) => f.what);
    expect(said.join("\n")).toContain("the loop does not say what the warp's product does");
  });

  test("where threads of a warp name other factors, or another lane", () => {
    const wrong = makePlan("f16", (p) => ({
      ...p,
      f: { ...p.f, address: times(op("rem", v("t"), i32(2)), 16) },
    }));
    expect(() => interpretPlan(wrong, { a, b }, {}, {}, run)).toThrow("name different factors");
    const other = makePlan("f16", (p) => ({ ...p, lane: op("rem", v("t"), i32(16)) }));
    expect(() => interpretPlan(other, { a, b }, {}, {}, run)).toThrow("of its warp's product");
  });
});

describe("on CUDA", { timeout: 120_000 }, async () => {
  const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
  const [simulated, races] = await Promise.all(
    (["simulation", "races"] as const).map((build) => openCuda({ build, cache })),
  );
  afterAll(async () => {
    for (const one of [simulated!, races!]) if (!("unavailable" in one)) await one.close();
    rmSync(cache, { recursive: true, force: true });
  });
  const missing = "unavailable" in simulated!;
  if (missing) console.warn(`Skipped: a warp's product on CUDA. ${simulated.unavailable}`);

  test.skipIf(missing).each(["f16", "bf16"] as const)(
    "fragments of %s are multiplied",
    async (type) => {
      const program = programOf(makePlan(type), cuda);
      expect(program.source).toContain(`multiply_warp_${type}<16, 16>(`);
      for (const executor of [simulated!, races!]) {
        if ("unavailable" in executor) continue;
        const { y } = await executor.run(program, { inputs: { a, b }, scalars: {} });
        expect(farthest(y!, expected(type))).toBeLessThan(K * 2 ** -24 * 64);
      }
    },
  );

  const nvcc = await findNvcc();
  if (!nvcc) console.warn("Skipped: compiling a warp's product needs nvcc and g++.");
  // What nvcc made of it: Turing multiplies half as many steps at a time.
  test.skipIf(!nvcc).each([
    ["f16", 75],
    ["f16", 120],
  ] as const)("PTX of %s for sm_%i multiplies them", async (type, architecture) => {
    const executor = await openPtx({ architecture });
    if ("unavailable" in executor) throw new Error(executor.unavailable);
    try {
      const program = programOf(makePlan(type), cuda);
      const { y } = await executor.run(program, { inputs: { a, b }, scalars: {} });
      expect(farthest(y!, expected(type))).toBeLessThan(K * 2 ** -24 * 64);
    } finally {
      await executor.close();
    }
  });

  test.skipIf(!nvcc)("the instruction compiles, without spills", async () => {
    const { source } = programOf(makePlan("f16"), cuda);
    const found = await compileWithNvcc(source, { architectures: [75, 80, 120] });
    if (!("kernels" in found)) throw new Error(JSON.stringify(found));
    for (const kernels of found.kernels.values())
      for (const { spillStores } of kernels.values()) expect(spillStores).toBe(0);
  });
});
