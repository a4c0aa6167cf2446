import { describe, expect, it } from "vitest";
import { prepareNest } from "../../generators/emit/prepare.ts";
import { nameRegisters } from "../../generators/emit/registers.ts";
import type { Capabilities } from "../../generators/emit/target.ts";
import { vectorise } from "../../generators/emit/vectorise.ts";
import { writeOutLoops } from "../../generators/emit/writeOut.ts";
import { type Block, i32, type Nest, type NestExpr, type Width } from "../../generators/ir/nest.ts";
import { findPlanFaults } from "../../generators/ir/nestCheck.ts";
import { dumpBlock, dumpNest } from "../../generators/ir/nestDump.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { programOf } from "./emit.fixtures.ts";
import {
  accumulate,
  buffer,
  f32,
  letBe,
  load,
  local,
  loop,
  op,
  set,
  store,
  v,
  when,
} from "./nest.fixtures.ts";
import { blockedProduct, multiply, planWith, withNests } from "./vectors.fixtures.ts";

const sizes = { M: 2, N: 3, K: 5, A: 60, B: 240, C: 576 };
const numbers = (n: number, step: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * step) % 17) - 8);
const a = numbers(12 * 5, 7);
const b = numbers(5 * 48, 5);
const expected = multiply(a, b, 5);
const run = { mode: "f64", order: "shuffled", poison: true } as const;

describe("a block of 6 by 16 registers", () => {
  const plan = blockedProduct();

  it("is a well formed plan, and means a product of matrices", () => {
    expect(findPlanFaults(plan)).toEqual([]);
    expect([...interpretPlan(plan, { a, b }, sizes, {}, run).c!]).toEqual(expected);
  });

  it.each([1, 2, 4, 8, 16] as const)("means the same in vectors of %i", (vectors) => {
    const capabilities = { ...js.capabilities, vectors };
    const written = withNests(plan, (nest) => prepareNest(nest, capabilities));
    expect(findPlanFaults(written)).toEqual([]);
    expect([...interpretPlan(written, { a, b }, sizes, {}, run).c!]).toEqual(expected);
    const [step] = written.steps;
    const text = step?.kind === "launch" ? dumpNest(step.nest) : "";
    expect(text).not.toMatch(/\b(unroll|vector|register)\b/);
    const multiplied = text.match(/^ *acc_\d+ = acc_\d+ \+/gm)?.length;
    expect(multiplied).toBe((6 * 16) / vectors);
  });

  it("runs as JavaScript, which has numbers only", async () => {
    const program = programOf(plan, js);
    expect(program.source).toContain("acc_95 +=");
    const out = await openJs().run(program, { inputs: { a, b }, scalars: sizes });
    expect([...out.c!]).toEqual(expected);
  });

  it("is printed as an author of schedules reads it", () => {
    const small = blockedProduct(2, 8);
    const written = withNests(small, (n) => prepareNest(n, { ...js.capabilities, vectors: 4 }));
    const [step] = written.steps;
    if (step?.kind !== "launch") throw new Error("a launch was expected");
    expect(dumpNest(step.nest)).toMatchInlineSnapshot(`
      "nest product(M: i32, N: i32, K: i32)  group 1
        global a[M * 2 * K] f32 read strides 1
        global b[K * (N * 8)] f32 read strides 1
        global c[M * 2 * (N * 8)] f32 write strides 1
        global panel[K * 8] f32 update strides 1 of each worker
        parallel p in 0 .. N
          let first: i32 = p * 8
          serial k in 0 .. K
            let from: i32 = k * (N * 8) + first
            panel[k * 8 .. +4] = b[from .. +4]
            panel[k * 8 + 4 .. +4] = b[from + 4 .. +4]
          serial q in 0 .. M
            var acc_0: f32x4 = 0.0
            var acc_1: f32x4 = 0.0
            var acc_2: f32x4 = 0.0
            var acc_3: f32x4 = 0.0
            serial k in 0 .. K
              let row_0: f32x4 = panel[k * 8 .. +4]
              let row_1: f32x4 = panel[k * 8 + 4 .. +4]
              let left_0: f32 = a[q * 2 * K + k]
              acc_0 = acc_0 + left_0 * row_0
              acc_1 = acc_1 + left_0 * row_1
              let left_1: f32 = a[(q * 2 + 1) * K + k]
              acc_2 = acc_2 + left_1 * row_0
              acc_3 = acc_3 + left_1 * row_1
            let to_0: i32 = q * 2 * (N * 8) + first
            c[to_0 .. +4] = acc_0
            c[to_0 + 4 .. +4] = acc_1
            let to_1: i32 = (q * 2 + 1) * (N * 8) + first
            c[to_1 .. +4] = acc_2
            c[to_1 + 4 .. +4] = acc_3
      "
    `);
  });
});

/** One launch over `x` and `y` of 16 elements and 4 registers. */
const nestOf = (body: Block, more: Partial<Nest> = {}): Nest => ({
  name: "small",
  scalars: [{ name: "N", type: "i32" }],
  constants: [],
  buffers: [
    buffer("x", "global", "read", 16),
    buffer("y", "global", "write", 16),
    buffer("r", "register", "update", 8),
  ],
  group: 1,
  body,
  ...more,
});

const text = (nest: Nest): string => dumpBlock(nest.body).join("\n");
const means = (nest: Nest): number[] => {
  const x = Float32Array.from({ length: 16 }, (_, i) => i - 3);
  const plan = planWith(nest);
  expect(findPlanFaults(plan)).toEqual([]);
  return [...interpretPlan(plan, { x }, { N: 4, X: 16, Y: 16 }, {}, { ...run, poison: false }).y!];
};
const prepared = (nest: Nest, vectors: Width): Nest =>
  prepareNest(nest, { ...js.capabilities, vectors } satisfies Capabilities);
/** Prepares, and demands that what it means stays. */
const kept = (nest: Nest, vectors: Width): string => {
  const after = prepared(nest, vectors);
  expect(means(after)).toEqual(means(nest));
  return text(after);
};

describe("vectors", () => {
  it("choose lane by lane, and keep numbers that all lanes share", () => {
    const nest = nestOf([
      loop("serial", "k", 2, [
        loop("vector", "j", 8, [
          letBe("scale", load("x", v("k"))),
          letBe("at", op("add", op("mul", v("k"), i32(8)), v("j"))),
          letBe("value", load("x", v("at"))),
          letBe("below", op("lt", v("value", "f32"), v("scale", "f32"))),
          local("z", f32(0)),
          set("z", {
            kind: "select",
            cond: v("below", "bool"),
            then: v("value", "f32"),
            else: v("scale", "f32"),
          }),
          store("y", v("at"), op("mul", v("z", "f32"), f32(2))),
        ]),
      ]),
    ]);
    expect(kept(nest, 4)).toMatchInlineSnapshot(`
      "serial k in 0 .. 2
        let scale: f32 = x[k]
        let at: i32 = k * 8
        let value_0: f32x4 = x[at .. +4]
        let below_0: boolx4 = value_0 < scale
        var z_0: f32x4 = 0.0
        z_0 = below_0 ? value_0 : scale
        y[at .. +4] = z_0 * 2.0
        let value_4: f32x4 = x[at + 4 .. +4]
        let below_4: boolx4 = value_4 < scale
        var z_4: f32x4 = 0.0
        z_4 = below_4 ? value_4 : scale
        y[at + 4 .. +4] = z_4 * 2.0"
    `);
    expect(kept(nest, 8)).toMatchInlineSnapshot(`
      "serial k in 0 .. 2
        let scale: f32 = x[k]
        let at: i32 = k * 8
        let value: f32x8 = x[at .. +8]
        let below: boolx8 = value < scale
        var z: f32x8 = 0.0
        z = below ? value : scale
        y[at .. +8] = z * 2.0"
    `);
  });

  it("of a loop shorter than they are have its lanes", () => {
    const nest = nestOf([loop("vector", "j", 4, [store("y", v("j"), load("x", v("j")))])]);
    expect(kept(nest, 16)).toBe("y[0 .. +4] = x[0 .. +4]");
  });

  it("are not for what a loop over lanes cannot hold", () => {
    const wide = nestOf([loop("vector", "j", 32, [])]);
    expect(() => vectorise(wide, 4)).toThrow("vector j must run from 0 to 4, 8 or 16");
    const inner = nestOf([loop("vector", "j", 4, [when(op("lt", v("N"), i32(3)), [])])]);
    expect(() => vectorise(inner, 4)).toThrow("vector j may hold plain statements only");
  });
});

describe("registers", () => {
  const r = (i: number | NestExpr): NestExpr => load("r", typeof i === "number" ? i32(i) : i);

  it("that carry a value from step to step are defined outside", () => {
    const nest = nestOf([
      store("r", i32(0), f32(0)),
      loop("serial", "k", 16, [
        accumulate("r", i32(0), load("x", v("k")), "plain"),
        store("r", i32(1), load("x", v("k"))),
        store("y", v("k"), op("add", r(0), r(1))),
      ]),
    ]);
    expect(kept(nest, 1)).toMatchInlineSnapshot(`
      "var r_0: f32 = 0.0
      serial k in 0 .. 16
        r_0 = r_0 + x[k]
        let r_1: f32 = x[k]
        y[k] = r_0 + r_1"
    `);
  });

  it("that a condition sets first keep what they had", () => {
    const nest = nestOf([
      loop("serial", "k", 16, [
        when(op("eq", v("k"), i32(0)), [store("r", i32(2), f32(5))]),
        accumulate("r", i32(2), f32(1), "plain"),
        store("y", v("k"), r(2)),
      ]),
    ]);
    expect(kept(nest, 1)).toMatchInlineSnapshot(`
      "var r: f32 = 0.0
      serial k in 0 .. 16
        if k == 0
          r = 5.0
        r = r + 1.0
        y[k] = r"
    `);
  });

  it("of vectors give single lanes", () => {
    const nest = nestOf([
      loop("vector", "j", 8, [store("r", v("j"), load("x", v("j")))]),
      store("y", i32(0), op("add", r(0), r(7))),
    ]);
    expect(kept(nest, 4)).toMatchInlineSnapshot(`
      "let r_0: f32x4 = x[0 .. +4]
      let r_1: f32x4 = x[4 .. +4]
      y[0] = r_0.0 + r_1.3"
    `);
  });

  it("stay arrays where an address is not known, or a lane is set", () => {
    const unknown = nestOf([
      loop("vector", "j", 8, [store("r", v("j"), load("x", v("j")))]),
      loop("serial", "k", 8, [store("y", v("k"), r(v("k")))]),
    ]);
    expect(kept(unknown, 4)).toContain("y[k] = r[k]");
    const partly = nestOf([
      loop("vector", "j", 8, [store("r", v("j"), load("x", v("j")))]),
      store("r", i32(3), f32(1)),
      loop("vector", "j2", 8, [store("y", v("j2"), r(v("j2")))]),
    ]);
    expect(kept(partly, 4)).toContain("r[3] = 1.0");
  });
});

describe("loops written out", () => {
  it("know their variables, and rename what they define", () => {
    const nest = nestOf([
      loop("unroll", "u", 2, [loop("unroll", "w", op("add", v("u"), i32(1)), [])]),
    ]);
    expect(() => writeOutLoops(nest)).not.toThrow();
    const named = nestOf([
      loop("serial", "k", 4, [
        loop("unroll", "u", 4, [
          letBe("at", op("add", op("mul", v("k"), i32(4)), v("u"))),
          letBe("twice", op("mul", v("u"), i32(2))),
          when(
            op("lt", v("u"), i32(2)),
            [store("y", v("at"), load("x", v("at")))],
            [store("y", v("at"), op("add", load("x", v("twice")), f32(1)))],
          ),
        ]),
      ]),
    ]);
    const after = text(nameRegisters(writeOutLoops(named)));
    expect(means(writeOutLoops(named))).toEqual(means(named));
    expect(after).toMatchInlineSnapshot(`
      "serial k in 0 .. 4
        let at_0: i32 = k * 4
        y[at_0] = x[at_0]
        let at_1: i32 = k * 4 + 1
        y[at_1] = x[at_1]
        let at_2: i32 = k * 4 + 2
        y[at_2] = x[4] + 1.0
        let at_3: i32 = k * 4 + 3
        y[at_3] = x[6] + 1.0"
    `);
  });
});
