// SPDX-License-Identifier: MIT-0
// Deformable RoI pooling as a layer: fully connected layers look at a box as it is pooled, and
// predict how far each of its bins moves.

import * as tf from "@tensorflow/tfjs";
import { deformRoiPool } from "../operators/deform_roi_pool.js";
import { checkChannels, dataFormats, fromChannelsFirst, toChannelsFirst } from "./convolution.js";
import { checkOptions, readChoice, readCount, readPair } from "./options.js";
import { readFactor, scaleUpdates } from "./rate.js";

const options = [
  "dataFormat",
  "gamma",
  "hiddenUnits",
  "kernelInitializer",
  "offsetLearningRateFactor",
  "outputSize",
  "samplingRatio",
  "spatialScale",
];

/** Pools boxes of feature maps in bins that move. Inputs: [features, rois]. */
export class DeformRoIPool extends tf.layers.Layer {
  static className = "DeformRoIPool";

  constructor(args) {
    checkOptions("DeformRoIPool", args, options, "{ outputSize: 7 }");
    super(args);
    this.outputSize = readPair("DeformRoIPool", "outputSize", args.outputSize);
    this.spatialScale = args.spatialScale ?? 1;
    this.samplingRatio = args.samplingRatio ?? 0;
    this.gamma = args.gamma ?? 0.1;
    const hiddenUnits = args.hiddenUnits ?? [1024];
    if (!Array.isArray(hiddenUnits))
      throw new RangeError(
        `DeformRoIPool: hiddenUnits is ${JSON.stringify(hiddenUnits)}; ` +
          "it is a list of whole numbers.",
      );
    this.hiddenUnits = hiddenUnits.map((units) => readCount("DeformRoIPool", "hiddenUnits", units));
    // tf.layers.dense makes an object of an initializer's name, and the other way round.
    const { kernelInitializer = "glorotUniform" } = args;
    this.keras = tf.layers.dense({ name: `${this.name}_options`, units: 1, kernelInitializer });
    this.offsetLearningRateFactor = readFactor("DeformRoIPool", args.offsetLearningRateFactor);
    this.dataFormat = readChoice(
      "DeformRoIPool",
      "dataFormat",
      args.dataFormat ?? "channelsLast",
      dataFormats,
    );
  }

  /** The shapes of features and rois, which fit each other and the weights that there are. */
  readShapes(shapes) {
    if (shapes.length !== 2 || !shapes.every(Array.isArray))
      throw new TypeError("DeformRoIPool takes exactly two inputs, [features, rois].");
    const [features, rois] = shapes;
    const isFlat = rois.length === 2 && rois[1] === 5;
    if (!isFlat && !(rois.length === 3 && rois[2] === 4))
      throw new RangeError(
        "DeformRoIPool takes [features, rois], with rois of (boxes, 5): image, left, top, right, " +
          "bottom; or of (N, boxes, 4), for each image; " +
          `they have the shape (${rois.map(String).join(", ")}).`,
      );
    const channels = this.dataFormat === "channelsLast" ? features[3] : features[1];
    const isKnown = Number.isInteger(channels) || this.channels !== undefined;
    if (features.length !== 4 || !isKnown)
      throw new RangeError(
        "DeformRoIPool needs features of four dimensions whose number of channels is known; " +
          `they have the shape (${features.map(String).join(", ")}).`,
      );
    checkChannels("DeformRoIPool", this.channels, channels, features);
    const counts = [features[0], rois[0]];
    if (!isFlat && counts.every(Number.isInteger) && counts[0] !== counts[1])
      throw new RangeError(
        `DeformRoIPool: rois of (${rois.map(String).join(", ")}) are the boxes of ${rois[0]} ` +
          `images, but features have ${features[0]}.`,
      );
    return { features, rois, channels };
  }

  build(inputShapes) {
    const { channels } = this.readShapes(inputShapes);
    const bins = this.outputSize[0] * this.outputSize[1];
    let size = channels * bins;
    const addDense = (name, units, initializer) => {
      const kernel = this.addWeight(`${name}_kernel`, [size, units], "float32", initializer);
      const zeros = tf.initializers.zeros();
      const bias = this.addWeight(`${name}_bias`, [units], "float32", zeros);
      size = units;
      return { kernel, bias };
    };
    // Stored weights are multiplied by the factor: what comes of it is what the initializer gives.
    const initializer = {
      apply: (...args) =>
        tf.div(this.keras.kernelInitializer.apply(...args), this.offsetLearningRateFactor),
    };
    this.hidden = this.hiddenUnits.map((units, at) => addDense(`hidden${at}`, units, initializer));
    // Bins begin where plain pooling has them.
    this.offsets = addDense("offset", 2 * bins, tf.initializers.zeros());
    this.channels = channels;
    this.built = true;
  }

  computeOutputShape(inputShapes) {
    const { features, rois } = this.readShapes(inputShapes);
    const isLast = this.dataFormat === "channelsLast";
    const bins = isLast ? [...this.outputSize, features[3]] : [features[1], ...this.outputSize];
    return [...rois.slice(0, -1), ...bins];
  }

  /** Offsets from what the bins hold where they do not move. */
  predict(pooled) {
    const read = (variable) => scaleUpdates(variable.read(), this.offsetLearningRateFactor);
    const dense = (x, { kernel, bias }) => tf.add(tf.matMul(x, read(kernel)), read(bias));
    const [boxes, ...sizes] = pooled.shape;
    // Said in full, since nothing can be inferred where there are no boxes.
    let x = tf.reshape(pooled, [boxes, sizes[0] * sizes[1] * sizes[2]]);
    for (const layer of this.hidden) x = tf.relu(dense(x, layer));
    return tf.reshape(dense(x, this.offsets), [boxes, 2, ...this.outputSize]);
  }

  /** Feature maps and boxes as the operator takes them, its attributes, and the offsets. */
  prepare(inputs) {
    this.readShapes(Array.isArray(inputs) ? inputs.map(({ shape }) => shape) : [inputs.shape]);
    const [input, rois] = inputs;
    const features = toChannelsFirst(input, this.dataFormat);
    const boxes = rois.shape.length === 2 ? rois : numberBoxes(rois);
    const attributes = {
      output_size: this.outputSize,
      spatial_scale: this.spatialScale,
      sampling_ratio: this.samplingRatio,
      gamma: this.gamma,
    };
    const offset = this.predict(deformRoiPool(features, boxes, attributes));
    return { features, boxes, attributes, offset };
  }

  /**
   * How far each bin of each box moves, in units of `gamma` times the box: (boxes, 2, rows,
   * columns), x before y.
   */
  binOffsets(inputs) {
    return tf.tidy(() => {
      // The first call makes the weights, also those that the option `weights` gives.
      if (!this.built) this.apply(inputs);
      return this.prepare(inputs).offset;
    });
  }

  call(inputs) {
    return tf.tidy(() => {
      const { features, boxes, attributes, offset } = this.prepare(inputs);
      const [, rois] = inputs;
      const pooled = deformRoiPool(features, boxes, { offset, ...attributes });
      const y = fromChannelsFirst(pooled, this.dataFormat);
      return rois.shape.length === 2
        ? y
        : tf.reshape(y, [...rois.shape.slice(0, 2), ...y.shape.slice(1)]);
    });
  }

  getConfig() {
    return {
      ...super.getConfig(),
      outputSize: this.outputSize,
      spatialScale: this.spatialScale,
      samplingRatio: this.samplingRatio,
      gamma: this.gamma,
      hiddenUnits: this.hiddenUnits,
      kernelInitializer: this.keras.getConfig().kernelInitializer,
      offsetLearningRateFactor: this.offsetLearningRateFactor,
      dataFormat: this.dataFormat,
    };
  }
}

/** Boxes of each image, (N, boxes, 4), in one list with the image's number first. */
function numberBoxes(rois) {
  const [images, boxes] = rois.shape;
  const numbers = tf.tile(tf.reshape(tf.range(0, images), [images, 1, 1]), [1, boxes, 1]);
  return tf.reshape(tf.concat([numbers, rois], 2), [images * boxes, 5]);
}

tf.serialization.registerClass(DeformRoIPool);
