// SPDX-License-Identifier: MIT-0
// Deformable convolution as a layer: a plain convolution predicts how far each tap moves (and,
// modulated, how much it counts), and begins as one that predicts nothing.

import * as tf from "@tensorflow/tfjs";
import { conv2d } from "../operators/conv2d.js";
import { deformConv2d } from "../operators/deform_conv2d.js";
import {
  Convolution,
  convolutionOptions,
  exampleOptions,
  fromChannelsFirst,
} from "./convolution.js";
import { checkOptions, readChoice, readCount } from "./options.js";
import { readFactor, scaleUpdates } from "./rate.js";

const maskActivations = {
  sigmoid: (x) => tf.sigmoid(x),
  twice_sigmoid: (x) => tf.mul(tf.sigmoid(x), 2),
};

const choices = {
  offsetOrder: ["interleaved", "rows_then_columns"],
  border: ["zeros", "dcnv1"],
  edgeGrad: ["one_sided", "zero"],
};

const options = [
  ...convolutionOptions,
  ...Object.keys(choices),
  "maskActivation",
  "modulated",
  "offsetGroups",
  "offsetLearningRateFactor",
];

/** Deformable convolution (v2 where `modulated`) with its own predictor of offsets. */
export class DeformConv2D extends Convolution {
  static className = "DeformConv2D";

  constructor(args) {
    checkOptions("DeformConv2D", args, options, exampleOptions);
    super(args);
    this.offsetGroups = readCount("DeformConv2D", "offsetGroups", args.offsetGroups ?? 1);
    this.modulated = args.modulated ?? false;
    this.maskActivation = readChoice(
      "DeformConv2D",
      "maskActivation",
      args.maskActivation ?? "sigmoid",
      Object.keys(maskActivations),
    );
    for (const [name, values] of Object.entries(choices))
      this[name] = readChoice("DeformConv2D", name, args[name] ?? values[0], values);
    this.offsetLearningRateFactor = readFactor("DeformConv2D", args.offsetLearningRateFactor);
  }

  get taps() {
    return this.offsetGroups * this.kernelSize[0] * this.kernelSize[1];
  }

  channelsOf(shape) {
    const channels = super.channelsOf(shape);
    if (channels % this.offsetGroups !== 0)
      throw new RangeError(
        `DeformConv2D: ${this.offsetGroups} offset groups do not divide ${channels} channels.`,
      );
    return channels;
  }

  build(inputShape) {
    const channels = super.build(inputShape);
    const zeros = tf.initializers.zeros();
    const add = (name, shape) => this.addWeight(name, shape, "float32", zeros);
    this.offsetKernel = add("offset_kernel", [...this.kernelSize, channels, 2 * this.taps]);
    this.offsetBias = add("offset_bias", [2 * this.taps]);
    if (!this.modulated) return;
    this.maskKernel = add("mask_kernel", [...this.kernelSize, channels, this.taps]);
    this.maskBias = add("mask_bias", [this.taps]);
  }

  predict(x, kernel, bias) {
    const factor = this.offsetLearningRateFactor;
    return conv2d(x, scaleUpdates(this.readKernel(kernel), factor), {
      bias: scaleUpdates(bias.read(), factor),
      ...this.attributesOf(x),
    });
  }

  call(inputs) {
    return tf.tidy(() => {
      const x = this.readImage(inputs);
      const offset = this.predict(x, this.offsetKernel, this.offsetBias);
      const mask = this.modulated
        ? maskActivations[this.maskActivation](this.predict(x, this.maskKernel, this.maskBias))
        : undefined;
      const y = deformConv2d(x, offset, this.readKernel(this.kernel), {
        mask,
        bias: this.bias?.read(),
        ...this.attributesOf(x),
        border: this.border,
        offset_order: this.offsetOrder,
        edge_grad: this.edgeGrad,
      });
      return this.activate(fromChannelsFirst(y, this.dataFormat));
    });
  }

  /**
   * Where each output position samples its input, in input pixels (a row or column below 0 lies
   * outside): (N, OH, OW, offset groups, taps, 2), y before x.
   */
  samplingPositions(input) {
    return tf.tidy(() => {
      // The first call makes the weights, also those that the option `weights` gives.
      if (!this.built) this.apply(input);
      const x = this.readImage(input);
      const offset = this.predict(x, this.offsetKernel, this.offsetBias);
      const [batch, , rows, columns] = offset.shape;
      const [height, width] = this.kernelSize;
      const taps = height * width;
      const moved =
        this.offsetOrder === "interleaved"
          ? tf.transpose(
              tf.reshape(offset, [batch, this.offsetGroups, taps, 2, rows * columns]),
              [0, 4, 1, 2, 3],
            )
          : tf.transpose(
              tf.reshape(offset, [batch, this.offsetGroups, 2, taps, rows * columns]),
              [0, 4, 1, 3, 2],
            );
      const fixed = this.fixedPositions(x, rows, columns);
      // Six dimensions, which not every operation of TensorFlow.js takes, only at the end.
      return tf.reshape(tf.add(moved, fixed), [batch, rows, columns, this.offsetGroups, taps, 2]);
    });
  }

  getConfig() {
    return {
      ...super.getConfig(),
      offsetGroups: this.offsetGroups,
      modulated: this.modulated,
      maskActivation: this.maskActivation,
      offsetOrder: this.offsetOrder,
      border: this.border,
      edgeGrad: this.edgeGrad,
      offsetLearningRateFactor: this.offsetLearningRateFactor,
    };
  }
}

tf.serialization.registerClass(DeformConv2D);
