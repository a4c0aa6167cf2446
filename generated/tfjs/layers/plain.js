// SPDX-License-Identifier: MIT-0
// A plain convolution on the generated kernels.

import * as tf from "@tensorflow/tfjs";
import { conv2d } from "../operators/conv2d.js";
import {
  Convolution,
  checkOptions,
  convolutionOptions,
  fromChannelsFirst,
  single,
  toChannelsFirst,
} from "./convolution.js";

/** A convolution like tf.layers.conv2d, but with the kernels that deformable ones are compared with. */
export class PlainConv2D extends Convolution {
  static className = "PlainConv2D";

  constructor(args) {
    checkOptions("PlainConv2D", args, convolutionOptions);
    super(args);
  }

  call(inputs) {
    return tf.tidy(() => {
      const x = toChannelsFirst(single(inputs), this.dataFormat);
      const y = conv2d(x, this.readKernel(this.kernel), {
        bias: this.bias?.read(),
        ...this.attributesOf(x),
      });
      return this.activate(fromChannelsFirst(y, this.dataFormat));
    });
  }
}

tf.serialization.registerClass(PlainConv2D);
