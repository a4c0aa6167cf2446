import { describe, expect, it } from "vitest";
import { type Block, i32, type Nest, type NestExpr } from "../../generators/ir/nest.ts";
import { interpretPlan, type PlanRun } from "../../generators/ir/nestInterpret.ts";
import { roundHalf } from "../../generators/ir/nestInterpretNumbers.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import {
  accumulate,
  barrier,
  buffer,
  f32,
  letBe,
  load,
  local,
  loop,
  op,
  planOf,
  set,
  store,
  tileSums,
  v,
  when,
} from "./nest.fixtures.ts";

const plain: PlanRun = { mode: "f64", order: "forward", poison: true };
const orders = ["forward", "reverse", "shuffled"] as const;

/** A plan of one nest over `out` (8 elements) and `a` (8 elements), in groups of 4 threads. */
function small(body: Block, more: Partial<Nest> = {}, groups = 2): Plan {
  const nest: Nest = {
    name: "small",
    scalars: [],
    constants: [],
    buffers: [buffer("a", "global", "read", 8), buffer("out", "global", "write", 8)],
    group: 4,
    body: [loop("grid", "g", groups, [loop("group", "t", 4, body)])],
    ...more,
  };
  return planOf(nest, groups);
}
const own = op("add", op("mul", v("g"), i32(4)), v("t"));
const a = [1, 2, 3, 4, 5, 6, 7, 8];
const run = (plan: Plan, how: Partial<PlanRun> = {}, input: readonly number[] = a) =>
  interpretPlan(plan, { a: input }, {}, {}, { ...plain, ...how });

describe("interpretPlan", () => {
  it("runs a tiled sum phase by phase, in every order", () => {
    for (const order of orders)
      for (const seed of [1, 2, 3]) {
        const out = interpretPlan(
          tileSums(),
          { a: [1, 2, 3, 4, 5, 6] },
          { N: 6 },
          {},
          { ...plain, order, seed },
        );
        expect(out).toEqual({ out: Float64Array.of(10, 11) });
      }
  });

  it("finds a missing barrier whatever the order", () => {
    for (const order of orders)
      expect(() =>
        interpretPlan(tileSums({ barrier: false }), { a }, { N: 8 }, {}, { ...plain, order }),
      ).toThrow(/^nest tile_sums, group \d thread \d, at `.*`: race: element \d of tile was/);
  });

  it("finds a barrier that not all threads reach, and two different ones", () => {
    const write = store("out", own, f32(0));
    expect(() => run(small([write, when(op("lt", v("t"), i32(2)), [barrier])]))).toThrow(
      "barrier: threads 0, 1 wait at barrier 1; threads 2, 3 have ended",
    );
    const two = when(op("lt", v("t"), i32(2)), [barrier], [{ kind: "barrier" }]);
    expect(() => run(small([write, two]))).toThrow("wait at barrier 2");
  });

  it("names the buffer and address of a read or write that leaves it", () => {
    const above = op("add", own, i32(1));
    expect(() => run(small([store("out", own, load("a", above))]))).toThrow(
      "nest small, group 1 thread 3, at `out[g * 4 + t] = a[g * 4 + t + 1]`: a is read at address 8, " +
        "but has 8 elements",
    );
    expect(() => run(small([store("out", above, load("a", own))]))).toThrow(
      "out is written at address 8, but has 8 elements",
    );
  });

  it("finds two threads at one element, within a group and between groups", () => {
    expect(() => run(small([store("out", v("t"), f32(1))]))).toThrow(
      "race: element 0 of out was written by group 0 thread 0 and is written by group 1 thread 0",
    );
    expect(() => run(small([store("out", op("idiv", own, i32(2)), f32(1))]))).toThrow(
      "race: element 0 of out was written by group 0 thread 0 and is written by group 0 thread 1",
    );
    const twice = small([accumulate("out", v("t"), f32(1), "plain")]);
    const filled = (plan: Plan): Plan => ({
      ...plan,
      steps: [{ kind: "fill", buffer: "out", value: 0 }, ...plan.steps],
    });
    expect(() => run(filled(twice))).toThrow("race");
    const atomic = filled(small([accumulate("out", v("t"), load("a", own), "atomic")]));
    for (const order of orders)
      expect(run(atomic, { order }).out).toEqual(Float64Array.of(6, 8, 10, 12, 0, 0, 0, 0));
    // A thread's own plain store or read is not undone by its atomic addition.
    const first = when(op("eq", own, i32(0)), [store("out", i32(0), f32(0))]);
    const mixed = filled(small([first, accumulate("out", v("t"), f32(1), "atomic")]));
    const reading = filled({
      ...mixed,
      steps: small([letBe("x", load("out", v("t"))), accumulate("out", v("t"), f32(1), "atomic")], {
        buffers: [buffer("out", "global", "update", 8)],
      }).steps,
    });
    for (const order of orders)
      for (const plan of [mixed, reading])
        expect(() => run(plan, { order })).toThrow(
          /race: element \d of out was .*(added to|written)/,
        );
    expect(() => run(small([accumulate("out", v("t"), f32(1), "atomic")]))).toThrow(
      "element 0 of out is added to, but nothing has set it before",
    );
  });

  it("lets a group's threads use each other's elements across a barrier, but not other groups'", () => {
    const update = { ...buffer("out", "global", "update", 8) };
    const across = (at: NestExpr) => {
      const nest = small([store("out", own, load("a", own)), barrier, letBe("x", load("out", at))]);
      const step = nest.steps[0]!;
      if (step.kind !== "launch") throw new Error("a launch was expected");
      const buffers = [step.nest.buffers[0]!, update];
      return planOf({ ...step.nest, buffers }, 2);
    };
    const within = op("add", op("mul", v("g"), i32(4)), op("sub", i32(3), v("t")));
    expect(run(across(within)).out).toEqual(Float64Array.from(a));
    expect(() => run(across(op("sub", i32(7), own)))).toThrow("race");
  });

  it("finds an output element that nothing writes", () => {
    const odd = small([
      when(op("eq", op("mod", v("t"), i32(2)), i32(0)), [store("out", own, f32(1))]),
    ]);
    expect(() => run(odd)).toThrow("element 1 of out is never written");
    expect(run(odd, { poison: false }).out).toEqual(Float64Array.of(1, 0, 1, 0, 1, 0, 1, 0));
  });

  it("gives registers and shared memory nothing to rely on", () => {
    const buffers = [
      buffer("a", "global", "read", 8),
      buffer("out", "global", "write", 8),
      buffer("r", "register", "update", 2),
    ];
    const plan = small([store("out", own, load("r", i32(1)))], { buffers });
    expect(run(plan).out).toEqual(new Float64Array(8).fill(Number.NaN));
    const kept = small(
      [store("r", i32(1), load("a", own)), barrier, store("out", own, load("r", i32(1)))],
      { buffers },
    );
    expect(run(kept, { order: "shuffled" }).out).toEqual(Float64Array.from(a));
  });

  it("rounds in f32 mode only, and checks integers in both", () => {
    const third = small([store("out", own, op("div", load("a", own), f32(3)))]);
    expect(run(third).out![0]).toBe(1 / 3);
    expect(run(third, { mode: "f32" }).out![0]).toBe(Math.fround(1 / 3));
    const big = op("mul", op("add", own, i32(65536)), i32(32768));
    const overflow = small([letBe("b", big), store("out", own, f32(0))]);
    expect(() => run(overflow)).toThrow("2147483648 does not fit i32");
    const cut = small([letBe("c", { kind: "cast", to: "i32", arg: f32(1.5) })]);
    expect(() => run(cut)).toThrow("1.5 is not a whole number, as i32 must be");
    const back = small([letBe("q", op("quot", op("sub", i32(0), v("t")), i32(2)))]);
    expect(() => run(back)).toThrow("quot of -1 by 2, a negative");
    const none = small([letBe("q", op("mod", v("t"), i32(0)))]);
    expect(() => run(none)).toThrow("mod by 0");
  });

  it("evaluates both sides of a select, but only the taken branch of an if", () => {
    const inside = op("lt", own, i32(7));
    const next = load("a", op("add", own, i32(1)));
    const guarded = when(inside, [store("out", own, next)], [store("out", own, f32(0))]);
    expect(run(small([guarded])).out).toEqual(Float64Array.of(2, 3, 4, 5, 6, 7, 8, 0));
    const eager: NestExpr = { kind: "select", cond: inside, then: next, else: f32(0) };
    expect(() => run(small([store("out", own, eager)]))).toThrow("a is read at address 8");
  });

  it("runs serial, unrolled, vector and parallel loops, and vector loads and stores", () => {
    const vec: NestExpr = { kind: "load", buffer: "a", address: v("i4"), type: "f32", width: 4 };
    const doubled = op("mul", vec, f32(2));
    const sum: NestExpr = { kind: "var", name: "s", type: "f32", lanes: 4 };
    const body: Block = [
      loop("parallel", "p", 2, [
        letBe("i4", op("mul", v("p"), i32(4))),
        { kind: "local", name: "s", type: "f32", lanes: 4, init: doubled },
        loop("unroll", "u", 2, [
          { kind: "set", name: "s", lanes: 4, value: op("add", sum, f32(1)) },
        ]),
        { kind: "store", buffer: "out", address: v("i4"), value: sum, width: 4 },
      ]),
    ];
    const plan = small(body, { group: 1, body }, 1);
    for (const order of orders)
      expect(run(plan, { order }).out).toEqual(Float64Array.of(4, 6, 8, 10, 12, 14, 16, 18));
    const shared = loop("parallel", "p", 2, [
      loop("vector", "j", 8, [store("out", v("j"), f32(0))]),
    ]);
    expect(() => run(small([], { group: 1, body: [shared] }, 1))).toThrow("race: element 0 of out");
  });

  it("runs several launches over a workspace, grids of two loops, and counts reads", () => {
    const first: Nest = {
      name: "square",
      scalars: [],
      constants: [{ name: "POWER", type: "i32" }],
      buffers: [buffer("a", "global", "read", 6), buffer("work", "global", "write", 6)],
      group: 1,
      body: [
        loop("grid", "y", 2, [
          loop("grid", "x", 3, [
            letBe("i", op("add", op("mul", v("y"), i32(3)), v("x"))),
            local("p", f32(1)),
            loop("serial", "k", v("POWER"), [
              set("p", op("mul", v("p", "f32"), load("a", v("i")))),
            ]),
            store("work", v("i"), v("p", "f32")),
          ]),
        ]),
      ],
    };
    const second: Nest = {
      name: "reverse",
      scalars: [],
      constants: [],
      buffers: [buffer("work", "global", "read", 6), buffer("out", "global", "write", 6)],
      group: 6,
      body: [
        loop("group", "t", 6, [store("out", v("t"), load("work", op("sub", i32(5), v("t"))))]),
      ],
    };
    const global = [...first.buffers, second.buffers[1]!];
    const plan: Plan = {
      ...planOf(first, 6),
      options: [{ name: "power", constant: "POWER", values: ["1", "2"], default: 2 }],
      buffers: global.map((b, i) => ({
        ...b,
        role: i === 0 ? "input" : i === 1 ? "workspace" : "output",
        axes: [],
      })),
      steps: [
        { kind: "launch", nest: first, groups: i32(6) },
        { kind: "launch", nest: second, groups: i32(1) },
      ],
    };
    const countReads = new Map<string, number>();
    const six = [1, 2, 3, 4, 5, 6];
    const squared = interpretPlan(
      plan,
      { a: six },
      {},
      {},
      { ...plain, order: "shuffled", countReads },
    );
    expect(squared.out).toEqual(Float64Array.of(36, 25, 16, 9, 4, 1));
    expect(countReads).toEqual(
      new Map([
        ["a", 12],
        ["work", 6],
      ]),
    );
    expect(interpretPlan(plan, { a: six }, {}, { POWER: 1 }, plain).out).toEqual(
      Float64Array.of(6, 5, 4, 3, 2, 1),
    );
    const wrong: Plan = { ...plan, steps: [{ kind: "launch", nest: first, groups: i32(5) }] };
    const scale = v("scale", "f32");
    const scaled: Nest = {
      ...second,
      scalars: [{ name: "scale", type: "f32" }],
      buffers: [second.buffers[1]!],
      body: [loop("group", "t", 6, [store("out", v("t"), scale)])],
    };
    const whole = interpretPlan(planOf(scaled, 1), {}, { scale: 2 }, {}, plain);
    expect(whole.out).toEqual(new Float64Array(6).fill(2));
    expect(() => run(wrong, {}, six)).toThrow("launches 5 groups, but its grid loops make 6");
  });
});

describe("roundHalf", () => {
  it("rounds to 11 significant bits, ties to even, with subnormals and overflow", () => {
    const cases = [
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [65504, 65504],
      [65519, 65504],
      [65520, Number.POSITIVE_INFINITY],
      [2 ** -25, 0],
      [1.5 * 2 ** -24, 2 ** -23],
      [-0.1, -0.0999755859375],
    ] as const;
    for (const [x, expected] of cases) expect(roundHalf(x)).toBe(expected);
    expect(roundHalf(Number.NaN)).toBeNaN();
  });
});
