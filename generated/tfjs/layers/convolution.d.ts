// SPDX-License-Identifier: MIT-0
import { layers, type Shape, type Tensor } from "@tensorflow/tfjs";

type ConvolutionOfKeras = Parameters<typeof layers.conv2d>[0];

/**
 * Options that convolutions share; those not described here mean what they mean in
 * tf.layers.conv2d.
 */
export interface ConvolutionArgs
  extends Pick<
    ConvolutionOfKeras,
    | "activation"
    | "biasConstraint"
    | "biasInitializer"
    | "biasRegularizer"
    | "kernelConstraint"
    | "kernelInitializer"
    | "kernelRegularizer"
    | "useBias"
    | "inputShape"
    | "batchInputShape"
    | "batchSize"
    | "dtype"
    | "name"
    | "trainable"
    | "weights"
  > {
  readonly filters: number;
  /** One number for both, or rows and columns; so for strides and dilationRate. */
  readonly kernelSize: number | readonly [y: number, x: number];
  readonly strides?: number | readonly [y: number, x: number];
  /**
   * "valid" (the default): none; "same": as Keras pads; or how many rows and columns are added, as
   * one number, [y, x] or [top, left, bottom, right].
   */
  readonly padding?:
    | "same"
    | "valid"
    | number
    | readonly [y: number, x: number]
    | readonly [top: number, left: number, bottom: number, right: number];
  readonly dilationRate?: number | readonly [y: number, x: number];
  /** Channels and filters fall into as many groups, which know nothing of each other. */
  readonly groups?: number;
  /** Images as (N, H, W, C), the default, or as (N, C, H, W). */
  readonly dataFormat?: "channelsLast" | "channelsFirst";
}

/**
 * A layer whose kernel has the shape (rows, columns, channels of a group, filters), as in Keras.
 */
export class Convolution extends layers.Layer {
  constructor(args: ConvolutionArgs);
  call(inputs: Tensor | Tensor[]): Tensor;
  computeOutputShape(inputShape: Shape | Shape[]): Shape;
}
