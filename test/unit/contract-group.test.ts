import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { type Schedule, schedulePlan } from "../../generators/schedule/index.ts";
import { expectSame, limits, pathOf, refusalOf, type Setting } from "./schedule.fixtures.ts";

const declared = (name: string) =>
  readOperator(new URL(`../declarations/${name}.ts`, import.meta.url).pathname);
const conv = readOperator(pathOf("conv2d"));
const deform = readOperator(pathOf("deform_conv2d"));

/** Tiles that cut all axes of small shapes several times, and of which threads have several elements. */
const tiles = { BM: 4, BP: 8, BK: 4, TM: 2, TP: 2 };
const tiled = (stage: string, more: object = {}): Schedule => [
  ["contract", { stage, ...tiles, ...more }],
  ["pointwise", { group: 8 }],
];

const attrs = {
  stride: { y: 2, x: 1 },
  padding: { top: 1, left: 0, bottom: 2, right: 1 },
  dilation: { y: 1, x: 2 },
};
const taps = { N: 2, H: 6, W: 7, KH: 2, KW: 2 };

describe("a contraction made tile by tile is what its stage is", () => {
  const uneven = { ...taps, C: 6, I: 3, O: 4, G: 3 };
  const cases: readonly (readonly [string, Operator, string, Setting])[] = [
    [
      "groups of channels and of offsets that do not nest",
      deform,
      "output",
      { present: ["mask", "bias"], sizes: uneven, attrs },
    ],
    [
      "odd numbers of channels",
      deform,
      "output",
      { present: ["mask"], sizes: { ...uneven, C: 5, I: 5, O: 7, G: 1 }, attrs },
    ],
    [
      "one channel for each output",
      deform,
      "output",
      { present: [], sizes: { ...uneven, I: 1, O: 6, G: 2 }, attrs },
    ],
    [
      "convolution",
      conv,
      "output",
      { present: ["bias"], sizes: { ...taps, C: 6, I: 3, O: 10 }, attrs },
    ],
    [
      "a product of matrices",
      declared("matmul"),
      "output",
      { present: [], sizes: { R: 5, K: 9, T: 10 }, attrs: {} },
    ],
    [
      "one product for each head",
      declared("attend"),
      "output",
      { present: [], sizes: { B: 2, M: 2, Q: 5, S: 6, D: 3 }, attrs: {} },
    ],
  ];
  it.each(cases)("%s", (_, operator, stage, setting) => {
    // Sums of up to 36 terms in another order.
    expectSame(operator, tiled(stage), setting, 1e-13);
  });
  it("gradients", () => {
    const sizes = { ...taps, C: 6, I: 3, O: 4 };
    const both: Schedule = [
      ["contract", { stage: "grad_input", ...tiles }],
      ["contract", { stage: "grad_weight", ...tiles, pad: 1 }],
      ["pointwise", { group: 8 }],
    ];
    expectSame(backwardOf(conv), both, { present: [], sizes, attrs }, 1e-12);
    const inner: Schedule = [
      ["materialise", { stage: "columns" }],
      ["materialise", { stage: "grad_columns" }],
      ["contract", { stage: "grad_columns", ...tiles }],
      ["contract", { stage: "grad_weight", ...tiles }],
      ["pointwise", { group: 8 }],
    ];
    expectSame(
      backwardOf(deform),
      inner,
      { present: ["mask"], sizes: { ...sizes, G: 3 }, attrs },
      1e-12,
    );
  });
});

it("a sum in parts, of which each is made tile by tile", () => {
  const sizes = { ...taps, C: 6, I: 3, O: 4 };
  // One part, several of which the last is shorter, and as many as are worth it.
  for (const axis of ["N", "OH", "OW"])
    for (const most of [1, 300, 2 ** 20]) {
      const steps: Schedule = [
        ["split", { stage: "grad_weight", axis, most, least: 2 }],
        ["contract", { stage: "grad_weight_parts", ...tiles }],
        ["pointwise", { group: 8 }],
      ];
      expectSame(backwardOf(conv), steps, { present: [], sizes, attrs }, 1e-12);
    }
  const kernel = backwardOf(conv).kernel([]);
  const again: Schedule[number] = ["split", { stage: "grad_weight", axis: "OH" }];
  expect(refusalOf(kernel, [["split", { stage: "grad_weight", axis: "H" }]])).toBe(
    "split: the sum of grad_weight is not over H; it is over N, OH, OW",
  );
  expect(refusalOf(kernel, [again, again])).toMatch(/in parts already/);
  expect(refusalOf(kernel, [["contract", { stage: "grad_weight" }], again])).toMatch(/say first/);
  expect(refusalOf(kernel, [["split", { stage: "grad_weight", axis: "OH", most: 0 }]])).toMatch(
    /most is a whole number from 1/,
  );
});

it("a factor that is sampled again, and not stored", () => {
  const steps: Schedule = [
    ["materialise", { stage: "grad_columns" }],
    ["contract", { stage: "grad_weight", ...tiles }],
    ["pointwise", { group: 8 }],
  ];
  const sizes = { ...taps, C: 6, I: 3, O: 4, G: 3 };
  expectSame(backwardOf(deform), steps, { present: [], sizes, attrs }, 1e-12);
});

it("fewer rows than tiles are worth are made by a thread for each element", () => {
  const steps: Schedule = [
    ["jam", { stage: "output", axis: "O", by: 2 }],
    ["contract", { stage: "output", ...tiles, least: 3, group: 4 }],
  ];
  for (const O of [2, 3]) {
    const sizes = { ...taps, C: 4, I: 4, O };
    expectSame(conv, steps, { present: [], sizes, attrs }, 1e-13);
  }
  const names = schedulePlan(conv.kernel([]), steps, limits).steps.map((step) =>
    step.kind === "launch" ? [step.nest.name, step.nest.group] : [],
  );
  expect(names).toEqual([
    ["conv2d", 8],
    ["conv2d_few", 4],
  ]);
});

describe("tiles are refused", () => {
  const kernel = conv.kernel([]);
  it.each([
    [{ BM: 0 }, "contract: BM is a positive whole number, not 0"],
    [{ BM: 6 }, "contract: TM divides BM, which 8 and 6 do not"],
    [{ TP: 3 }, "contract: TP divides BP, which 3 and 64 do not"],
    [{ TM: 16, TP: 16 }, "contract: a thread keeps at most 128 elements, not 256"],
    [{ TM: 1, TP: 1 }, "contract: a group has at most 256 threads here, not 4096"],
    [{ BK: 64 }, "contract: a group has 16384 bytes on chip here, not 32768"],
    [{ BM: 128, BP: 32 }, /^contract: a group's 64 threads make whole rows of BM/],
    [{ pad: -1 }, "contract: pad is a whole number from 0 up, not -1"],
    [{ stage: "taps" }, "contract: conv2d stores no stage named taps"],
  ])("%o", (given, why) => {
    const refused = refusalOf(kernel, [["contract", given]]);
    if (typeof why === "string") expect(refused).toBe(why);
    else expect(refused).toMatch(why);
  });
  it("where the stage is no contraction, or runs otherwise already", () => {
    const roi = readOperator(pathOf("roi_align")).kernel([]);
    expect(refusalOf(roi, [["contract", {}]])).toMatch(/made from 3 reductions/);
    const twice: Schedule = [
      ["contract", {}],
      ["contract", {}],
    ];
    expect(refusalOf(kernel, twice)).toMatch(/is chosen already/);
    const walked: Schedule = [
      ["walk", { stage: "output", axes: "I" }],
      ["contract", {}],
    ];
    expect(refusalOf(kernel, walked)).toMatch(/in another order/);
    expect(refusalOf(kernel, [["contract", {}], ["lanes"]])).toMatch(
      /^lanes: .* is chosen already/,
    );
    const jammed: Schedule = [
      ["contract", {}],
      ["jam", { stage: "output", axis: "O" }],
    ];
    expect(refusalOf(kernel, jammed)).toBe(
      "jam: output is made in tiles, which choose their own loops (contract)",
    );
  });
});
