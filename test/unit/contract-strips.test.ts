import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { parallelLoop } from "../../generators/ir/nest.ts";
import { visitBlock } from "../../generators/ir/nestWalk.ts";
import { chooseStrips } from "../../generators/schedule/contract/chooseStrips.ts";
import { applySchedule, type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { evaluateFormula } from "../../targets/contract/formula.ts";
import { findTarget } from "../../targets/registry.ts";
import { comparePlan, inputsOf, pathOf, type Setting } from "./schedule.fixtures.ts";

const limits = { threads: 1, sharedBytes: 0, vectors: 4 };
const declared = (name: string) =>
  readOperator(new URL(`../declarations/${name}.ts`, import.meta.url).pathname);
const conv = readOperator(pathOf("conv2d"));
const deform = readOperator(pathOf("deform_conv2d"));

/** Pieces that cut all axes of small shapes several times. */
const pieces = { MR: 2, NR: 4, BP: 6, KiB: 1, lanes: 4 };

const attrs = {
  stride: { y: 2, x: 1 },
  padding: { top: 1, left: 0, bottom: 2, right: 1 },
  dilation: { y: 1, x: 2 },
};
const taps = { N: 2, H: 6, W: 7, KH: 2, KW: 2 };
const uneven = { ...taps, C: 6, I: 3, O: 4, G: 3 };

/** The default schedule of all contractions of a kernel, in small pieces. */
const inPieces = (operator: Operator, present: readonly string[]): Schedule => {
  const kernel = operator.kernel(present);
  const { steps } = chooseStrips(kernel, kernel.role !== "forward", limits);
  return steps.map(([name, params]) => [
    name,
    name === "contract" ? { ...params, ...pieces } : { ...params },
  ]);
};

const expectSame = (operator: Operator, schedule: Schedule, s: Setting) =>
  comparePlan(operator, operator.kernel(s.present), schedule, {
    ...s,
    inputs: inputsOf(operator, s),
    bound: 1e-11,
    limits,
  });

describe("a contraction made in pieces is what its stage is", () => {
  const cases: readonly (readonly [string, Operator, number, Setting])[] = [
    [
      "groups of channels and of offsets that do not nest",
      deform,
      1,
      { present: ["mask", "bias"], sizes: uneven, attrs },
    ],
    [
      "more channels than a panel has room for at once, and than lanes",
      deform,
      1,
      { present: ["mask"], sizes: { ...uneven, C: 37, I: 37, O: 7, G: 1 }, attrs },
    ],
    [
      "one channel for each output",
      deform,
      1,
      { present: [], sizes: { ...uneven, I: 1, O: 6, G: 2 }, attrs },
    ],
    ["convolution", conv, 1, { present: ["bias"], sizes: { ...taps, C: 6, I: 3, O: 10 }, attrs }],
    [
      "gradients of deformable convolution",
      backwardOf(deform),
      2,
      { present: ["mask"], sizes: uneven, attrs },
    ],
    [
      "gradients of convolution",
      backwardOf(conv),
      2,
      { present: [], sizes: { ...taps, C: 6, I: 3, O: 10 }, attrs },
    ],
    [
      "a product of matrices",
      declared("matmul"),
      1,
      { present: [], sizes: { R: 5, K: 9, T: 10 }, attrs: {} },
    ],
    // A strip of 2 places instead of 6.
    [
      "a product along a long axis",
      declared("matmul"),
      1,
      { present: [], sizes: { R: 5, K: 5003, T: 10 }, attrs: {} },
    ],
  ];
  it.each(cases)("%s", (_, operator, contractions, setting) => {
    const schedule = inPieces(operator, setting.present);
    expect(schedule.filter(([name]) => name === "contract").length).toBe(contractions);
    expectSame(operator, schedule, setting);
  });
});

describe("what pieces are made of", () => {
  const plan = schedulePlan(deform.kernel([]), [["contract", { stage: "output" }]], limits);
  const launches = plan.steps.flatMap((step) => (step.kind === "launch" ? [step.nest] : []));

  it("a packed factor, made by its own launch of the weights alone", () => {
    const [pack] = launches;
    expect(pack!.buffers.map(({ name, access }) => [name, access])).toEqual([
      ["weight", "read"],
      ["weight_packed", "write"],
    ]);
  });
  it("memory of each CPU thread, which share out the strips", () => {
    const output = launches.at(-1)!;
    expect(parallelLoop(output)).toBeDefined();
    const own = plan.buffers.filter(({ perWorker }) => perWorker).map(({ name }) => name);
    expect(own).toEqual(["columns_panel", "output_sums"]);
  });
  it("panels of long rows that are shorter, not of hundreds of megabytes", () => {
    const matmul = declared("matmul");
    const { programs } = compileKernels(
      matmul,
      [matmul.kernel([])],
      findTarget("c"),
      scheduleOn(findTarget("c")),
    );
    const panel = programs[0]!.entry.workspaces.find(({ name }) => name.endsWith("_panel"))!;
    const elements = (K: number) => evaluateFormula(panel.elements, { R: 500, K, T: 500 });
    // As many places as ever, then just as many as one block of registers has.
    const { BP, MR } = { BP: 48, MR: 6 };
    expect(elements(1000) / 1000).toBeGreaterThanOrEqual(BP);
    expect(elements(1_000_000) / 1_000_000).toBeLessThanOrEqual(MR);
  });
  it("no workspace of all columns", () => {
    expect(plan.buffers.map(({ name }) => name)).not.toContain("columns");
  });
});

describe("strips are refused", () => {
  const refusal = (operator: Operator, schedule: Schedule): string | undefined => {
    const result = applySchedule(operator.kernel([]), schedule, limits);
    return "refused" in result ? result.refused : undefined;
  };
  it.each([
    [{ stage: "output", NR: 5 }, "contract: NR is 4, 8 or 16, not 5"],
    [{ stage: "output", MR: 5, BP: 48 }, "contract: MR divides BP, which 5 and 48 do not"],
    [{ stage: "output", MR: 16, NR: 16 }, "contract: a block has at most 128 elements, not 256"],
    [{ stage: "nothing" }, "contract: deform_conv2d stores no stage named nothing"],
  ])("%j", (params, sentence) => {
    expect(refusal(deform, [["contract", params]])).toBe(sentence);
  });
  it("in sizes whose addresses would leave the ints", () => {
    for (const size of ["BP", "KiB"])
      expect(refusal(deform, [["contract", { [size]: 2 ** 31 }]])).toBe(
        `contract: ${size} is a whole number from 1 to 65536, not 2147483648`,
      );
  });
  it("where what panels hold is stored, or is no factor", () => {
    const contract = ["contract", { stage: "output", held: "columns" }] as const;
    const whole = /columns is stored whole, so panels of output hold none of it$/;
    expect(refusal(deform, [["materialise", { stage: "columns" }], contract])).toMatch(whole);
    for (const later of ["materialise", "panel"]) {
      const params = { stage: "columns", ...(later === "panel" && { axes: "N OH" }) };
      expect(refusal(deform, [contract, [later, params]])).toMatch(new RegExp(`^${later}: `));
    }
    expect(refusal(deform, [["contract", { held: "output" }]])).toMatch(/output is stored whole/);
  });
  it("other loops than their own", () => {
    for (const step of ["jam", "order", "vector"]) {
      const axes = step === "order" ? { axes: "O" } : { axis: "O" };
      expect(
        refusal(deform, [
          ["contract", {}],
          [step, axes],
        ]),
      ).toBe(`${step}: output is made in strips, which choose their own loops (contract)`);
    }
  });
  it("where a stage is no sum of products", () => {
    const roi = readOperator(pathOf("roi_pool"));
    expect(refusal(roi, [["contract", {}]])).toMatch(/^contract: /);
  });
});

it("sums along memory may be added up in lanes", () => {
  const operator = backwardOf(deform);
  const schedule: Schedule = [...inPieces(operator, ["mask"]), ["sums", { by: 4 }]];
  const sizes = { ...taps, N: 1, C: 22, I: 11, O: 4, G: 2 };
  expectSame(operator, schedule, { present: ["mask"], sizes, attrs });
  const plan = schedulePlan(operator.kernel(["mask"]), schedule, limits);
  const offset = plan.steps.find(
    (step) => step.kind === "launch" && /grad_offset$/.test(step.nest.name),
  );
  const places = offset?.kind === "launch" ? offset.nest.buffers.map(({ place }) => place) : [];
  expect(places).toContain("register");
});

it("tests that all elements of a row share are made before its loop, without vectors too", () => {
  const schedule = inPieces(deform, ["mask"]).map(([name, params]): Schedule[number] => [
    name,
    name === "contract" ? { ...params, lanes: 1 } : { ...params },
  ]);
  expectSame(deform, schedule, { present: ["mask"], sizes: uneven, attrs });
  const plan = schedulePlan(deform.kernel(["mask"]), schedule, limits);
  const last = plan.steps.at(-1);
  let plain = 0;
  if (last?.kind === "launch")
    visitBlock(last.nest.body, (s) => {
      if (s.kind !== "for" || s.body.some(({ kind }) => kind === "for" || kind === "if")) return;
      const text = JSON.stringify(s.body);
      if (text.includes('"input_nhwc"') && !text.includes('"select"')) plain++;
    });
  expect(plain).toBeGreaterThan(0);
});
