import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { freshLoop, make, partOf, reduce } from "../../generators/ir/build.ts";
import { type Expr, index, int, type Loop } from "../../generators/ir/expr.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Gather, Kernel } from "../../generators/ir/kernel.ts";
import { freeLoops, rewrite } from "../../generators/ir/walk.ts";
import {
  type Contraction,
  recognise,
  transposed,
  withBatch,
} from "../../generators/schedule/contract/recognise.ts";
import { inlineStages } from "../../generators/schedule/inline.ts";
import { inputsOf, pathOf } from "./schedule.fixtures.ts";

const declared = (name: string) =>
  readOperator(new URL(`../declarations/${name}.ts`, import.meta.url).pathname);

/** A kernel whose inner stages are stored, or (all but those named) computed where they are read. */
function stagesOf(operator: Operator, present: readonly string[], stored: readonly string[]) {
  const kernel = operator.kernel(present);
  return inlineStages(kernel, new Set([...kernel.outputs, ...stored]));
}

function find(kernel: Kernel, name: string) {
  const names = new Map(kernel.names);
  const stage = kernel.stages.find((s) => s.name === name);
  if (stage?.kind !== "gather") throw new Error(`no stage ${name}`);
  const found = recognise(kernel, stage, names);
  if ("refused" in found) return { refused: found.refused, names };
  const say = (loops: readonly Loop[]) => loops.map((l) => names.get(l) ?? l.axis).join(" ");
  const { b, m, p, k } = found;
  return { found, says: `${say(b)} | ${say(m)} | ${say(p)} | ${say(k)}` };
}

describe("contractions are found:", () => {
  const conv = readOperator(pathOf("conv2d"));
  const deform = readOperator(pathOf("deform_conv2d"));
  it.each([[], ["mask"], ["bias"], ["mask", "bias"]])("deform_conv2d with %s %s", (...present) => {
    const { says, found } = find(stagesOf(deform, present, []), "output");
    expect(says).toBe("o_block | o_in | n oh ow | i j g k");
    expect(found?.s.stages).toEqual([]);
    const stored = find(stagesOf(deform, present, ["columns"]), "output");
    expect(stored.says).toBe("o_block | o_in | n oh ow | k i j");
    expect(stored.found?.s.stages.map(({ from }) => from)).toEqual(["columns"]);
    expect(stored.found?.f.stages).toEqual([]);
  });
  it("conv2d and its gradients", () => {
    expect(find(stagesOf(conv, [], []), "output").says).toBe("o_block | o_in | n oh ow | i j k");
    const kernel = stagesOf(backwardOf(conv), [], []);
    expect(find(kernel, "grad_input").says).toBe("c_block | c_in | n H W | i j O");
    expect(find(kernel, "grad_weight").says).toBe("o_block | o_in | I KH KW | N OH OW");
  });
  it("deform_conv2d's gradients", () => {
    const kernel = stagesOf(backwardOf(deform), ["mask"], ["columns", "grad_columns"]);
    expect(find(kernel, "grad_columns").says).toBe("c_block | c_in KH KW | n OH OW | O");
    const { says, found } = find(kernel, "grad_weight");
    expect(says).toBe("o_block | o_in | I KH KW | N oh ow");
    expect(found?.s.stages.map(({ from }) => from)).toEqual(["columns"]);
  });
  it("what is no convolution", () => {
    expect(find(stagesOf(declared("matmul"), [], []), "output").says).toBe(" | r | t | k");
    expect(find(stagesOf(declared("attend"), [], []), "output").says).toBe("b m | q | d | s");
    const kernel = stagesOf(backwardOf(declared("matmul")), [], []);
    expect(find(kernel, "grad_a").says).toBe(" | r | K | T");
    expect(find(kernel, "grad_b").says).toBe(" | K | t | R");
  });
});

describe("what is none is refused:", () => {
  const refusalOf = (operator: Operator, stage: string, stored: readonly string[] = []) =>
    find(stagesOf(operator, [], stored), stage).refused;
  it.each([
    ["roi_align", "output", /made from 3 reductions/],
    ["roi_pool", "output", /made from 2 reductions/],
    ["deform_roi_pool", "output", /under a condition/],
  ] as const)("%s", (name, stage, why) => {
    expect(refusalOf(readOperator(pathOf(name)), stage)).toMatch(why);
  });
  it("a stage without a sum, and one of several", () => {
    const backward = backwardOf(readOperator(pathOf("deform_conv2d")));
    const stored = ["columns", "grad_columns"];
    expect(refusalOf(backward, "columns", stored)).toBe("columns holds no sum");
    expect(refusalOf(backward, "grad_offset", stored)).toMatch(/4 reductions/);
  });
  it("a factor on every side, and bounds from data", () => {
    expect(refusalOf(readOperator(pathOf("ms_deform_attn")), "output")).toMatch(
      /axes of their own/,
    );
    expect(refusalOf(declared("fading_mean"), "output")).toMatch(/over W depends on data/);
    expect(refusalOf(declared("windowed_sums"), "output")).toMatch(/over W depends on data/);
  });
});

/** The stage of a contraction as it was found: what is added to each place is the element itself. */
function rebuilt(kernel: Kernel, c: Contraction): Kernel {
  const levels = [...c.b, ...c.m, ...c.p];
  const over = c.k.map((l) => l);
  const sum = partOf(reduce("sum", over, [make("mul", c.f.value, c.s.value)], [c.from]), 0);
  const [value] = rewrite([c.element], (e) => (e === c.sum ? sum : e)) as [Expr];
  const stage = {
    kind: "scatter",
    name: c.stage.name,
    domain: levels,
    shape: c.stage.domain.map((l) => freshLoop(l.axis, l.lo, l.hi)),
    dims: c.stage.dims,
    at: c.at,
    when: make("eq", int(0), int(0)),
    values: [value],
  } as const;
  return { ...kernel, stages: kernel.stages.map((s) => (s === c.stage ? stage : s)) };
}

interface Case {
  readonly operator: Operator;
  readonly stages: readonly string[];
  readonly stored: readonly string[];
  readonly present: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

describe("a contraction is what the stage is", () => {
  const attrs = {
    stride: { y: 2, x: 1 },
    padding: { top: 1, left: 0, bottom: 2, right: 1 },
    dilation: { y: 1, x: 2 },
  };
  const taps = { N: 2, H: 6, W: 7, KH: 2, KW: 2 };
  const deform = readOperator(pathOf("deform_conv2d"));
  const conv = readOperator(pathOf("conv2d"));
  // Groups and offset groups that do not nest: 2 of 3 channels, and 3 of 2.
  const uneven = { ...taps, C: 6, I: 3, O: 4, G: 3 };
  const gradients = ["grad_columns", "grad_weight"];
  const inner = ["columns", "grad_columns"];
  const cases: readonly (readonly [string, Case])[] = [
    [
      "deform_conv2d",
      {
        operator: deform,
        stages: ["output"],
        stored: [],
        present: ["mask", "bias"],
        sizes: uneven,
        attrs,
      },
    ],
    [
      "deform_conv2d, whole blocks",
      {
        operator: deform,
        stages: ["output"],
        stored: [],
        present: [],
        sizes: { ...uneven, I: 6, O: 3, G: 2 },
        attrs,
      },
    ],
    [
      "deform_conv2d, columns",
      {
        operator: deform,
        stages: ["output"],
        stored: ["columns"],
        present: ["mask"],
        sizes: uneven,
        attrs,
      },
    ],
    [
      "deform_conv2d_backward",
      {
        operator: backwardOf(deform),
        stages: gradients,
        stored: inner,
        present: ["mask"],
        sizes: uneven,
        attrs,
      },
    ],
    [
      "conv2d",
      { operator: conv, stages: ["output"], stored: [], present: ["bias"], sizes: uneven, attrs },
    ],
    [
      "conv2d_backward",
      {
        operator: backwardOf(conv),
        stages: ["grad_input", "grad_weight"],
        stored: [],
        present: [],
        sizes: uneven,
        attrs,
      },
    ],
    [
      "attend",
      {
        operator: declared("attend"),
        stages: ["output"],
        stored: [],
        present: [],
        sizes: { B: 2, M: 2, Q: 3, S: 4, D: 2 },
        attrs: {},
      },
    ],
    [
      "attend_backward",
      {
        operator: backwardOf(declared("attend")),
        stages: ["grad_share", "grad_value"],
        stored: [],
        present: [],
        sizes: { B: 2, M: 2, Q: 3, S: 4, D: 2 },
        attrs: {},
      },
    ],
  ];
  it.each(cases)("%s", (_, { operator, stages, stored, present, sizes: given, attrs: own }) => {
    const kernel = stagesOf(operator, present, stored);
    const sizes = Object.fromEntries(
      Object.entries(given).filter(([axis]) =>
        kernel.tensors.some(({ dims }) => dims.flat().includes(axis)),
      ),
    );
    const inputs = inputsOf(operator, { present, sizes, attrs: own });
    const { attrs: numbers, options } = numbersOf(operator, own);
    const want = interpretKernel(
      { ...kernel, outputs: [...kernel.outputs, ...stages] },
      inputs,
      sizes,
      numbers,
      options,
    );
    for (const name of stages) {
      const { found, refused } = find(kernel, name);
      if (!found) throw new Error(refused);
      for (const c of [found, transposed(found), withBatch(found, new Set([found.p[0]!]))]) {
        const own = new Set([...c.b, ...c.m, ...c.p, ...c.k]);
        for (const l of c.m) expect(freeLoops(c.s.value).has(l)).toBe(false);
        for (const l of c.p) expect(freeLoops(c.f.value).has(l)).toBe(false);
        for (const e of [c.f.value, c.s.value])
          expect([...freeLoops(e)].every((l) => own.has(l))).toBe(true);
        const outputs = [...kernel.outputs, name];
        const got = interpretKernel(
          { ...rebuilt(kernel, c), outputs },
          inputs,
          sizes,
          numbers,
          options,
        );
        const [a, b] = [got[name]!.parts[0]!, want[name]!.parts[0]!];
        expect(a.length).toBe(b.length);
        expect(Math.max(...b.map(Math.abs))).toBeGreaterThan(0.1);
        for (const [i, v] of a.entries()) expect(Math.abs(v - b[i]!)).toBeLessThan(1e-12);
      }
    }
  });
});

it("an index stays an index", () => {
  const kernel = stagesOf(declared("matmul"), [], []);
  const { found } = find(kernel, "output");
  const stage = kernel.stages[0] as Gather;
  expect(found?.at).toEqual([...(found?.m ?? []), ...(found?.p ?? [])].map(index));
  expect(found?.at.length).toBe(stage.domain.length);
});
