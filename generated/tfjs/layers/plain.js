// SPDX-License-Identifier: MIT-0
// A plain convolution on the generated kernels.

import * as tf from "@tensorflow/tfjs";
import { conv2d } from "../operators/conv2d.js";
import {
  Convolution,
  convolutionOptions,
  exampleOptions,
  fromChannelsFirst,
} from "./convolution.js";
import { checkOptions } from "./options.js";

/**
 * A convolution like tf.layers.conv2d, but with the kernels that deformable ones are compared with.
 */
export class PlainConv2D extends Convolution {
  static className = "PlainConv2D";

  constructor(args) {
    checkOptions("PlainConv2D", args, convolutionOptions, exampleOptions);
    super(args);
  }

  call(inputs) {
    return tf.tidy(() => {
      const x = this.readImage(inputs);
      const y = conv2d(x, this.readKernel(this.kernel), {
        bias: this.bias?.read(),
        ...this.attributesOf(x),
      });
      return this.activate(fromChannelsFirst(y, this.dataFormat));
    });
  }

  /**
   * Where each output position samples its input, as DeformConv2D says it: (N, OH, OW, 1, taps, 2).
   */
  samplingPositions(input) {
    return tf.tidy(() => {
      const x = this.readImage(input);
      const shape = this.computeOutputShape(input.shape);
      const [rows, columns] =
        this.dataFormat === "channelsLast" ? shape.slice(1, 3) : shape.slice(2, 4);
      const fixed = this.fixedPositions(x, rows, columns);
      const all = tf.tile(fixed, [input.shape[0], 1, 1, 1, 1]);
      return tf.reshape(all, [input.shape[0], rows, columns, 1, fixed.shape[3], 2]);
    });
  }
}

tf.serialization.registerClass(PlainConv2D);
