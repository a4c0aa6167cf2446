// The layers for TensorFlow.js: what they say where inputs or options are not what they take.

import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { DeformConv2D, DeformRoIPool, PlainConv2D } from "../../generated/tfjs/index.js";
import { useBackend } from "./tfjs.fixtures.ts";

beforeAll(async () => {
  const failed = await useBackend("cpu");
  if (failed) throw new Error(failed.unavailable);
});

const image = (...shape: readonly number[]) => tf.ones([...shape]);

describe.each([
  ["PlainConv2D", PlainConv2D],
  ["DeformConv2D", DeformConv2D],
] as const)("%s", (name, Layer) => {
  const options = { filters: 8, kernelSize: 3, groups: 2 } as const;
  const sentence = (found: number, shape: string) =>
    `${name} expected 4 channels, as it was built for, got ${found}: ` +
    `its input has the shape (${shape}).`;

  it("refuses other channels than it was built for, multiples too", () => {
    const layer = new Layer(options);
    expect((layer.apply(image(1, 6, 6, 4)) as tf.Tensor).shape).toEqual([1, 4, 4, 8]);
    for (const found of [8, 6, 2, 3]) {
      const x = image(1, 6, 6, found);
      const expected = sentence(found, `1, 6, 6, ${found}`);
      expect(() => layer.apply(x)).toThrow(expected);
      expect(() => layer.call(x)).toThrow(expected);
      expect(() => layer.samplingPositions(x)).toThrow(expected);
      expect(() => layer.apply(tf.input({ shape: [6, 6, found] }))).toThrow(
        sentence(found, `null, 6, 6, ${found}`),
      );
    }
    // Other sizes are no matter, nor channels that are not known yet.
    expect((layer.apply(image(2, 5, 7, 4)) as tf.Tensor).shape).toEqual([2, 3, 5, 8]);
    const later = layer.apply(tf.input({ shape: [6, 6, null] })) as tf.SymbolicTensor;
    expect(later.shape).toEqual([null, 4, 4, 8]);
  });

  it("refuses other channels in the order channelsFirst", () => {
    const layer = new Layer({ ...options, dataFormat: "channelsFirst" });
    layer.apply(image(1, 4, 6, 6));
    expect(() => layer.apply(image(1, 8, 6, 6))).toThrow(sentence(8, "1, 8, 6, 6"));
    expect((layer.apply(image(1, 4, 6, 8)) as tf.Tensor).shape).toEqual([1, 8, 4, 6]);
  });

  it("refuses more than one input, and what is no batch of images", () => {
    const layer = new Layer(options);
    const x = image(1, 6, 6, 4);
    layer.apply([x]);
    expect(() => layer.call([x, x])).toThrow(
      `${name} takes one input, a batch of images; it was given 2.`,
    );
    expect(() => layer.call(image(6, 6, 4))).toThrow(
      `${name} needs an input of four dimensions; it has the shape (6, 6, 4).`,
    );
  });

  it.each([undefined, null, 32, "3x3", [3]])("takes an object of options, not %j", (given) => {
    expect(() => new Layer(given as never)).toThrow(
      `${name} takes an object of options, such as { filters: 32, kernelSize: 3 }.`,
    );
  });
});

it("a DeformConv2D that could not be built is not half built", () => {
  const layer = new DeformConv2D({ filters: 2, kernelSize: 3, offsetGroups: 3 });
  const failing = () => layer.apply(image(1, 6, 6, 4));
  const sentence = "DeformConv2D: 3 offset groups do not divide 4 channels.";
  expect(failing).toThrow(sentence);
  expect(failing).toThrow(sentence);
  expect((layer.apply(image(1, 6, 6, 3)) as tf.Tensor).shape).toEqual([1, 4, 4, 2]);
});

describe("DeformRoIPool", () => {
  const make = () => new DeformRoIPool({ outputSize: 2, hiddenUnits: [3] });
  const boxes = tf.tensor2d([[0, 0, 0, 3, 3]]);

  it.each([
    ["before it is built", false],
    ["when it is built", true],
  ])("takes exactly two inputs: %s", (_, isBuilt) => {
    const layer = make();
    const x = image(1, 4, 4, 2);
    if (isBuilt) layer.apply([x, boxes]);
    for (const inputs of [x, [x], [x, boxes, boxes]])
      expect(() => layer.apply(inputs)).toThrow(
        "DeformRoIPool takes exactly two inputs, [features, rois].",
      );
    expect(() => layer.call([x, boxes, boxes])).toThrow("exactly two inputs");
    expect((layer.apply([x, boxes]) as tf.Tensor).shape).toEqual([1, 2, 2, 2]);
  });

  it("takes boxes of as many images as there are", () => {
    const layer = make();
    for (const round of ["unbuilt", "built"]) {
      expect(() => layer.apply([image(4, 4, 4, 2), tf.zeros([3, 2, 4])]), round).toThrow(
        "DeformRoIPool: rois of (3, 2, 4) are the boxes of 3 images, but features have 4.",
      );
      const y = layer.apply([image(3, 4, 4, 2), tf.zeros([3, 2, 4])]) as tf.Tensor;
      expect(y.shape).toEqual([3, 2, 2, 2, 2]);
    }
    expect(() => layer.apply([image(1, 4, 4, 2), tf.zeros([2, 4])])).toThrow(
      "DeformRoIPool takes [features, rois], with rois of (boxes, 5)",
    );
  });

  it("refuses other channels than it was built for", () => {
    const layer = make();
    layer.apply([image(1, 4, 4, 2), boxes]);
    expect(() => layer.apply([image(1, 4, 4, 4), boxes])).toThrow(
      "DeformRoIPool expected 2 channels, as it was built for, got 4: " +
        "its input has the shape (1, 4, 4, 4).",
    );
  });

  it("takes an object of options", () => {
    const Layer = DeformRoIPool as unknown as new () => DeformRoIPool;
    expect(() => new Layer()).toThrow(
      "DeformRoIPool takes an object of options, such as { outputSize: 7 }.",
    );
  });
});
