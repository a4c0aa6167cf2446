// SPDX-License-Identifier: MIT-0
import type { Tensor } from "@tensorflow/tfjs";
import { Convolution, type ConvolutionArgs } from "./convolution.js";

/**
 * A convolution like tf.layers.conv2d, but with the kernels that deformable ones are compared with.
 */
export class PlainConv2D extends Convolution {
  static readonly className: "PlainConv2D";
  constructor(args: ConvolutionArgs);
  /**
   * Where each output position samples its input, as DeformConv2D says it: (N, OH, OW, 1, taps, 2).
   */
  samplingPositions(input: Tensor): Tensor;
}
