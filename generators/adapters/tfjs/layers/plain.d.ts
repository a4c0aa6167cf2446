import { Convolution, type ConvolutionArgs } from "./convolution.js";

/** A convolution like tf.layers.conv2d, but with the kernels that deformable ones are compared with. */
export class PlainConv2D extends Convolution {
  static readonly className: "PlainConv2D";
  constructor(args: ConvolutionArgs);
}
