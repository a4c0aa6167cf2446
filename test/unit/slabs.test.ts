import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import { type NestExpr, variable } from "../../generators/ir/nest.ts";
import { findPlanFaults } from "../../generators/ir/nestCheck.ts";
import { interpretPlan } from "../../generators/ir/nestInterpret.ts";
import type { Plan, PlanStep } from "../../generators/ir/plan.ts";
import { defaultSchedule } from "../../generators/schedule/defaults.ts";
import { applySchedule, type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { shareWorkspaces } from "../../targets/contract/memory.ts";
import type { LaunchStep } from "../../targets/contract/program.ts";
import { listRuns } from "../../targets/contract/turns.ts";
import { comparePlan, inputsOf, pathOf } from "./schedule.fixtures.ts";

const backward = backwardOf(readOperator(pathOf("deform_conv2d")));
const serial = { threads: 1, sharedBytes: 0, vectors: 4 };
const threads = { threads: 128, sharedBytes: 16384 };
const abilities = { updates: true, vectors: 4 };
const attrs = {
  stride: { y: 1, x: 2 },
  padding: { top: 1, left: 0, bottom: 2, right: 1 },
  dilation: { y: 1, x: 1 },
};
const sizes = { N: 2, C: 4, I: 2, O: 4, G: 2, H: 3, W: 6, KH: 2, KW: 2 };

/** The default schedule of a machine with slabs of so many numbers. */
function inSlabs(present: readonly string[], groups: boolean, most: number): Schedule {
  const limits = groups ? threads : serial;
  const { steps } = defaultSchedule(
    backward.kernel(present),
    { ...abilities, groups, vectors: groups ? 1 : 4, parallel: !groups },
    limits,
  );
  return steps.map(([name, params]) => [
    name,
    name === "slab" ? { ...params, most } : { ...params },
  ]);
}

describe("gradients in slabs are what they are as a whole", () => {
  const deterministic = ["accumulate", { stage: "grad_input", by: "deterministic" }] as const;
  const cases = [
    // A row of one image, several of them, whole images.
    [1, "loops", ["mask", "bias"], false, []],
    [100, "groups of threads", ["mask"], true, []],
    [400, "loops", [], false, []],
    [100, "sums in fixed point", [], true, [deterministic]],
  ] as const;
  it.each(cases)("at most %i numbers, by %s", (most, _, present, groups, more) => {
    const schedule = [...inSlabs(present, groups, most), ...more];
    expect(schedule.map(([name]) => name)).toContain("slab");
    comparePlan(backward, backward.kernel(present), schedule, {
      sizes,
      attrs,
      inputs: inputsOf(backward, { present, sizes, attrs }),
      bound: more.length > 0 ? 1e-6 : 1e-11,
      limits: groups ? threads : serial,
    });
  });
});

describe("what runs for each slab", () => {
  const plan = schedulePlan(backward.kernel([]), inSlabs([], false, 200), serial);
  const inTurn = plan.steps.flatMap((s) =>
    s.kind === "launch" && s.repeat !== undefined ? [s.nest.name] : [],
  );

  it("all that makes or reads it, and nothing else", () => {
    const short = inTurn.map((name) => name.replace("deform_conv2d_backward_", ""));
    expect(short.sort()).toEqual([
      "grad_columns",
      "grad_input_nhwc",
      "grad_offset",
      "grad_output_nohowo",
      "grad_output_nohowo_packed",
      "grad_weight",
    ]);
    expect(plan.buffers.filter((b) => b.ofTurn).map(({ name }) => name)).toEqual([
      "grad_output_nohowo",
      "grad_columns",
      "grad_output_nohowo_packed",
    ]);
  });
  it("in a plan that its checker takes", () => expect(findPlanFaults(plan)).toEqual([]));

  const faults = (broken: Plan): string =>
    findPlanFaults(broken)
      .map((f) => f.what)
      .join("\n");
  it("and none that reads a slab outside of its turn, or before it is made", () => {
    const outside = plan.steps.map((s) => {
      if (s.kind !== "launch" || !s.nest.name.endsWith("grad_offset")) return s;
      const { repeat: _, ...rest } = s;
      return rest;
    });
    expect(faults({ ...plan, steps: outside })).toContain(
      "uses grad_columns, which holds one turn of a repetition only",
    );
    const made = plan.steps.filter(
      (s) => s.kind !== "launch" || !s.nest.name.endsWith("grad_columns"),
    );
    expect(faults({ ...plan, steps: made })).toContain(
      "reads grad_columns before its turn has made it",
    );
  });
  it("and none that reads what turns change, but for the slab", () => {
    const lasting = plan.buffers.map((b) => {
      const { ofTurn: _, ...rest } = b;
      return b.name === "grad_columns" ? rest : b;
    });
    expect(faults({ ...plan, buffers: lasting })).toContain(
      "reads grad_columns, which turns of its repetition change",
    );
  });
  it("and the interpreter finds what a turn leaves in its slab to the next", () => {
    const one: NestExpr = { kind: "const", type: "i32", value: 1 };
    const late = plan.steps.map((s): PlanStep => {
      if (s.kind !== "launch" || !s.nest.name.endsWith("_grad_columns")) return s;
      const cond: NestExpr = {
        kind: "op",
        op: "lt",
        args: [variable("N_first"), one],
        type: "bool",
      };
      const scalars = s.nest.scalars.some(({ name }) => name === "N_first")
        ? s.nest.scalars
        : [...s.nest.scalars, { name: "N_first", type: "i32" as const }];
      return {
        ...s,
        nest: { ...s.nest, scalars, body: [{ kind: "if", cond, then: s.nest.body, else: [] }] },
      };
    });
    const run = (steps: readonly PlanStep[]): boolean => {
      const { attrs: named, options } = numbersOf(backward, attrs);
      const scalars = Object.entries(named).map(([k, v]) => [k.replaceAll(".", "_"), v]);
      const inputs = inputsOf(backward, { present: [], sizes, attrs });
      const all = resolveSizes(backward.kernel([]), sizes, named, options);
      const found = interpretPlan(
        { ...plan, steps },
        Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data])),
        { ...all, ...Object.fromEntries(scalars) },
        Object.fromEntries(plan.options.map((o) => [o.constant, options[o.name] ?? o.default])),
        { mode: "f64", order: "forward", poison: true },
      );
      return found.grad_input!.some(Number.isNaN);
    };
    expect(run(plan.steps)).toBe(false);
    expect(run(late)).toBe(true);
  });
  it("and no repetition that the plan lacks, or that is interrupted", () => {
    expect(faults({ ...plan, repeats: [] })).toContain("which the plan does not have");
    const at = plan.steps.findIndex((s) => s.kind === "launch" && s.repeat !== undefined);
    const fill = plan.steps.find(({ kind }) => kind === "fill")!;
    const cut = plan.steps.toSpliced(at + 1, 0, fill);
    expect(faults({ ...plan, steps: cut })).toContain("do not stand together");
  });
});

describe("what cannot be made in slabs", () => {
  const refusal = (schedule: Schedule): string => {
    const result = applySchedule(backward.kernel([]), schedule, serial);
    return "refused" in result ? result.refused : "taken";
  };
  const stored: Schedule = [["materialise", { stage: "grad_columns" }]];
  it.each([
    [[], { stage: "grad_columns", axes: "N OH" }, "is not stored"],
    [stored, { stage: "grad_columns", axes: "N H" }, "H is not an axis of grad_columns"],
    [stored, { stage: "grad_columns", axes: "" }, "axes names outer axes"],
    [stored, { stage: "grad_columns", axes: "N", most: 0 }, "most is a whole number"],
    [stored, { stage: "grad_columns", axes: "N OW" }, "taken"],
    [stored, { stage: "grad_columns", axes: "C" }, "reads grad_columns at several places of C"],
    [stored, { stage: "grad_input", axes: "N" }, "has no inner stage named grad_input"],
  ] as const)("%j, slab %j: %s", (before, params, message) => {
    expect(refusal([...before, ["slab", params]])).toContain(message);
  });
});

describe("what all slabs together make", () => {
  const path = new URL("../declarations/shared_total.ts", import.meta.url).pathname;
  const kernel = readOperator(path).kernel([]);
  const stored = ["mixed", "total", "further"].map((stage) => ["materialise", { stage }] as const);
  const refusal = (schedule: Schedule): string | undefined => {
    const result = applySchedule(kernel, schedule, serial);
    return "refused" in result ? result.refused : undefined;
  };

  it("is not read while slabs are made, also by way of another stage", () => {
    const slab = ["slab", { stage: "mixed", axes: "N W" }] as const;
    expect(refusal([...stored.slice(0, 2), slab])).toContain(
      "output reads total, which only all slabs together make",
    );
    expect(refusal([...stored, slab])).toContain("output reads further, which only all slabs");
  });
  it("is read where each slab makes all of it that it needs, of which memory holds one too", () => {
    const own = ["total", "further", "mixed"].map(
      (stage) => ["slab", { stage, axes: "N", most: 20 }] as const,
    );
    expect(refusal([...stored, ...own])).toBeUndefined();
  });
  it("is no matter of panels, which slabs do not go with", () => {
    const panel = ["panel", { stage: "further", axes: "N" }] as const;
    const slab = ["slab", { stage: "mixed", axes: "N" }] as const;
    expect(refusal([stored[0]!, panel, slab])).toContain("panels are made already");
  });
});

describe("runs of a call", () => {
  const launch = (name: string, repeat?: number): LaunchStep => ({
    kind: "launch",
    function: name,
    buffers: [{ name, access: "write", binding: 0 }],
    scalars: [],
    scalarsBinding: 0,
    group: 1,
    groups: "1",
    sharedBytes: 0,
    ...(repeat !== undefined && { repeat }),
  });
  const steps = [launch("a"), launch("b", 0), launch("c", 0), launch("d")];
  const repeats = [{ times: "N", numbers: [{ name: "first", is: "turn * 2" }] }];

  it("repeat the steps of a repetition together, with the numbers of each turn", () => {
    const runs = listRuns({ repeats }, steps, { N: 2 });
    expect(
      runs.map(({ step, scalars }) => [step.kind === "launch" && step.function, scalars.first]),
    ).toEqual([
      ["a", undefined],
      ["b", 0],
      ["c", 0],
      ["b", 2],
      ["c", 2],
      ["d", undefined],
    ]);
  });
  it("leave out the steps of a repetition that has no turns", () => {
    const runs = listRuns({ repeats }, steps, { N: 0 });
    expect(runs.map(({ step }) => step.kind === "launch" && step.function)).toEqual(["a", "d"]);
  });
  it("do not let workspaces of one repetition share memory", () => {
    const workspaces = ["a", "b", "c", "d"].map((name) => ({
      name,
      dtype: "f32" as const,
      elements: "1",
    }));
    const groups = shareWorkspaces({ workspaces, steps });
    expect(groups.map((group) => group.map(({ name }) => name))).toEqual([["a", "b", "d"], ["c"]]);
  });
});
