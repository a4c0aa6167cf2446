// SPDX-License-Identifier: MIT-0
// What layers of convolutions have in common: their options, the shapes that follow, and the order
// of dimensions. Operators take images as (N, C, H, W); layers take them as Keras does unless told
// otherwise.

import * as tf from "@tensorflow/tfjs";
import { readChoice, readCount, readPadding, readPair } from "./options.js";

/**
 * What tf.layers.conv2d reads in the same way: it makes objects of names and the other way round.
 */
const asInKeras = [
  "activation",
  "biasConstraint",
  "biasInitializer",
  "biasRegularizer",
  "kernelConstraint",
  "kernelInitializer",
  "kernelRegularizer",
];

export const dataFormats = ["channelsLast", "channelsFirst"];

/** The image of an input as operators take it. */
export const toChannelsFirst = (x, dataFormat) =>
  dataFormat === "channelsLast" ? tf.transpose(x, [0, 3, 1, 2]) : x;

/** And back. */
export const fromChannelsFirst = (x, dataFormat) =>
  dataFormat === "channelsLast" ? tf.transpose(x, [0, 2, 3, 1]) : x;

/** The only one of a layer's input tensors or their shapes. */
function single(layer, inputs) {
  if (inputs.length === 1) return inputs[0];
  throw new TypeError(
    `${layer} takes one input, a batch of images; it was given ${inputs.length}.`,
  );
}

/** Refuses another number of channels than a layer's weights are for, where it is known. */
export function checkChannels(layer, expected, found, shape) {
  if (expected === undefined || !Number.isInteger(found) || found === expected) return;
  throw new RangeError(
    `${layer} expected ${expected} channels, as it was built for, got ${found}: ` +
      `its input has the shape (${shape.map(String).join(", ")}).`,
  );
}

/** Names of the options that convolutions have. */
export const convolutionOptions = [
  ...asInKeras,
  "dataFormat",
  "dilationRate",
  "filters",
  "groups",
  "kernelSize",
  "padding",
  "strides",
  "useBias",
];

/** What must be given to a convolution, in the words of an error. */
export const exampleOptions = "{ filters: 32, kernelSize: 3 }";

/** A layer with a kernel of (rows, columns, channels of a group, filters), as Keras stores it. */
export class Convolution extends tf.layers.Layer {
  constructor(args) {
    super(args);
    const { className } = this.constructor;
    this.filters = readCount(className, "filters", args.filters);
    this.kernelSize = readPair(className, "kernelSize", args.kernelSize);
    this.strides = readPair(className, "strides", args.strides ?? 1);
    this.padding = readPadding(className, args.padding ?? "valid");
    this.dilationRate = readPair(className, "dilationRate", args.dilationRate ?? 1);
    this.groups = readCount(className, "groups", args.groups ?? 1);
    this.dataFormat = readChoice(
      className,
      "dataFormat",
      args.dataFormat ?? "channelsLast",
      dataFormats,
    );
    this.useBias = args.useBias ?? true;
    const given = asInKeras.filter((name) => args[name] !== undefined && args[name] !== null);
    this.keras = tf.layers.conv2d({
      name: `${this.name}_options`,
      filters: 1,
      kernelSize: 1,
      ...Object.fromEntries(given.map((name) => [name, args[name]])),
    });
    this.inputSpec = [{ ndim: 4 }];
  }

  /** The shape of the only input, which fits the weights where there are some already. */
  readShape(inputShape) {
    const { className } = this.constructor;
    const shape = Array.isArray(inputShape[0]) ? single(className, inputShape) : inputShape;
    if (shape.length !== 4)
      throw new RangeError(
        `${className} needs an input of four dimensions; ` +
          `it has the shape (${shape.map(String).join(", ")}).`,
      );
    const channels = this.dataFormat === "channelsLast" ? shape[3] : shape[1];
    checkChannels(className, this.channels, channels, shape);
    return shape;
  }

  /** The only input as operators take it. */
  readImage(inputs) {
    const x = Array.isArray(inputs) ? single(this.constructor.className, inputs) : inputs;
    this.readShape(x.shape);
    return toChannelsFirst(x, this.dataFormat);
  }

  /** The number of channels of an input shape. */
  channelsOf(shape) {
    const channels = this.dataFormat === "channelsLast" ? shape[3] : shape[1];
    const { className } = this.constructor;
    if (!Number.isInteger(channels))
      throw new RangeError(
        `${className} needs an input of four dimensions whose number of channels is known; ` +
          `it has the shape (${shape.map(String).join(", ")}).`,
      );
    if (channels % this.groups !== 0 || this.filters % this.groups !== 0)
      throw new RangeError(
        `${className}: ${this.groups} groups do not divide ${channels} channels and ` +
          `${this.filters} filters.`,
      );
    return channels;
  }

  build(inputShape) {
    const channels = this.channelsOf(this.readShape(inputShape));
    const { keras, filters } = this;
    this.kernel = this.addWeight(
      "kernel",
      [...this.kernelSize, channels / this.groups, filters],
      "float32",
      keras.kernelInitializer,
      keras.kernelRegularizer,
      true,
      keras.kernelConstraint,
    );
    if (this.useBias)
      this.bias = this.addWeight(
        "bias",
        [filters],
        "float32",
        keras.biasInitializer,
        keras.biasRegularizer,
        true,
        keras.biasConstraint,
      );
    this.channels = channels;
    this.built = true;
    return channels;
  }

  /** Rows and columns of zeros around an image: [top, left, bottom, right]. */
  sidesOf(height, width) {
    if (this.padding === "valid") return [0, 0, 0, 0];
    if (this.padding !== "same") {
      const { padding } = this;
      if (!Array.isArray(padding)) return [padding, padding, padding, padding];
      return padding.length === 4 ? padding : [...padding, ...padding];
    }
    // As many output positions as strides fit in the image; an odd one is added behind.
    const total = [height, width].map((size, at) => {
      const reach = (this.kernelSize[at] - 1) * this.dilationRate[at] + 1;
      const positions = Math.ceil(size / this.strides[at]);
      return Math.max(0, (positions - 1) * this.strides[at] + reach - size);
    });
    const before = total.map((size) => Math.floor(size / 2));
    return [...before, total[0] - before[0], total[1] - before[1]];
  }

  /** Attributes of the operators for an image of (N, C, H, W). */
  attributesOf({ shape: [, , height, width] }) {
    return {
      stride: this.strides,
      padding: this.sidesOf(height, width),
      dilation: this.dilationRate,
    };
  }

  computeOutputShape(inputShape) {
    const shape = this.readShape(inputShape);
    const isLast = this.dataFormat === "channelsLast";
    const sizes = isLast ? shape.slice(1, 3) : shape.slice(2, 4);
    const out = sizes.map((size, at) => {
      if (size === null || size === undefined) return null;
      const sides = this.sidesOf(size, size);
      const reach = (this.kernelSize[at] - 1) * this.dilationRate[at] + 1;
      return Math.floor((size + sides[at] + sides[at + 2] - reach) / this.strides[at]) + 1;
    });
    return isLast ? [shape[0], ...out, this.filters] : [shape[0], this.filters, ...out];
  }

  /**
   * Where taps lie that do not move, for an output of `rows` by `columns`: (1, rows * columns, 1,
   * taps, 2), y before x.
   */
  fixedPositions(x, rows, columns) {
    const [height, width] = this.kernelSize;
    const [top, left] = this.sidesOf(x.shape[2], x.shape[3]);
    const taps = height * width;
    const positions = new Float32Array(rows * columns * taps * 2);
    for (let at = 0; at < rows * columns * taps; at++) {
      const tap = at % taps;
      const place = (at - tap) / taps;
      const [oy, ox] = [Math.floor(place / columns), place % columns];
      const [ty, tx] = [Math.floor(tap / width), tap % width];
      positions[2 * at] = oy * this.strides[0] - top + ty * this.dilationRate[0];
      positions[2 * at + 1] = ox * this.strides[1] - left + tx * this.dilationRate[1];
    }
    return tf.tensor(positions, [1, rows * columns, 1, taps, 2]);
  }

  /** A stored kernel as operators take it: (filters, channels of a group, rows, columns). */
  readKernel(variable) {
    return tf.transpose(variable.read(), [3, 2, 0, 1]);
  }

  activate(x) {
    return this.keras.activation.apply(x);
  }

  getConfig() {
    const keras = this.keras.getConfig();
    return {
      ...super.getConfig(),
      filters: this.filters,
      kernelSize: this.kernelSize,
      strides: this.strides,
      padding: this.padding,
      dilationRate: this.dilationRate,
      groups: this.groups,
      dataFormat: this.dataFormat,
      useBias: this.useBias,
      ...Object.fromEntries(asInKeras.map((name) => [name, keras[name]])),
    };
  }
}
