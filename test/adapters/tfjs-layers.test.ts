// The layers for TensorFlow.js: against the PyTorch module and Keras' layers, in training, saved and loaded.

import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeformConv2D, DeformRoIPool, PlainConv2D } from "../../generated/tfjs/index.js";
import type { Stored } from "../golden/case.ts";
import type { ModuleCase } from "../golden/module.ts";
import {
  backends,
  deviceErrors,
  errorOf,
  roundings,
  settle,
  tensorOf,
  useBackend,
} from "./tfjs.fixtures.ts";

const { cases } = JSON.parse(
  readFileSync(new URL("../golden/module.json", import.meta.url), "utf8"),
) as { readonly cases: readonly ModuleCase[] };

/** PyTorch's kernels are (filters, channels, rows, columns). */
const kernelOf = (stored: Stored) => tf.transpose(tensorOf(stored), [2, 3, 1, 0]);

/** The module's parameters, in the order of the layer's weights. */
const parameters = ["conv", "p_conv", "m_conv"].flatMap((name) => [
  `${name}.weight`,
  `${name}.bias`,
]);

function makeModule(stored: ModuleCase) {
  const names = parameters.filter((name) => stored.params[name]);
  const layer = new DeformConv2D({
    filters: stored.params["conv.weight"]!.shape[0]!,
    kernelSize: 3,
    padding: 1,
    strides: stored.stride,
    modulated: stored.mask !== undefined,
    useBias: stored.params["conv.bias"] !== undefined,
    offsetOrder: "rows_then_columns",
    dataFormat: "channelsFirst",
  });
  layer.build([...stored.input.shape]);
  const convert = (name: string, tensors: ModuleCase["params"]) =>
    name.endsWith("weight") ? kernelOf(tensors[name]!) : tensorOf(tensors[name]!);
  layer.setWeights(names.map((name) => convert(name, stored.params)));
  return { layer, names, convert };
}

describe.each(backends)("on %s", (backend) => {
  beforeAll(async () => {
    const failed = await useBackend(backend);
    if (failed) throw new Error(failed.unavailable);
  });
  afterAll(async () => {
    await settle();
    expect(deviceErrors).toEqual([]);
  });

  it.each(cases.map((c) => [c.name, c] as const))(
    "DeformConv2D is the PyTorch module: %s",
    async (_, stored) => {
      const { layer, names, convert } = makeModule(stored);
      const x = tensorOf(stored.input);
      expect(await errorOf(layer.call(x), stored.output.data)).toBeLessThan(roundings);

      const dy = tensorOf(stored.grad_output);
      const loss = (y: tf.Tensor) => tf.sum(tf.mul(y, dy)) as tf.Scalar;
      const dx = tf.grad((input: tf.Tensor) => loss(layer.call(input)))(x);
      expect(await errorOf(dx, stored.grads.input!.data)).toBeLessThan(roundings);
      const { grads } = tf.variableGrads(() => loss(layer.call(x)));
      for (const [at, name] of names.entries()) {
        const variable = layer.trainableWeights[at]! as unknown as { readonly val: tf.Variable };
        const expected = await convert(name, stored.grads).data();
        const error = await errorOf(grads[variable.val.name]!, expected);
        expect(error, name).toBeLessThan(roundings);
      }
    },
  );

  it("PlainConv2D is tf.layers.conv2d, with every kind of padding and stride", async () => {
    const settings = [
      { kernelSize: 3, strides: 2, padding: "same" },
      { kernelSize: [2, 5], strides: [1, 3], padding: "same", activation: "tanh" },
      { kernelSize: 3, dilationRate: 2, padding: "same" },
      { kernelSize: 2, strides: 2, padding: "valid", useBias: false },
    ] as const;
    for (const [height, width] of [
      [7, 8],
      [8, 9],
    ] as const)
      for (const { ...options } of settings) {
        const x = tf.randomNormal([2, height, width, 3], 0, 1, "float32", 1);
        const keras = tf.layers.conv2d({ ...options, filters: 4 } as never);
        const own = new PlainConv2D({ ...options, filters: 4 });
        const expected = keras.apply(x) as tf.Tensor;
        const y = own.apply(x) as tf.Tensor;
        own.setWeights(keras.getWeights());
        expect(y.shape).toEqual(expected.shape);
        expect(own.computeOutputShape(x.shape)).toEqual(expected.shape);
        const found = own.apply(x) as tf.Tensor;
        expect(await errorOf(found, await expected.data())).toBeLessThan(roundings);
      }
  });

  it("DeformConv2D begins as a plain convolution; in both formats and with groups", async () => {
    const x = tf.randomNormal([2, 7, 6, 4], 0, 1, "float32", 2);
    const options = { filters: 6, kernelSize: 3, groups: 2, padding: "same" as const };
    const plain = new PlainConv2D(options);
    const expected = await (plain.apply(x) as tf.Tensor).data();
    const last = new DeformConv2D({ ...options, offsetGroups: 2 });
    last.build(x.shape);
    last.setWeights([...plain.getWeights(), ...last.getWeights().slice(2)]);
    expect(await errorOf(last.call(x), expected)).toBeLessThan(roundings);

    const maskTwice = { modulated: true, maskActivation: "twice_sigmoid" } as const;
    const first = new DeformConv2D({ ...options, ...maskTwice, dataFormat: "channelsFirst" });
    const nchw = tf.transpose(x, [0, 3, 1, 2]);
    first.build(nchw.shape);
    first.setWeights([...plain.getWeights(), ...first.getWeights().slice(2)]);
    const y = first.call(nchw);
    expect(first.computeOutputShape(nchw.shape)).toEqual(y.shape);
    // Twice the sigmoid of 0 is 1, so modulation changes nothing either.
    expect(await errorOf(tf.transpose(y, [0, 2, 3, 1]), expected)).toBeLessThan(roundings);
  });

  it("samplingPositions of a plain layer are those of a deformable one that does not move", async () => {
    const x = tf.zeros([2, 6, 5, 2]);
    const options = { filters: 1, kernelSize: [3, 2], strides: [2, 1], padding: [1, 0] } as const;
    for (const dataFormat of ["channelsLast", "channelsFirst"] as const) {
      const expected = new DeformConv2D({ ...options, dataFormat }).samplingPositions(x);
      const found = new PlainConv2D({ ...options, dataFormat }).samplingPositions(x);
      expect(found.shape).toEqual(expected.shape);
      expect([...(await found.data())]).toEqual([...(await expected.data())]);
    }
  });

  it("samplingPositions says where the layer samples", async () => {
    const x = tf.randomNormal([2, 6, 5, 2], 0, 1, "float32", 3);
    const layer = new DeformConv2D({
      filters: 1,
      kernelSize: [3, 2],
      strides: [2, 1],
      padding: [1, 0],
      offsetGroups: 2,
      useBias: false,
    });
    layer.build(x.shape);
    const random = layer
      .getWeights()
      .map((w, at) => tf.randomNormal(w.shape, 0, 0.5, "float32", at));
    layer.setWeights(random);
    const positions = layer.samplingPositions(x);
    expect(positions.shape).toEqual([2, 3, 4, 2, 6, 2]);
    // The layer's output from these positions, by hand.
    const at = (await positions.array()) as number[][][][][][];
    const image = (await x.array()) as number[][][][];
    const kernel = (await random[0]!.array()) as number[][][][];
    const pixel = (n: number, y: number, c: number, k: number): number =>
      image[n]![y]?.[c]?.[k] ?? 0;
    const sample = (n: number, y: number, c: number, k: number): number => {
      const [low, left] = [Math.floor(y), Math.floor(c)];
      const [dy, dx] = [y - low, c - left];
      const row = (r: number) => (1 - dx) * pixel(n, r, left, k) + dx * pixel(n, r, left + 1, k);
      return (1 - dy) * row(low) + dy * row(low + 1);
    };
    const expected = at.flatMap((rows, n) =>
      rows.flatMap((columns) =>
        columns.map((groups) => {
          let sum = 0;
          groups.forEach((taps, channel) => {
            taps.forEach(([y, c], tap) => {
              const weight = kernel[Math.floor(tap / 2)]![tap % 2]![channel]![0]!;
              sum += weight * sample(n, y!, c!, channel);
            });
          });
          return sum;
        }),
      ),
    );
    expect(await errorOf(layer.call(x), expected)).toBeLessThan(4 * roundings);
  });

  const optimizers = {
    sgd: () => tf.train.sgd(0.01),
    momentum: () => tf.train.momentum(0.01, 0.9),
    adam: () => tf.train.adam(0.01),
    adagrad: () => tf.train.adagrad(0.01),
    rmsprop: () => tf.train.rmsprop(0.01),
  };

  it.each(Object.entries(optimizers))(
    "offsetLearningRateFactor scales the step of the predictors: %s",
    async (_, make) => {
      const x = tf.randomNormal([1, 5, 5, 2], 0, 1, "float32", 4);
      const stepsOf = async (offsetLearningRateFactor: number) => {
        const layer = new DeformConv2D({
          filters: 2,
          kernelSize: 3,
          modulated: true,
          offsetLearningRateFactor,
          kernelInitializer: tf.initializers.randomNormal({ seed: 5 }),
        });
        layer.build(x.shape);
        const predictor = () =>
          layer
            .getWeights()
            .slice(2)
            .map((w) => tf.mul(w, offsetLearningRateFactor));
        const before = predictor();
        make().minimize(() => tf.sum(tf.square(layer.call(x))) as tf.Scalar);
        return Promise.all(predictor().map((w, at) => tf.sub(w, before[at]!).data()));
      };
      const whole = await stepsOf(1);
      const tenth = await stepsOf(0.125);
      expect(Math.max(...whole[0]!.map(Math.abs))).toBeGreaterThan(1e-4);
      for (const [at, expected] of whole.entries()) {
        const scaled = tf.mul(tf.tensor(expected), 0.125);
        expect(await errorOf(scaled, tenth[at]!)).toBeLessThan(1e-6);
      }
    },
  );

  it("a model of all layers trains, and is the same after it was saved and loaded", async () => {
    const images = tf.input({ shape: [12, 12, 1] });
    const rois = tf.input({ shape: [2, 4] });
    const relu = { activation: "relu", kernelSize: 3, padding: "same" } as const;
    const random = (seed: number) => tf.initializers.heNormal({ seed });
    const features = [
      new PlainConv2D({ ...relu, filters: 4, kernelInitializer: random(1) }),
      new DeformConv2D({
        ...relu,
        filters: 6,
        strides: 2,
        modulated: true,
        maskActivation: "twice_sigmoid",
        edgeGrad: "zero",
        kernelInitializer: random(2),
        offsetLearningRateFactor: 0.5,
      }),
    ].reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, images);
    const boxed = {
      outputSize: 2,
      hiddenUnits: [8],
      spatialScale: 0.5,
      kernelInitializer: random(4),
    };
    const pooled = new DeformRoIPool(boxed).apply([features, rois]) as tf.SymbolicTensor;
    const flat = tf.layers.flatten().apply(pooled) as tf.SymbolicTensor;
    const dense = tf.layers.dense({
      units: 2,
      activation: "softmax",
      kernelInitializer: random(3),
    });
    const outputs = dense.apply(flat) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [images, rois], outputs });
    model.compile({ optimizer: tf.train.adam(0.01), loss: "categoricalCrossentropy" });

    const x = tf.randomNormal([16, 12, 12, 1], 0, 1, "float32", 6);
    const boxes = tf.tile(
      tf.tensor3d([
        [
          [1, 2, 9, 8],
          [3, 0, 11, 11],
        ],
      ]),
      [16, 1, 1],
    );
    const y = tf.oneHot(
      tf.tensor1d(
        Array.from({ length: 16 }, (_, n) => n % 2),
        "int32",
      ),
      2,
    );
    const train = async (epochs: number) => {
      const { history } = await model.fit([x, boxes], y, {
        epochs,
        batchSize: 8,
        shuffle: false,
        verbose: 0,
      });
      return history.loss as number[];
    };
    const [first] = await train(1);
    const tensors = tf.memory().numTensors;
    const last = (await train(4)).at(-1)!;
    expect(tf.memory().numTensors).toBe(tensors);
    expect(last).toBeLessThan(0.7 * first!);

    const artifacts: tf.io.ModelArtifacts[] = [];
    await model.save(
      tf.io.withSaveHandler(async (given) => {
        artifacts.push(given);
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
      }),
    );
    const again = await tf.loadLayersModel(tf.io.fromMemory(artifacts[0]!));
    const expected = await (model.predict([x, boxes]) as tf.Tensor).data();
    const found = await (again.predict([x, boxes]) as tf.Tensor).data();
    expect([...found]).toEqual([...expected]);
    expect(again.layers.map((layer) => layer.getConfig())).toEqual(
      model.layers.map((layer) => layer.getConfig()),
    );
  });
});
