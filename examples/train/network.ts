// The networks that are compared. Every convolution, sampling and pooling of boxes runs on generated kernels.

import * as tf from "@tensorflow/tfjs";
import { DeformConv2D, DeformRoIPool, PlainConv2D, roiAlign } from "../../generated/tfjs/index.js";
import { stacked, type Variant } from "./settings.ts";

/** Some images with what is in them, as a network takes them. */
export interface Batch {
  /** [N, 1, size, size]. */
  readonly images: tf.Tensor4D;
  /** [R, 5]: which image, then left, top, right, bottom; without them an image is one thing. */
  readonly boxes?: tf.Tensor2D | undefined;
}

/** A network: ten numbers for each image or box, the largest for its guess. */
export interface Network {
  readonly logits: (batch: Batch) => tf.Tensor2D;
  readonly weights: () => readonly tf.Variable[];
  /** The input of each deformable layer and the layer, in order. */
  readonly deformed: (images: tf.Tensor4D) => readonly (readonly [DeformConv2D, tf.Tensor4D])[];
  readonly dispose: () => void;
}

/** Channels of the first convolution, and of all others. */
const channels = { first: 8, rest: 8 } as const;

/** Classes. */
const classes = 10;

/** Along each side of a box, bins and samples in each. */
const pooled = { bins: 3, samples: 2, hidden: 32 } as const;

/** Builds a variant's network; what variants share begins equal for the same seed. */
export function buildNetwork(variant: Variant, seed: number): Network {
  switch (variant.task) {
    case "digits":
      return buildClassifier(variant, seed);
    case "boxes":
      return buildBoxClassifier(variant, seed);
  }
}

/** A place in the network as a seed of its own, so that a layer more or less changes no other's start. */
const initialFor = (seed: number, place: number): ReturnType<typeof tf.initializers.heNormal> =>
  tf.initializers.heNormal({ seed: seed * 1000 + place });

const convolve = (filters: number, strides: number, seed: number, place: number) => ({
  filters,
  strides,
  kernelSize: 3,
  padding: 1,
  dataFormat: "channelsFirst" as const,
  kernelInitializer: initialFor(seed, place),
});

function buildClassifier({ deformable, modulated }: Variant, seed: number): Network {
  const layers: tf.layers.Layer[] = [new PlainConv2D(convolve(channels.first, 2, seed, 1))];
  for (let i = 0; i < stacked; i++) {
    const config = convolve(channels.rest, 1, seed, 3 + i);
    const plain = i < stacked - deformable;
    // Factors of twice a sigmoid are 1 at first, so that every variant begins as the plain network.
    layers.push(
      plain
        ? new PlainConv2D(config)
        : new DeformConv2D({ ...config, modulated, maskActivation: "twice_sigmoid" }),
    );
  }
  const head = denseHead([classes], seed);
  const through = (images: tf.Tensor): tf.Tensor4D[] => {
    const steps = [images as tf.Tensor4D];
    for (const layer of layers) steps.push(activate(layer.apply(steps.at(-1)!)));
    return steps;
  };
  return {
    logits: ({ images }) => applyAll(head, flatten(through(images).at(-1)!)),
    weights: () => weightsOf([...layers, ...head]),
    deformed: (images) => {
      const inputs = through(images);
      return layers.flatMap((layer, i) =>
        layer instanceof DeformConv2D ? [[layer, inputs[i]!] as const] : [],
      );
    },
    dispose: () => disposeAll([...layers, ...head]),
  };
}

function buildBoxClassifier({ deformable }: Variant, seed: number): Network {
  const backbone = [
    new PlainConv2D(convolve(channels.first, 2, seed, 1)),
    new PlainConv2D(convolve(channels.rest, 1, seed, 2)),
  ];
  const { bins, samples } = pooled;
  const pool =
    deformable === 0
      ? undefined
      : new DeformRoIPool({
          outputSize: [bins, bins],
          spatialScale: 1 / 2,
          samplingRatio: samples,
          hiddenUnits: [pooled.hidden],
          dataFormat: "channelsFirst",
          kernelInitializer: initialFor(seed, 200),
        });
  const head = denseHead([pooled.hidden, classes], seed);
  return {
    logits: ({ images, boxes }) => {
      if (boxes === undefined) throw new Error("This network classifies boxes; there are none.");
      let features: tf.Tensor = images;
      for (const layer of backbone) features = activate(layer.apply(features));
      // Without offsets both poolings are one function.
      const parts = pool
        ? (pool.apply([features, boxes]) as tf.Tensor)
        : roiAlign(features as tf.Tensor4D, boxes, {
            output_size: [bins, bins],
            spatial_scale: 1 / 2,
            sampling_ratio: samples,
            aligned: true,
          });
      return applyAll(head, flatten(parts));
    },
    weights: () => weightsOf([...backbone, ...(pool ? [pool] : []), ...head]),
    deformed: () => [],
    dispose: () => disposeAll([...backbone, ...(pool ? [pool] : []), ...head]),
  };
}

// Leaky, because a unit that is never positive would learn nothing more in so short a time.
const activate = (value: unknown): tf.Tensor4D => tf.leakyRelu(value as tf.Tensor4D, 0.1);

const flatten = (features: tf.Tensor): tf.Tensor2D =>
  tf.reshape(features, [features.shape[0]!, features.size / features.shape[0]!]);

function denseHead(units: readonly number[], seed: number): readonly tf.layers.Layer[] {
  return units.map((count, i) =>
    tf.layers.dense({
      units: count,
      activation: i < units.length - 1 ? "relu" : "linear",
      kernelInitializer: initialFor(seed, 100 + i),
    }),
  );
}

function applyAll(layers: readonly tf.layers.Layer[], input: tf.Tensor): tf.Tensor2D {
  let value: tf.Tensor = input;
  for (const layer of layers) value = layer.apply(value) as tf.Tensor;
  return value as tf.Tensor2D;
}

function weightsOf(layers: readonly tf.layers.Layer[]): readonly tf.Variable[] {
  // The layers' own type names only what all of its weights have; `read` gives the variable itself.
  return layers.flatMap((layer) => layer.trainableWeights.map((w) => w.read() as tf.Variable));
}

function disposeAll(layers: readonly tf.layers.Layer[]): void {
  for (const layer of layers) layer.dispose();
}
