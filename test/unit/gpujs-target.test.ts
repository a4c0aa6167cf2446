// Which nests become gpu.js kernels, and as what text.

import { describe, expect, it, test } from "vitest";
import { type Block, i32, type Nest } from "../../generators/ir/nest.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import type { Program } from "../../targets/contract/program.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { describePrograms } from "./gpujs-operations.fixtures.ts";
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

const n = v("N");
const inside = op("lt", v("i"), n);

/** A nest of N threads over a and y; `i` is the thread's number. */
function threads(body: Block, more: Partial<Nest> = {}): Nest {
  const first = letBe("i", op("add", op("mul", v("g"), i32(1)), v("t")));
  return {
    name: "small",
    scalars: [{ name: "N", type: "i32" }],
    constants: [],
    buffers: [buffer("a", "global", "read", n), buffer("y", "global", "write", n)],
    group: 1,
    body: [loop("grid", "g", n, [loop("group", "t", 1, [first, ...body])])],
    ...more,
  };
}

const emit = (...plans: readonly Plan[]): string => describePrograms(plans)[0]!.source;

const value = load("a", v("i"));
const guarded = (...body: Block): Nest => threads([when(inside, body)]);

test("a thread returns its element", () => {
  const sum = [
    local("total", f32(0)),
    loop("serial", "k", 3, [set("total", op("add", v("total", "f32"), value))]),
    letBe("far", op("le", f32(2), v("total", "f32"))),
    when(v("far", "bool"), [set("total", f32(-1))]),
    store("y", v("i"), v("total", "f32")),
  ];
  const text = emit(planOf(guarded(...sum), n));
  const body = text.slice(text.indexOf("function small_kernel"), text.indexOf("\n}\n\n// gpu.js"));
  expect(body).toMatchInlineSnapshot(`
    "function small_kernel(a, N) {
      const g = this.thread.x;
      const t = 0;
      const i = g * 1 + t;
      if (i < N) {
        let total = 0;
        for (let k = 0; k < 3; k += 1) {
          total += a[i];
        }
        const far = 2 <= total && true;
        if (far) {
          total = -1;
        }
        return total;
      }"
  `);
});

test("threads in groups of one need no guard, and a grid may be one loop", () => {
  const bare = { ...guarded(), body: [loop("grid", "i", n, [store("y", v("i"), value)])] };
  expect(emit(planOf(bare, n))).toContain("const i = this.thread.x;\n  return a[i];\n}");
});

describe("refuses by name", () => {
  it.each<[string, Nest, RegExp]>([
    [
      "groups of threads",
      threads([store("y", v("i"), value)], { group: 4 }),
      /^small cannot be a gpu\.js kernel: it has groups of 4 threads/,
    ],
    [
      "scatter",
      guarded(accumulate("y", v("i"), value, "atomic")),
      /adds to elements of y \(scatter\)/,
    ],
    ["barriers", guarded(barrier, store("y", v("i"), value)), /waits at a barrier/],
    [
      "two values",
      guarded(store("y", v("i"), value), store("y", v("i"), f32(1))),
      /stores more than one value/,
    ],
    ["no value", guarded(letBe("x", value)), /stores nothing/],
    ["another's element", guarded(store("y", op("sub", n, v("i")), value)), /a place in y that is/],
    [
      "elements in a loop",
      guarded(loop("serial", "k", 2, [store("y", v("i"), value)])),
      /stores inside the loop over k/,
    ],
    [
      "elements left out",
      guarded(when(op("lt", f32(0), value), [store("y", v("i"), value)])),
      /stores under a condition/,
    ],
    [
      "elements stored otherwise",
      threads([when(inside, [], [store("y", v("i"), value)])]),
      /stores under a condition/,
    ],
    [
      "reading what it stores",
      threads([store("y", v("i"), value)], {
        buffers: [buffer("a", "global", "read", n), buffer("y", "global", "update", n)],
      }),
      /reads y, to which it stores/,
    ],
    [
      "other types",
      threads([store("y", v("i"), value)], {
        buffers: [
          { ...buffer("a", "global", "read", n), dtype: "f64" },
          buffer("y", "global", "write", n),
        ],
      }),
      /a holds f64, and gpu\.js has f32 only/,
    ],
    [
      "arrays of a thread",
      threads([store("r", v("i"), value), store("y", v("i"), value)], {
        buffers: [
          buffer("a", "global", "read", n),
          buffer("r", "register", "update", 4),
          buffer("y", "global", "write", n),
        ],
      }),
      /r is in register memory/,
    ],
  ])("%s", (_, nest, message) => {
    expect(() => emit(planOf(nest, n))).toThrow(message);
  });

  it("shared memory", () => {
    expect(() => emit(tileSums())).toThrow(/tile_sums cannot be a gpu\.js kernel/);
  });
});

test("loops run to their end, also beyond the 1000 rounds that gpu.js allows by itself", async () => {
  const sum = [
    local("total", f32(0)),
    loop("serial", "k", n, [set("total", op("add", v("total", "f32"), load("a", v("k"))))]),
    store("y", v("i"), v("total", "f32")),
  ];
  const plan = planOf(guarded(...sum), n);
  const buffers = plan.buffers.map((b) => ({ ...b, axes: [["N"]] }));
  const [program] = describePrograms([{ ...plan, buffers }]) as [Program];
  for (const mode of ["cpu", "webasm"] as const) {
    const executor = await openGpujs({ mode });
    if ("unavailable" in executor) throw new Error(executor.unavailable);
    const job = { inputs: { a: new Float32Array(2500).fill(1) }, scalars: { N: 2500 } };
    const { y } = await executor.run(program, job);
    expect([...y!]).toEqual(Array(2500).fill(2500));
    await executor.close();
  }
});

test("launches run in order, through workspaces that may be filled", async () => {
  const half: Nest = {
    ...guarded(store("w", v("i"), op("add", value, load("z", v("i"))))),
    name: "half",
    buffers: ["a", "z", "w"].map((b) => buffer(b, "global", b === "w" ? "write" : "read", n)),
  };
  const whole: Nest = {
    ...guarded(store("y", v("i"), op("mul", load("w", v("i")), load("w", v("i"))))),
    name: "whole",
    buffers: ["w", "y"].map((b) => buffer(b, "global", b === "y" ? "write" : "read", n)),
  };
  const base = planOf(half, n);
  const roles = { a: "input", z: "workspace", w: "workspace", y: "output" } as const;
  const plan: Plan = {
    ...base,
    buffers: Object.entries(roles).map(([name, role]) => ({
      ...buffer(name, "global", "update", n),
      role,
      axes: role === "workspace" ? [] : [["N"]],
    })),
    steps: [
      { kind: "fill", buffer: "z", value: 0.5 },
      { kind: "launch", nest: half, groups: n },
      { kind: "launch", nest: whole, groups: n },
    ],
  };
  const [program] = describePrograms([plan]) as [Program];
  const executor = await openGpujs({ mode: "webasm" });
  if ("unavailable" in executor) throw new Error(executor.unavailable);
  const inputs = { a: Float32Array.of(1, 2, 3) };
  expect(await executor.run(program, { inputs, scalars: { N: 3 } })).toEqual({
    y: Float32Array.of(2.25, 6.25, 12.25),
  });
  const none = { inputs: { a: new Float32Array(0) }, scalars: { N: 0 } };
  expect(await executor.run(program, none)).toEqual({ y: new Float32Array(0) });
  await executor.close();
});
