// The layers for TensorFlow.js: pooling of boxes, and calls that come first, or with nothing in them.

import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeformConv2D, DeformRoIPool, PlainConv2D, roiAlign } from "../../generated/tfjs/index.js";
import { backends, deviceErrors, errorOf, roundings, settle, useBackend } from "./tfjs.fixtures.ts";

describe.each(backends)("on %s", (backend) => {
  beforeAll(async () => {
    const failed = await useBackend(backend);
    if (failed) throw new Error(failed.unavailable);
  });
  afterAll(async () => {
    await settle();
    expect(deviceErrors).toEqual([]);
  });

  it("offsetLearningRateFactor leaves what DeformRoIPool begins with, and scales its steps", async () => {
    const x = tf.randomNormal([1, 6, 6, 2], 0, 1, "float32", 8);
    const rois = tf.tensor2d([[0, 0.5, 1, 4, 5]]);
    const make = (offsetLearningRateFactor: number) => {
      const layer = new DeformRoIPool({
        outputSize: 2,
        hiddenUnits: [64],
        offsetLearningRateFactor,
      });
      layer.apply([x, rois]);
      return layer;
    };
    const whole = make(1);
    const tenth = make(0.125);
    // Uniform: the largest of many is close to the limit, which is that of the weights in use.
    const limit = Math.sqrt(6 / (8 + 64));
    const largest = async (layer: DeformRoIPool, factor: number) =>
      (await tf.max(tf.abs(layer.getWeights()[0]!)).data())[0]! * factor;
    for (const [layer, factor] of [
      [whole, 1],
      [tenth, 0.125],
    ] as const) {
      expect(await largest(layer, factor)).toBeLessThan(limit);
      expect(await largest(layer, factor)).toBeGreaterThan(0.95 * limit);
    }
    tenth.setWeights(whole.getWeights().map((w) => tf.div(w, 0.125)));
    for (const layer of [whole, tenth])
      tf.train.adam(0.01).minimize(() => {
        const y = layer.apply([x, rois]) as tf.Tensor;
        return tf.sum(tf.square(y)) as tf.Scalar;
      });
    const moved = await whole.getWeights()[2]!.data();
    expect(Math.max(...moved.map(Math.abs))).toBeGreaterThan(0.005);
    expect(await errorOf(tenth.getWeights()[2]!, moved)).toBeLessThan(1e-5);
    // About as much less far: the hidden layer moved too.
    const [far, near] = await Promise.all(
      [whole, tenth].map(async (layer) => {
        const offsets = layer.binOffsets([x, rois]);
        expect(offsets.shape).toEqual([1, 2, 2, 2]);
        return (await tf.sum(tf.abs(offsets)).data())[0]!;
      }),
    );
    expect(far).toBeGreaterThan(0.001);
    expect(near! / far!).toBeGreaterThan(0.1);
    expect(near! / far!).toBeLessThan(0.15);
  });

  it("DeformRoIPool begins as average pooling of aligned boxes; in both formats", async () => {
    const x = tf.randomNormal([2, 3, 9, 8], 0, 1, "float32", 7);
    const rois = tf.tensor2d([
      [0, 1, 2, 7, 8],
      [1, 0, 3, 5, 6],
    ]);
    const attributes = { output_size: [3, 2] as const, spatial_scale: 0.75, sampling_ratio: 2 };
    const expected = await roiAlign(x, rois, { ...attributes, aligned: true }).data();
    const options = {
      outputSize: [3, 2],
      spatialScale: 0.75,
      samplingRatio: 2,
      hiddenUnits: [4],
    } as const;
    const first = new DeformRoIPool({ ...options, dataFormat: "channelsFirst" });
    const y = first.apply([x, rois]) as tf.Tensor;
    expect(first.computeOutputShape([x.shape, rois.shape])).toEqual(y.shape);
    expect(await errorOf(y, expected)).toBeLessThan(roundings);
    const last = new DeformRoIPool(options).apply([
      tf.transpose(x, [0, 2, 3, 1]),
      rois,
    ]) as tf.Tensor;
    expect(await errorOf(tf.transpose(last, [0, 3, 1, 2]), expected)).toBeLessThan(roundings);
  });

  it.runIf(backend === "cpu")(
    "no boxes give gradients of 0 (cpu: the sum of nothing fails on webgpu)",
    async () => {
      // On webgpu TensorFlow.js' own sum fails where there is nothing to add.
      const pool = new DeformRoIPool({ outputSize: [3, 2], hiddenUnits: [4] });
      const inputs = [tf.ones([1, 8, 8, 2]), tf.zeros([0, 5])];
      const loss = () => tf.sum(pool.apply(inputs) as tf.Tensor) as tf.Scalar;
      loss().dispose();
      const weights = pool.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(loss, weights);
      expect(Object.keys(grads)).toHaveLength(4);
      for (const grad of Object.values(grads))
        expect((await grad.data()).every((value) => value === 0)).toBe(true);
    },
  );

  it("layers take what is empty: no boxes, no images", () => {
    const pool = new DeformRoIPool({ outputSize: [3, 2], hiddenUnits: [4] });
    const x = tf.ones([1, 8, 8, 2]);
    expect((pool.apply([x, tf.zeros([0, 5])]) as tf.Tensor).shape).toEqual([0, 3, 2, 2]);
    expect((pool.apply([x, tf.zeros([1, 0, 4])]) as tf.Tensor).shape).toEqual([1, 0, 3, 2, 2]);
    const none = tf.zeros([0, 8, 8, 2]);
    for (const Layer of [PlainConv2D, DeformConv2D]) {
      const layer = new Layer({ filters: 3, kernelSize: 3 });
      expect(layer.samplingPositions(none).shape).toEqual([0, 6, 6, 1, 9, 2]);
      expect((layer.apply(none) as tf.Tensor).shape).toEqual([0, 6, 6, 3]);
    }
  });

  it("layers that are asked where they look before they are called have the weights given", async () => {
    const x = tf.ones([1, 4, 4, 1]);
    const shift = tf.tensor1d([0.25, -0.5]);
    const weights = [tf.fill([1, 1, 1, 1], 7), tf.zeros([1, 1, 1, 2]), shift];
    const layer = new DeformConv2D({ filters: 1, kernelSize: 1, useBias: false, weights });
    const positions = await layer.samplingPositions(x).data();
    expect([...positions.slice(0, 4)]).toEqual([0.25, -0.5, 0.25, 0.5]);
    expect([...(await layer.getWeights()[0]!.data())]).toEqual([7]);

    const pool = new DeformRoIPool({ outputSize: 2, hiddenUnits: [3] });
    const offsets = pool.binOffsets([x, tf.tensor2d([[0, 0, 0, 3, 3]])]);
    expect([...(await offsets.data())]).toEqual(new Array(8).fill(0));
  });
});
