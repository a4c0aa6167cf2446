import { describe, expect, it } from "vitest";
import { type Block, i32, type Nest, type NestExpr, type Stmt } from "../../generators/ir/nest.ts";
import { checkNest, findNestFaults, findPlanFaults } from "../../generators/ir/nestCheck.ts";
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

const own = op("add", op("mul", v("g"), i32(4)), v("t"));
const write = store("out", own, f32(0));

/** A nest of 2 groups of 4 threads around `body`. */
const around = (body: Block, more: Partial<Nest> = {}): Nest => ({
  name: "small",
  scalars: [{ name: "N", type: "i32" }],
  constants: [],
  buffers: [
    buffer("a", "global", "read", 8),
    buffer("out", "global", "write", 8),
    buffer("both", "global", "update", 8),
    buffer("tile", "shared", "update", 4),
    buffer("r", "register", "update", 4),
  ],
  group: 4,
  body: [loop("grid", "g", 2, [loop("group", "t", 4, body)])],
  ...more,
});
const faults = (body: Block, more: Partial<Nest> = {}): string[] =>
  findNestFaults(around(body, more)).map(({ what }) => what.replace("nest small: ", ""));

describe("checkNest", () => {
  it("passes what is right", () => {
    expect(findPlanFaults(tileSums())).toEqual([]);
    const body = [
      local("total", f32(0)),
      loop("serial", "k", v("N"), [
        store("tile", v("t"), load("a", own)),
        barrier,
        set("total", op("add", v("total", "f32"), load("tile", i32(0)))),
        barrier,
      ]),
      when(op("eq", v("t"), i32(0)), [store("both", v("g"), v("total", "f32"))]),
      accumulate("both", i32(0), f32(1), "atomic"),
      store("r", i32(0), f32(1)),
    ];
    expect(faults(body)).toEqual([]);
  });

  const address = (e: NestExpr) => store("out", op("add", own, e), f32(0));
  const wrong: readonly (readonly [string, Block, string])[] = [
    [
      "a variable that is not defined",
      [address(v("q"))],
      "q is used, but nothing defines it before",
    ],
    [
      "use before definition",
      [address(v("q")), letBe("q", i32(1))],
      "q is used, but nothing defines it before",
    ],
    [
      "a variable out of its block",
      [when(op("lt", v("t"), i32(1)), [letBe("q", i32(1))]), address(v("q"))],
      "q is used, but nothing defines it before",
    ],
    [
      "a variable used as another type",
      [store("out", own, v("t", "f32"))],
      "t is i32, but is used as f32",
    ],
    ["a name defined twice", [letBe("q", i32(1)), letBe("q", i32(2))], "q is defined already"],
    ["a buffer's name", [letBe("tile", i32(1))], "tile is the name of a buffer"],
    [
      "a let that is set",
      [letBe("q", i32(1)), set("q", i32(2))],
      "q is no local, so it cannot be set",
    ],
    ["a loop's variable that is set", [set("t", i32(2))], "t is no local, so it cannot be set"],
    [
      "mixed types",
      [letBe("q", op("add", i32(1), f32(1)))],
      "add of i32 and f32 does not give i32",
    ],
    [
      "a wrong result type",
      [letBe("q", { kind: "op", op: "floor", args: [f32(1)], type: "f32" })],
      "floor of f32 does not give f32",
    ],
    [
      "a value of another type",
      [store("out", own, i32(1))],
      "what out holds is i32, but must be f32",
    ],
    ["a real address", [store("both", f32(0), f32(0))], "an address is f32, but must be i32"],
    ["a condition that is a number", [when(v("t"), [])], "a condition is i32, but must be bool"],
    ["a buffer that is not declared", [store("q", own, f32(0))], "buffer q is not declared"],
    [
      "a load of what is only written",
      [letBe("q", load("out", own))],
      "out is only written, but is loaded",
    ],
    ["a store to what is only read", [store("a", own, f32(0))], "a is only read, but is written"],
    [
      "a load as another type",
      [letBe("q", load("a", own, "i32"))],
      "a holds f32, but is loaded as i32",
    ],
    [
      "lanes that do not fit",
      [
        {
          ...(write as Extract<Stmt, { kind: "store" }>),
          width: 2,
          value: { kind: "load", buffer: "a", address: own, type: "f32", width: 4 },
        },
      ],
      "a store of 2 elements is given 4 lanes",
    ],
    [
      "a barrier under a thread's condition",
      [when(op("lt", v("t"), i32(2)), [barrier])],
      "whether this barrier is reached depends on the thread (t)",
    ],
    [
      "a barrier in a loop whose bound comes from the thread, by way of a local",
      [
        local("n", i32(1)),
        when(op("lt", v("t"), i32(2)), [set("n", i32(3))]),
        loop("serial", "k", v("n"), [barrier]),
      ],
      "whether this barrier is reached depends on the thread (t)",
    ],
    [
      "a barrier under a condition on memory",
      [when(op("lt", load("tile", i32(0)), f32(0)), [barrier])],
      "whether this barrier is reached depends on memory, so not all threads may agree",
    ],
    [
      "threads at one element",
      [store("tile", i32(0), f32(0))],
      "the iterations of group t all write one element of tile",
    ],
    [
      "groups at one element",
      [store("out", v("t"), f32(0))],
      "the iterations of grid g all write one element of out",
    ],
    [
      "plain accumulation by all threads",
      [accumulate("both", v("g"), f32(1), "plain")],
      "the iterations of group t all write one element of both",
    ],
    [
      "sums in fixed point in a buffer of numbers",
      [accumulate("both", own, f32(1), "fixed")],
      "both holds no sums in fixed point, which are 4 u32 each",
    ],
    [
      "a total of other than words",
      [letBe("sum", op("total", f32(1), f32(1), f32(1), f32(1)))],
      "total of f32 and f32 and f32 and f32 does not give f32",
    ],
    [
      "a grid loop inside",
      [loop("grid", "h", 2, [])],
      "grid loops must stand directly inside each other, outside of all else",
    ],
    [
      "too many threads",
      [loop("group", "u", 2, [])],
      "group loops share out 8 threads, but a group has 4",
    ],
    [
      "an unrolled loop of unknown length",
      [loop("unroll", "u", v("N"), [])],
      "the bounds of unroll u must be numbers",
    ],
    [
      "CPU threads in a group",
      [loop("parallel", "p", 2, [])],
      "a loop of CPU threads stands in a nest of groups",
    ],
  ];
  it.each(wrong)("finds %s", (_, body, what) => {
    expect(faults(body)).toContain(what);
  });

  it("allows a barrier under conditions all threads of a group share, and loads of what cannot change", () => {
    const shared = when(op("lt", v("g"), v("N")), [write, barrier]);
    expect(faults([shared])).toEqual([]);
    expect(faults([when(op("lt", load("a", v("g")), f32(0)), [barrier])])).toEqual([]);
  });

  it("finds shared sizes that vary, wrong groups, and locals of CPU threads", () => {
    const tile = buffer("tile", "shared", "update", v("N"));
    expect(faults([], { buffers: [tile] })).toEqual([
      "the size of shared tile must be constant, not N",
    ]);
    expect(faults([], { buffers: [tile, tile] })[0]).toBe("tile is declared twice");
    expect(faults([], { group: 8 })).toEqual([
      "group loops share out 4 threads, but a group has 8",
    ]);
    expect(faults([], { body: [store("out", i32(0), f32(0))] })).toEqual([
      "a group has 4 threads, but no loop uses them",
      "all 4 threads of a group write one element of out",
    ]);
    const cpu = (inner: Block) =>
      faults([], { group: 1, body: [local("s", f32(0)), loop("parallel", "p", 4, inner)] });
    expect(cpu([store("out", v("p"), f32(0))])).toEqual([]);
    expect(cpu([set("s", f32(1))])[0]).toMatch(/^s is set by all threads of a parallel loop/);
    expect(cpu([barrier])).toContain("a barrier stands inside a loop of CPU threads");
    expect(cpu([store("out", i32(1), f32(0))])).toEqual([
      "the iterations of parallel p all write one element of out",
    ]);
  });

  it("shows the nest with the place", () => {
    const check = () =>
      checkNest(around([write, when(op("eq", v("t"), i32(0)), [barrier])]), "lanes");
    expect(check).toThrowErrorMatchingInlineSnapshot(`
      [Error: after lanes: nest small: whether this barrier is reached depends on the thread (t)
      nest small(N: i32)  group 4
        global a[8] f32 read strides 1
        global out[8] f32 write strides 1
        global both[8] f32 update strides 1
        shared tile[4] f32 update strides 1
        register r[4] f32 update strides 1
        grid g in 0 .. 2
          group t in 0 .. 4
            out[g * 4 + t] = 0.0
            if t == 0
              barrier   <-- here
      ]
    `);
  });
});

describe("checkPlan", () => {
  const plan = tileSums();
  const found = (more: Partial<Plan>) =>
    findPlanFaults({ ...plan, ...more }).map(({ what }) => what);
  const step = plan.steps[0]!;
  if (step.kind !== "launch") throw new Error("a launch was expected");

  it("finds numbers and buffers that are missing, and reads before writes", () => {
    expect(found({ scalars: [] })).toContain(
      "plan test: tile_sums takes N, which the plan does not have",
    );
    expect(found({ buffers: plan.buffers.slice(1) })).toEqual(
      [
        "plan test: tile_sums reads a before anything has set it",
        "plan test: tile_sums uses a, which the plan does not have",
      ]
        .toSorted()
        .toReversed(),
    );
    const workspace = plan.buffers.map((b) =>
      b.name === "a" ? { ...b, role: "workspace" as const } : b,
    );
    expect(found({ buffers: workspace })).toEqual([
      "plan test: tile_sums reads a before anything has set it",
    ]);
    expect(found({ steps: [] })).toEqual(["plan test: nothing writes the output out"]);
    expect(found({ steps: [{ kind: "fill", buffer: "a", value: 0 }, step] })).toEqual([
      "plan test: the input a is filled",
    ]);
    expect(found({ steps: [{ ...step, groups: v("Q") }] })).toEqual([
      "plan test: the number of groups of tile_sums depends on Q, which is not given",
    ]);
    expect(found({ bounds: [v("Q")] })).toEqual([
      "plan test: a bound depends on Q, which is not given",
    ]);
    expect(found({ accumulate: "ADD" })).toEqual([
      "plan test: outputs are added to by ADD, which is no option",
    ]);
    expect(found({ steps: [step, step] })).toEqual([
      "plan test: two launches are called tile_sums",
    ]);
    expect(findPlanFaults(planOf({ ...step.nest, group: 0 }, 1)).length).toBeGreaterThan(0);
  });
});
