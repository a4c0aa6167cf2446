import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { printUnit } from "../../generators/emit/unit.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { make } from "../../generators/ir/build.ts";
import { constant } from "../../generators/ir/expr.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { checkPlan } from "../../generators/ir/nestCheck.ts";
import { dumpPlan } from "../../generators/ir/nestDump.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import { applySchedule, type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { completeCall } from "../../targets/contract/job.ts";
import { findTarget } from "../../targets/registry.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";
import { unitOf } from "./emit.fixtures.ts";

const pathOf = (name: string) => new URL(`../../${name}.ts`, import.meta.url).pathname;
const backward = (path: string) => backwardOf(readOperator(pathOf(path)));
const limits = { threads: 256, sharedBytes: 16384 };

const added = (by: string, stage = "grad_input"): Schedule => [
  ["pointwise", { group: 32 }],
  ["accumulate", { stage, by }],
];
const refusal = (kernel: Kernel, schedule: Schedule, threads = limits.threads): string => {
  const result = applySchedule(kernel, schedule, { ...limits, threads });
  return "refused" in result ? result.refused : "not refused";
};

describe("the accumulate transform", () => {
  const roiAlign = backward("dsl/ops/roi_align").kernel([]);
  const pick = backward("test/declarations/pick_1d").kernel([]);

  it("refuses owners where several indices may add to one element, and says which", () => {
    expect(refusal(pick, added("owned"))).toBe(
      "accumulate: the elements of grad_input have no owners: none of the loops over K decides " +
        "alone where on W it adds",
    );
    expect(refusal(roiAlign, added("owned"))).toBe("not refused");
  });

  it("refuses stages that are not added to, and ways that a target does not have", () => {
    expect(refusal(pick, added("owned", "input"))).toBe(
      "accumulate: pick_1d.backward does not add to input; it adds to grad_input",
    );
    expect(refusal(readOperator(pathOf("dsl/ops/conv2d")).kernel([]), added("owned"))).toBe(
      "accumulate: conv2d.forward adds to nothing: it computes each element by itself",
    );
    const some = [["accumulate", { stage: "grad_input", by: "some" }]] as const;
    expect(refusal(pick, some)).toBe(
      "accumulate: by is one of atomic, deterministic, owned here, not some",
    );
    const fixed = [["accumulate", { stage: "grad_input", by: "deterministic" }]] as const;
    expect(refusal(pick, fixed, 1)).toBe(
      "accumulate: by is one of plain, owned here, not deterministic",
    );
  });

  it("may come before the loops are shared out, and is taken back by what is usual", () => {
    const [threads, adds] = added("deterministic");
    const dump = (schedule: Schedule) => dumpPlan(schedulePlan(pick, schedule, limits));
    expect(dump([adds!, threads!])).toBe(dump([threads!, adds!]));
    expect(
      dump([...added("owned").slice(0, 1), ...added("deterministic"), ...added("atomic")]),
    ).toBe(dump([threads!]));
  });

  it("names its passes, and what they do", () => {
    const text = dumpPlan(schedulePlan(pick, added("deterministic"), limits));
    expect(text).toContain("workspace global grad_input_sums[W, 4] u32 update");
    expect(text).toContain("fill grad_input_sums with 0");
    for (const pass of ["measure", "add", "total"])
      expect(text).toContain(`nest pick_1d_backward_${pass}(`);
    expect(text).toMatch(/atomically grad_input_sums\[.*\]\.largest max= abs\(grad_output\[k\]\)/);
    expect(text).toMatch(/atomically grad_input_sums\[.*\]\.sum \+= grad_output\[k\]/);
    expect(text).toContain("grad_input[index] = total(grad_input_sums[index * 4], ");
  });

  it("says which results are the same from run to run", () => {
    const found = ["atomic", "deterministic", "owned"].map((by) => {
      const plan = schedulePlan(roiAlign, added(by), limits);
      const { entry } = printUnit(unitOf(plan), findTarget("cuda")).plans[0]!;
      return entry.tensors.find(({ name }) => name === "grad_input")!.deterministic;
    });
    expect(found).toEqual([false, true, true]);
  });

  it("would be found out where it took those for owners that are none", () => {
    const plan = schedulePlan(pick, added("atomic"), limits);
    const plain = JSON.parse(
      JSON.stringify(plan).replaceAll('"mode":"atomic"', '"mode":"plain"'),
    ) as typeof plan;
    const run = (of: typeof plan) => () =>
      interpretPlan(
        of,
        { at: [1, 1], grad_output: [1, 2], input: [0, 0] },
        { K: 2, W: 2 },
        {},
        { mode: "f64", order: "shuffled", poison: true },
      );
    expect([...run(plan)().grad_input!]).toEqual([0, 3]);
    expect(run(plain)).toThrow("race: element 1 of grad_input was written by group 0");
  });

  it("keeps sums of each part where several numbers are added", () => {
    const stages = pick.stages.map((stage) =>
      stage.kind === "scatter"
        ? { ...stage, values: [...stage.values, make("mul", stage.values[0]!, constant(3, "acc"))] }
        : stage,
    );
    const plan = schedulePlan({ ...pick, stages }, added("deterministic"), limits);
    checkPlan(plan, "scheduling");
    const [at, grad_output, input] = [
      [0, 1, 1, 2, 9],
      [1, 2, 3, 4, 5],
      [0, 0, 0],
    ];
    const found = interpretPlan(
      plan,
      { at, grad_output, input },
      { K: 5, W: 3 },
      {},
      { mode: "f32", order: "shuffled", poison: true },
    );
    expect([...found.grad_input_0!]).toEqual([1, 5, 9]);
    expect([...found.grad_input_1!]).toEqual([3, 15, 27]);
  });

  it("refuses calls that could add more often than a sum holds", () => {
    const entryOf = (kernel: Kernel) => {
      const plan = schedulePlan(kernel, added("deterministic"), limits);
      return printUnit(unitOf(plan), findTarget("wgsl")).plans[0]!.entry;
    };
    expect(entryOf(pick).bounds).toEqual(["ceilDiv(K, 4)"]);
    const entry = entryOf(backward("dsl/ops/deform_conv2d").kernel([]));
    expect(entry.bounds).toEqual(["ceilDiv(N * C * KH * KW * OH * OW * 8, 4)"]);
    const [C, KH, KW, G] = [64, 3, 3, 1];
    const attrs = Object.fromEntries(
      entry.scalars.flatMap(({ name, from }) =>
        from === "attr" ? [[name, /stride|dilation/.test(name) ? 1 : 0]] : [],
      ),
    );
    const call = (H: number) => () =>
      completeCall(entry, {
        ...attrs,
        N: 1,
        C,
        H,
        W: H,
        O: 1,
        I: C,
        KH,
        KW,
        G,
        OH: H - 2,
        OW: H - 2,
      });
    expect(call(1000)).not.toThrow();
    expect(call(1502)).toThrow("make it count up to 2592000000");
  });
});

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return (i % columns) * 3 + random() * 6 - 3;
  if (tensor === "at") return random() * 8 - 1;
  return random() * 4 - 2;
};
const cases = [
  {
    path: "dsl/ops/deform_conv2d",
    present: ["mask"],
    sizes: { N: 2, C: 4, H: 4, W: 3, O: 2, I: 2, G: 2, KH: 2, KW: 2 },
    attrs: {},
    ways: ["atomic", "deterministic", "owned"],
  },
  {
    path: "dsl/ops/roi_pool",
    present: [],
    sizes: { N: 2, C: 2, H: 9, W: 7, R: 4 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5 },
    ways: ["atomic", "deterministic", "owned"],
  },
  {
    path: "test/declarations/pick_1d",
    present: [],
    sizes: { W: 7, K: 100 },
    attrs: {},
    ways: ["atomic", "deterministic"],
  },
] as const;

describe.each(cases)("plans of $path", ({ path, present, sizes, attrs, ways }) => {
  const operator = backward(path);
  const kernel = operator.kernel(present);
  const inputs = fillInputs(operator, { sizes, attrs, present }, fill);
  const numbers = numbersOf(operator, attrs);

  it.each(ways)("%s additions are right, in each order of threads", (by) => {
    const inner = kernel.stages.filter(
      ({ kind, name }) => kind === "gather" && !kernel.outputs.includes(name),
    );
    const stored = inner.map(({ name }) => ["materialise", { stage: name }] as const);
    for (const schedule of [added(by), added(by).slice(1)]) {
      const plan = schedulePlan(kernel, [...stored, ...schedule], limits);
      checkPlan(plan, "scheduling");
      const want = interpretKernel(kernel, inputs, sizes, numbers.attrs, numbers.options);
      const all = resolveSizes(kernel, sizes, numbers.attrs, numbers.options);
      const scalars = Object.entries(numbers.attrs).map(([k, v]) => [k.replaceAll(".", "_"), v]);
      const constants = Object.entries(numbers.options)
        .map(([k, v]) => [k.toUpperCase(), v] as const)
        .filter(([k]) => plan.options.some((o) => o.constant === k));
      const run = (order: "forward" | "reverse" | "shuffled", mode: "f64" | "f32") =>
        interpretPlan(
          plan,
          Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, v.data])),
          { ...all, ...Object.fromEntries(scalars) },
          Object.fromEntries(constants),
          { mode, order, seed: 3, poison: true },
        ).grad_input!;
      const exact = want.grad_input!.parts[0]!;
      // In fixed point a contribution is an f32 first, and off by less than that makes it.
      const bound = by === "deterministic" ? 1e-5 : 1e-13;
      for (const order of ["forward", "reverse", "shuffled"] as const) {
        const error = run(order, "f64").map((x, i) => Math.abs(x - exact[i]!));
        expect(Math.max(...error), order).toBeLessThanOrEqual(bound);
        if (by !== "atomic") expect(run(order, "f32")).toEqual(run("forward", "f32"));
      }
      expect(exact.some((x) => x !== 0)).toBe(true);
    }
  });
});
