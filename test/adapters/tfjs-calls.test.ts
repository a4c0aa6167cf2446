// What callers of the TensorFlow.js operators and layers are told when something does not fit.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import * as warpweave from "../../generated/tfjs/index.js";
import { useBackend } from "./tfjs.fixtures.ts";

const { conv2d, deformConv2d, roiAlign, DeformConv2D, DeformRoIPool, PlainConv2D } = warpweave;

const x = () => tf.zeros([1, 4, 6, 6]);
const weight = () => tf.zeros([4, 4, 3, 3]);
const rois = (image = 0) => tf.tensor2d([[image, 1, 1, 5, 5]]);
const options = { filters: 4, kernelSize: 3 };

/** Calls as plain JavaScript makes them: types do not hold these back. */
// biome-ignore lint/suspicious/noExplicitAny: the point is what happens to what types forbid
const untyped = (value: unknown) => value as any;

beforeAll(async () => {
  await useBackend("cpu");
});

describe("operators say what does not fit", () => {
  it.each([
    [
      () => deformConv2d(x(), tf.zeros([1, 17, 4, 4]), weight()),
      "offset has 17 channels; 2·G·KH·KW with KH=KW=3 gives a multiple of 18.",
    ],
    [
      () => deformConv2d(x(), tf.zeros([1, 18, 3, 4]), weight()),
      "offset's dimension 2 (OH) is 3, but the other sizes and attributes give 4",
    ],
    [
      () => conv2d(x(), weight(), untyped({ strides: 2 })),
      "conv2d has no attribute strides; it has stride, padding, dilation.",
    ],
    [() => conv2d(x(), weight(), { stride: 0 }), "stride.y is 0; it must be at least 1."],
    [
      () => conv2d(untyped([[[[1]]]]), weight()),
      "input is an array; conv2d takes tensors, as tf.tensor makes them.",
    ],
    [
      () => conv2d(x(), tf.cast(weight(), "int32")),
      'weight is int32; conv2d computes with float32 only: tf.cast(weight, "float32") gives that.',
    ],
    [
      () => conv2d(x(), weight(), { bias: tf.zeros([3]) }),
      "bias has 3 output channels (O), but O is 4 in weight.",
    ],
    [
      () => untyped(conv2d)(x(), weight(), tf.zeros([4])),
      "conv2d takes input, weight and then an object with what is optional.",
    ],
    [
      () => untyped(conv2d)(x(), weight(), {}, 1),
      "conv2d takes 2 tensors and an object; it was given 4 arguments.",
    ],
    [() => roiAlign(x(), rois(), untyped({})), "roi_align needs the attribute output_size."],
    [
      () => roiAlign(x(), rois(3), { output_size: 2 }),
      "rois[0] has the index 3 of N in column 0; it must be a whole number from 0 to 0.",
    ],
    [
      () => {
        const gone = x();
        gone.dispose();
        return conv2d(gone, weight());
      },
      "input was disposed before conv2d was called.",
    ],
  ] as const)("%#", (call, sentence) => {
    expect(call).toThrow(expect.objectContaining({ message: expect.stringContaining(sentence) }));
  });

  it("null and undefined leave an optional tensor out", async () => {
    const ones = tf.ones([1, 4, 6, 6]);
    const y = conv2d(ones, weight(), { bias: null });
    expect(y.shape).toEqual([1, 4, 4, 4]);
    expect(conv2d(ones, weight(), { bias: undefined }).shape).toEqual([1, 4, 4, 4]);
  });

  it("boxes have no gradient, nor have gradients", () => {
    const pool = (input: tf.Tensor, boxes: tf.Tensor) => roiAlign(input, boxes, { output_size: 2 });
    expect(() => tf.grads(pool)([x(), rois()])).toThrow(
      "roi_align has no gradient with respect to rois: compute rois outside of the function that " +
        "is differentiated.",
    );
    const slope = tf.grad((w: tf.Tensor) => tf.sum(tf.square(conv2d(x(), w))));
    expect(() => tf.grad((w: tf.Tensor) => tf.sum(slope(w)))(weight())).toThrow(
      "gradient function not found for WarpweaveConv2dBackward",
    );
  });

  it("no backend has to be set before the first call", () => {
    const text = `
      import * as tf from "@tensorflow/tfjs";
      import { conv2d } from "./generated/tfjs/index.js";
      const y = conv2d(tf.ones([1, 1, 3, 3]), tf.ones([1, 1, 2, 2]));
      console.log(tf.getBackend(), y.dataSync().join());`;
    const args = ["--input-type=module", "-e", text];
    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const out = execFileSync(process.execPath, args, { cwd, encoding: "utf8", stdio: "pipe" });
    expect(out.trim().split("\n").at(-1)).toBe("cpu 4,4,4,4");
  });

  it("another backend is named", async () => {
    tf.registerBackend("other", () => tf.findBackend("cpu"));
    await tf.setBackend("other");
    try {
      expect(() => conv2d(x(), weight())).toThrow(
        "conv2d runs on the backends cpu, webgpu; the backend is other. " +
          "tf.setBackend chooses another.",
      );
    } finally {
      await tf.setBackend("cpu");
    }
  });
});

describe("layers say what does not fit", () => {
  it.each([
    [
      () => new DeformConv2D(untyped({ ...options, kernelsize: 3 })),
      /^DeformConv2D has no option kernelsize; it has activation, .*useBias\.$/,
    ],
    [
      () => new PlainConv2D({ ...options, filters: 0 }),
      /^PlainConv2D: filters is 0; it is a whole number of at least 1\.$/,
    ],
    [
      () => new PlainConv2D({ ...options, strides: untyped([1, 2, 3]) }),
      /^PlainConv2D: strides is \[1,2,3\]; it is a whole number of at least 1, or two: rows and/,
    ],
    [
      () => new PlainConv2D({ ...options, padding: untyped("half") }),
      /^PlainConv2D: padding is "half"; it is "same", "valid", a whole number of at least 0, /,
    ],
    [
      () => new DeformConv2D({ ...options, maskActivation: untyped("tanh") }),
      /^DeformConv2D: maskActivation is "tanh"; it is one of sigmoid, twice_sigmoid\.$/,
    ],
    [
      () => new DeformConv2D({ ...options, offsetLearningRateFactor: 0 }),
      /^DeformConv2D: offsetLearningRateFactor is 0; it is a number above 0\.$/,
    ],
    [
      () => new DeformConv2D({ ...options, offsetGroups: 3 }).build([null, 6, 6, 4]),
      /^DeformConv2D: 3 offset groups do not divide 4 channels\.$/,
    ],
    [
      () => new PlainConv2D({ ...options, groups: 3 }).build([null, 6, 6, 4]),
      /^PlainConv2D: 3 groups do not divide 4 channels and 4 filters\.$/,
    ],
    [
      () =>
        new DeformRoIPool({ outputSize: 2 }).build([
          [null, 6, 6, 4],
          [null, 4],
        ]),
      /^DeformRoIPool takes \[features, rois\], with rois of \(boxes, 5\): .* shape \(null, 4\)\.$/,
    ],
    [
      () =>
        new DeformRoIPool({ outputSize: 2 }).build([
          [null, 6, 6, null],
          [null, 5],
        ]),
      /^DeformRoIPool needs features of four dimensions .* the shape \(null, 6, 6, null\)\.$/,
    ],
    [
      () => new DeformRoIPool({ outputSize: 2, hiddenUnits: untyped(8) }),
      /^DeformRoIPool: hiddenUnits is 8; it is a list of whole numbers\.$/,
    ],
  ] as const)("%#", (call, sentence) => {
    expect(call).toThrow(sentence);
  });
});
