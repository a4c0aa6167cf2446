import { describe, expect, it } from "vitest";
import { nestFromJson, nestToJson } from "../../generators/ir/json.ts";
import { type Block, i32, type Nest, type NestExpr, type Stmt } from "../../generators/ir/nest.ts";
import { findNestFaults, findPlanFaults } from "../../generators/ir/nestCheck.ts";
import { dumpNest } from "../../generators/ir/nestDump.ts";
import { hashNest } from "../../generators/ir/nestHash.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { distance, strideOf, sumOf } from "../../generators/ir/nestLinear.ts";
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
  set,
  store,
  v,
  when,
} from "./nest.fixtures.ts";
import { blockedProduct, planWith, withNests } from "./vectors.fixtures.ts";

const n = v("N");
const nestOf = (body: Block): Nest => ({
  name: "small",
  scalars: [{ name: "N", type: "i32" }],
  constants: [],
  buffers: [
    buffer("x", "global", "read", op("mul", n, i32(16))),
    buffer("y", "global", "update", op("mul", n, i32(16))),
    { ...buffer("panel", "global", "update", 16), perWorker: true },
    buffer("r", "register", "update", 16),
  ],
  group: 1,
  body,
});

const faults = (...body: readonly Stmt[]): readonly string[] =>
  findNestFaults(nestOf(body)).map(({ what }) => what.replace("nest small: ", ""));

const lanes = (...body: readonly Stmt[]): Stmt => loop("vector", "j", 8, body);
const plus = (a: NestExpr, b: NestExpr | number): NestExpr =>
  op("add", a, typeof b === "number" ? i32(b) : b);

describe("vector loops may hold", () => {
  it.each<readonly [string, Block]>([
    [
      "neighbours and what all lanes share",
      [lanes(store("y", v("j"), op("mul", load("x", v("j")), load("x", n))))],
    ],
    [
      "addresses that are computed in them",
      [
        lanes(
          letBe("from", plus(op("mul", plus(n, i32(2)), i32(8)), v("j"))),
          letBe("value", load("x", v("from"))),
          store("y", plus(v("from"), 8), v("value", "f32")),
        ),
      ],
    ],
    [
      "additions to what each lane has for itself",
      [
        lanes(
          accumulate("y", v("j"), f32(1), "plain"),
          store("y", plus(v("j"), 8), load("y", plus(v("j"), 8))),
        ),
      ],
    ],
    [
      "variables of their own, and choices",
      [
        lanes(
          local("z", load("x", v("j"))),
          set("z", {
            kind: "select",
            cond: op("lt", v("z", "f32"), f32(0)),
            then: f32(0),
            else: v("z", "f32"),
          }),
          store("y", v("j"), v("z", "f32")),
        ),
      ],
    ],
    [
      "products that are the same however they are written",
      [
        loop("serial", "k", n, [
          lanes(
            store(
              "y",
              plus(op("mul", plus(v("k"), i32(1)), n), v("j")),
              load("y", plus(plus(op("mul", n, v("k")), n), v("j"))),
            ),
          ),
        ]),
      ],
    ],
  ])("%s", (_, body) => {
    expect(faults(...body)).toEqual([]);
  });
});

describe("vector loops may not hold", () => {
  it.each<readonly [string, Block, string]>([
    [
      "another number of lanes",
      [loop("vector", "j", 6, [])],
      "vector j must run from 0 to 4, 8, 16",
    ],
    ["loops", [lanes(loop("serial", "k", 2, []))], "vector j may hold plain statements only"],
    [
      "conditions",
      [lanes(when(op("lt", n, i32(3)), []))],
      "vector j may hold plain statements only",
    ],
    ["barriers", [lanes(barrier)], "vector j may hold plain statements only"],
    [
      "steps over elements",
      [lanes(store("y", v("j"), load("x", op("mul", v("j"), i32(2)))))],
      "the lanes of vector j must read neighbours, or one element, of x",
    ],
    [
      "clamped addresses",
      [lanes(store("y", v("j"), load("x", op("minimum", v("j"), n))))],
      "the lanes of vector j must read neighbours, or one element, of x",
    ],
    [
      "addresses that memory gives",
      [
        lanes(
          letBe("at", { kind: "cast", to: "i32", arg: op("lt", load("x", v("j")), f32(0)) }),
          store("y", v("j"), load("x", v("at"))),
        ),
      ],
      "the lanes of vector j must read neighbours, or one element, of x",
    ],
    [
      "one element that all lanes write",
      [lanes(store("y", n, f32(0)))],
      "the lanes of vector j must write neighbours in y",
    ],
    [
      "one element that all lanes add to",
      [lanes(accumulate("y", n, f32(1), "plain"))],
      "the lanes of vector j must write neighbours in y",
    ],
    [
      "atomic additions",
      [lanes(accumulate("y", v("j"), f32(1), "atomic"))],
      "lanes add plainly, not in the mode atomic",
    ],
    [
      "what the next lane writes",
      [lanes(store("y", v("j"), load("y", plus(v("j"), 1))))],
      "lanes of vector j may touch elements of y that others write",
    ],
    [
      "one element that some lane writes",
      [lanes(store("y", v("j"), load("y", i32(3))))],
      "lanes of vector j may touch elements of y that others write",
    ],
    [
      "distances that are not known",
      [lanes(store("y", v("j"), load("y", plus(v("j"), n))))],
      "lanes of vector j may touch elements of y that others write",
    ],
    [
      "variables that outlive a lane",
      [local("s", f32(0)), lanes(set("s", load("x", v("j"))))],
      "s is set by all lanes of vector j, outside of which it is defined",
    ],
    [
      "the number of the lane as a value",
      [lanes(store("y", v("j"), { kind: "cast", to: "f32", arg: v("j") }))],
      "the number of the lane, j, may stand in addresses only",
    ],
    [
      "vectors already",
      [lanes({ kind: "store", buffer: "y", address: v("j"), value: f32(0), width: 4 })],
      "a vector store stands inside vector j",
    ],
  ])("%s", (_, body, what) => {
    expect(faults(...body)).toContain(what);
  });
});

describe("a loop of CPU threads", () => {
  const threads = (...body: readonly Stmt[]): Stmt => loop("parallel", "p", n, body);
  const row = (address: NestExpr): NestExpr => plus(op("mul", v("p"), i32(8)), address);

  it("may have a panel of each thread, and is the outermost loop", () => {
    const good = threads(
      lanes(store("panel", v("j"), load("x", row(v("j"))))),
      lanes(store("y", row(v("j")), load("panel", v("j")))),
    );
    expect(faults(letBe("twice", op("mul", n, i32(2))), good)).toEqual([]);
    expect(faults(loop("serial", "k", 2, [good]))).toContain(
      "a loop of CPU threads must be the outermost loop",
    );
    expect(faults(good, store("y", i32(0), f32(0)))).toContain(
      "only values may stand beside a loop of CPU threads",
    );
  });

  const run = { mode: "f64", order: "shuffled", poison: true } as const;
  const x = Float32Array.from({ length: 32 }, (_, i) => i);
  const sizes = { N: 2, X: 32, Y: 32 };
  const interpret = (...body: readonly Stmt[]) =>
    interpretPlan(
      planWith({
        ...nestOf(body),
        buffers: nestOf(body).buffers.map((b) =>
          b.name === "y" ? { ...b, access: "write" as const } : b,
        ),
      }),
      { x },
      sizes,
      {},
      run,
    ).y!;
  const whole = (from: string): Stmt[] => [
    lanes(store("y", plus(op("mul", v("p"), i32(16)), v("j")), load(from, v("j")))),
    loop("vector", "j2", 8, [
      store("y", plus(op("mul", v("p"), i32(16)), plus(v("j2"), 8)), load(from, v("j2"))),
    ]),
  ];

  it("finds nothing in its panel that it has not written", () => {
    const fill = lanes(store("panel", v("j"), load("x", row(v("j")))));
    const filled = interpret(threads(fill, ...whole("panel")));
    expect([...filled].slice(0, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0]);
    const once = when(op("eq", v("p"), i32(0)), [fill]);
    expect(() => interpret(threads(once, ...whole("panel")))).toThrow(
      /element \d of panel is read, but nothing here has set it/,
    );
  });

  it("races where two iterations write one element", () => {
    expect(() => interpret(threads(lanes(store("y", plus(v("p"), v("j")), f32(1)))))).toThrow(
      "race",
    );
  });

  it("is part of what a nest is, in its dump, its hash and as JSON", () => {
    const [step] = blockedProduct().steps;
    if (step?.kind !== "launch") throw new Error("a launch was expected");
    const { nest } = step;
    expect(nestFromJson(nestToJson(nest))).toEqual(nest);
    expect(dumpNest(nest)).toContain("panel[K * 16] f32 update strides 1 of each worker");
    const shared = { ...nest, buffers: nest.buffers.map(({ perWorker: _, ...b }) => b) };
    expect(hashNest(shared)).not.toBe(hashNest(nest));
  });

  it("and its plan agree on what each thread has", () => {
    const plan = blockedProduct();
    const found = (given: typeof plan) => findPlanFaults(given).map(({ what }) => what);
    const buffers = plan.buffers.map(({ perWorker: _, ...b }) => b);
    expect(found({ ...plan, buffers })).toContain(
      "plan product: product and the plan do not agree that each CPU thread has its panel",
    );
    const given = plan.buffers.map((b) => (b.perWorker ? { ...b, role: "output" as const } : b));
    expect(found({ ...plan, buffers: given })).toContain(
      "plan product: panel is no workspace, so CPU threads cannot have one each",
    );
    const fill = { kind: "fill", buffer: "panel", value: 0 } as const;
    expect(found({ ...plan, steps: [fill, ...plan.steps] })).toContain(
      "plan product: panel, of which each CPU thread has its own, is filled",
    );
    const groups = withNests(plan, (nest) => ({ ...nest, group: 2 }));
    expect(found(groups)).toContain(
      "nest product: panel is of each CPU thread, but the nest has groups of threads",
    );
  });
});

describe("addresses as sums", () => {
  it("know how far apart they are, and how they grow", () => {
    const a = plus(op("mul", plus(v("k"), i32(2)), n), v("j"));
    const b = plus(plus(op("mul", n, v("k")), v("j")), 3);
    expect(distance(sumOf(plus(a, 3)), sumOf(b))).toBeUndefined();
    expect(
      distance(
        sumOf(plus(op("mul", v("k"), i32(2)), v("k"))),
        sumOf(op("sub", op("mul", i32(3), v("k")), i32(4))),
      ),
    ).toBe(4);
    expect(strideOf(a, "j")?.stride).toBe(1);
    expect(strideOf(op("sub", a, v("j")), "j")?.stride).toBe(0);
    expect(strideOf(a, "k")).toBeUndefined();
    expect(strideOf(op("idiv", v("j"), i32(2)), "j")).toBeUndefined();
  });
});
