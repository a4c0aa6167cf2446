import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { closeHelpers } from "../../generators/emit/helpers.ts";
import { describeSignature } from "../../generators/emit/signature.ts";
import { readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import type { Signature } from "../../targets/contract/signature.ts";
import { helpers } from "../../targets/js/helpers.ts";
import { checkIndices, resolve } from "../../targets/js/runtime.js";
import { printSignature } from "../../targets/js/signature.ts";
import { js } from "../../targets/js/target.ts";
import { kernelFor, tensors } from "./emit.declared.ts";
import { pointwise, programOf } from "./emit.fixtures.ts";
import { load, v } from "./nest.fixtures.ts";

const kernels = [kernelFor([]), kernelFor(["bias"])];
const signature = describeSignature({ doc: "Picks.", tensors }, kernels);

/** What a generated module has: the printed text instead of the functions. */
function readPrinted(): Signature {
  const { text, helpers: used } = printSignature(signature, kernels);
  const module = [...closeHelpers(used, helpers), text, "return signature;"];
  return new Function(module.join("\n"))() as Signature;
}

const shapes = {
  input: [2, 6, 9, 4],
  offset: [2, 18, 7, 4],
  weight: [3, 6],
  rois: [7, 5],
};
const attrs = { scale: 0.5 };

test("sizes, scalars and options follow from shapes and attributes", () => {
  const given = { ...attrs, stride: [1, 3], padding: { top: 0, left: 1, bottom: 2, right: 3 } };
  expect(resolve(signature, shapes, { ...given, aligned: true })).toEqual({
    present: [],
    sizes: { N: 2, C: 6, H: 9, W: 4, OH: 7, KH: 3, R: 7, G: 3 },
    scalars: {
      ...{ N: 2, C: 6, H: 9, W: 4, OH: 7, KH: 3, R: 7, G: 3 },
      ...{ stride_y: 1, stride_x: 3, scale: 0.5, count: -1 },
      ...{ padding_top: 0, padding_left: 1, padding_bottom: 2, padding_right: 3 },
    },
    options: { aligned: 1, mode: 0 },
    outputs: {},
  });
  const high = { ...shapes, offset: [2, 18, 5, 4], bias: [6] };
  const more = resolve(signature, high, { ...attrs, mode: "high", stride: 2, padding: [0, 1] });
  expect(more.present).toEqual(["bias"]);
  expect(more.scalars).toMatchObject({ stride_x: 2, padding_left: 1, padding_bottom: 0, OH: 5 });
});

const change = (name: string, shape: readonly number[] | undefined) => ({
  ...shapes,
  [name]: shape,
});
const cases: readonly [string, Parameters<typeof resolve>[1], Record<string, unknown>][] = [
  [
    "pick takes no tensor mask; it takes input, offset, weight, bias, rois.",
    change("mask", [1]),
    attrs,
  ],
  ["pick needs the tensor weight.", change("weight", undefined), attrs],
  ["weight has 3 dimensions; it has 2: (KH, C).", change("weight", [3, 6, 1]), attrs],
  ["weight has 0 channels (C); at least 1 is needed.", change("weight", [3, 0]), attrs],
  ["weight's dimension 0 is -3; a size is a whole number.", change("weight", [-3, 6]), attrs],
  ["weight has 5 channels (C), but C is 6 in input.", change("weight", [3, 5]), attrs],
  [
    "offset has 17 channels; 2·G·KH with KH=3 gives a multiple of 6.",
    change("offset", [2, 17, 7, 4]),
    attrs,
  ],
  ["rois's dimension 1 is 4; it must be 5.", change("rois", [7, 4]), attrs],
  [
    "offset's dimension 2 (OH) is 8, but the other sizes and attributes give 7 (H=9, padding_top=0, KH=3, stride_y=1, mode=low).",
    change("offset", [2, 18, 8, 4]),
    attrs,
  ],
  ["weight's dimension 0 (KH) is 0; at least 1 is needed.", change("weight", [0, 6]), attrs],
  ["scale is null; it must be a finite number.", shapes, { scale: null }],
  ["stride is 2n; it is a whole number or [y, x].", shapes, { ...attrs, stride: 2n }],
  ["scale is 1e+300; it must be at most 3.4028234663852886e+38.", shapes, { scale: 1e300 }],
  ["6 is no multiple of 4 (low, false, 1,1, 0).", change("offset", [2, 24, 7, 4]), attrs],
  [
    "OH would be 0: these sizes and attributes leave nothing to compute.",
    change("input", [2, 6, 2, 4]),
    attrs,
  ],
  [
    "input has 4294967296 elements; kernels count with 32 bits, up to 2147483647.",
    change("input", [65536, 1, 65536, 1]),
    attrs,
  ],
  ["pick needs the attribute scale.", shapes, {}],
  [
    "pick has no attribute size; it has stride, padding, scale, count, aligned, mode.",
    shapes,
    { size: 1 },
  ],
  ["stride.y is 0; it must be at least 1.", shapes, { ...attrs, stride: 0 }],
  ["stride.x is 1.5; it must be a whole number.", shapes, { ...attrs, stride: [1, 1.5] }],
  ['stride is "2"; it is a whole number or [y, x].', shapes, { ...attrs, stride: "2" }],
  ["padding.left is -1; it must be at least 0.", shapes, { ...attrs, padding: [0, -1] }],
  [
    "padding is [1,2,3]; it is a whole number or [y, x] or [top, left, bottom, right].",
    shapes,
    { ...attrs, padding: [1, 2, 3] },
  ],
  ["count is 10; it must be at most 9.", shapes, { ...attrs, count: 10 }],
  ["count is -3000000000; it must be at least -2147483647.", shapes, { ...attrs, count: -3e9 }],
  ["scale is NaN; it must be a finite number.", shapes, { scale: Number.NaN }],
  ["aligned is 1; it must be true or false.", shapes, { ...attrs, aligned: 1 }],
  ['mode is "mid"; it is one of low, high.', shapes, { ...attrs, mode: "mid" }],
];

const own = (name: string): string => `${packageRoot}/dsl/ops/${name}.ts`;

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}

describe("one sentence for what does not fit", () => {
  test.each(cases)("%s", (sentence, given, attributes) => {
    for (const each of [signature, readPrinted()])
      expect(messageOf(() => resolve(each, given, attributes))).toBe(sentence);
  });
});

test("a choice of optional tensors that was not generated is named", () => {
  const one = describeSignature({ doc: "", tensors }, [kernelFor(["bias"])]);
  expect(() => resolve(one, shapes, attrs)).toThrow(
    "pick was not generated for none of its optional tensors; there are kernels for: bias.",
  );
});

test("a real number stays what it is: kernels that take floats round it themselves", () => {
  expect(resolve(signature, shapes, { scale: 0.7 }).scalars.scale).toBe(0.7);
});

test("demands on what callers give are asked before axes are derived", () => {
  const [conv2d] = readOperators([own("conv2d")]);
  const of = describeSignature(conv2d!, [conv2d!.kernel([])]);
  const given = (weight: readonly number[], stride = 1) =>
    messageOf(() => resolve(of, { input: [2, 4, 7, 6], weight }, { stride }));
  expect(given([6, 8, 3, 3])).toBe(
    "input has 4 channels, which weight's 8 channels do not divide.",
  );
  expect(given([6, 4, 9, 3])).toBe(
    "the kernel, 9x3 taps with dilation 1,1, is larger than the padded input.",
  );
  expect(given([0, 4, 3, 3])).toBe("weight has 0 output channels (O); at least 1 is needed.");
  expect(given([1, 4, 3, 3], 2e9)).toBe("stride.y is 2000000000; it must be at most 16777216.");
});

test("what kernels could not count is refused", () => {
  const [conv2d] = readOperators([own("conv2d")]);
  const of = describeSignature(conv2d!, [conv2d!.kernel([])]);
  const tall = { input: [1, 1, 2 ** 31 - 100, 1], weight: [1, 1, 1, 1] };
  const padding = { top: 16777216, bottom: 0, left: 0, right: 0 };
  expect(resolve(of, tall, { stride: 2 }).scalars.OH).toBe(1073741774);
  expect(messageOf(() => resolve(of, tall, { stride: 2, padding }))).toBe(
    "These sizes and attributes make conv2d count up to 2181037981; " +
      "kernels count with 32 bits, up to 2147483647.",
  );
});

test("a dimension may hold several axes that attributes alone tell", () => {
  const [pool] = readOperators([own("ps_roi_pool")]);
  const made = [pool!.kernel([])];
  const of = describeSignature(pool!, made);
  const { text, helpers: used } = printSignature(of, made);
  const module = [...closeHelpers(used, helpers), text, "return signature;"];
  const printed = new Function(module.join("\n"))() as Signature;
  const given = { input: [2, 30, 7, 7], rois: [4, 5] };
  for (const one of [of, printed]) {
    const { sizes, outputs } = resolve(one, given, { output_size: [3, 5] });
    expect(sizes).toMatchObject({ O: 2, GH: 3, GW: 5 });
    expect(outputs).toEqual({ output: [4, 2, 3, 5] });
    const grouped = resolve(one, given, { output_size: [3, 5], group_size: [0, 2] });
    expect(grouped.sizes).toMatchObject({ O: 5, GH: 3, GW: 2 });
    expect(messageOf(() => resolve(one, given, { output_size: [3, 4] }))).toBe(
      "input has 30 channels; O·GH·GW with GH=3, GW=4 gives a multiple of 12.",
    );
  }
});

test("the axes that may be empty: results do not mix along them, or an index chooses from them", () => {
  const operators = readOperators([own("conv2d"), own("roi_pool")]);
  const batchesOf = operators.map((o) => describeSignature(o, [o.kernel([])]).batches);
  expect(batchesOf).toEqual([["N"], ["R", "N"]]);
  const backward = operators.map((o) =>
    differentiate(o.kernel([]), o.name === "conv2d" ? ["input", "weight"] : ["input"]),
  );
  const those = backward.map((kernel, i) => describeSignature(operators[i]!, [kernel]).batches);
  expect(those).toEqual([["N"], ["R", "N"]]);
});

test("an empty batch is one", () => {
  const empty = { ...change("input", [0, 6, 9, 4]), offset: [0, 18, 7, 4], rois: [0, 5] };
  expect(resolve({ ...signature, batches: ["N", "R"] }, empty, attrs).sizes).toMatchObject({
    N: 0,
    R: 0,
  });
});

test.each([2, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "an index of %d is refused",
  (index) => {
    const data = [0, 1, 1, 1, 1, index, 1, 1, 1, 1];
    expect(() => checkIndices(signature, { rois: data }, { rois: [2, 5] }, { N: 2 })).toThrow(
      `rois[1] has the index ${index} of N in column 0; it must be a whole number from 0 to 1.`,
    );
    expect(checkIndices(signature, { rois: data.slice(0, 5) }, { rois: [1, 5] }, { N: 2 })).toBe(
      undefined,
    );
  },
);

test("the printed rules mean what the compiled ones do", () => {
  const printed = readPrinted();
  const number = fc.integer({ min: 1, max: 50 });
  const values = fc.record({
    ...{ H: number, KH: number, C: number, G: number, stride_y: number, padding_top: number },
    MODE: fc.integer({ min: 0, max: 1 }),
  });
  fc.assert(
    fc.property(values, (v) => {
      for (const [at, variant] of signature.variants.entries()) {
        for (const [d, { size }] of variant.axes.entries())
          expect(printed.variants[at]!.axes[d]!.size(v)).toBe(size(v));
        for (const [d, { holds }] of variant.demands.entries())
          expect(Number(printed.variants[at]!.demands[d]!.holds(v))).toBe(holds(v));
      }
    }),
  );
});

test("an operator's name must not be one that its module needs", () => {
  const plan = pointwise(
    "resolve",
    { x: "f32" },
    { y: { dtype: "f32", value: load("x", v("i")) } },
    false,
  );
  expect(() => programOf(plan, js)).toThrow(
    "An operator cannot be called resolve: generated modules use that name.",
  );
});
