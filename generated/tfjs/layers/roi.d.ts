// SPDX-License-Identifier: MIT-0
import { layers, type Shape, type Tensor } from "@tensorflow/tfjs";

/** Options of deformable RoI pooling. */
export interface DeformRoIPoolArgs {
  readonly name?: string;
  readonly trainable?: boolean;
  /** Bins along the rows and columns of a box: one number for both, or two. */
  readonly outputSize: number | readonly [y: number, x: number];
  /** From the units of boxes to pixels of the feature map; default 1. */
  readonly spatialScale?: number;
  /** Samples along each side of a bin; 0 (the default): one for each pixel. */
  readonly samplingRatio?: number;
  /** What share of the box an offset of 1 is; default 0.1. */
  readonly gamma?: number;
  /** Units of the fully connected layers before the one that gives offsets; default [1024]. */
  readonly hiddenUnits?: readonly number[];
  /**
   * Of the hidden layers; default "glorotUniform". The layer that gives offsets begins with zeros.
   */
  readonly kernelInitializer?: Parameters<typeof layers.dense>[0]["kernelInitializer"];
  /**
   * How many times as far an optimizer moves the fully connected layers as it would otherwise;
   * default 1. The weights that are stored are those in use divided by this factor.
   */
  readonly offsetLearningRateFactor?: number;
  /** Feature maps as (N, H, W, C), the default, or as (N, C, H, W); so for the result. */
  readonly dataFormat?: "channelsLast" | "channelsFirst";
}

/**
 * Pools boxes of feature maps in bins that move. Its inputs are [features, rois] with rois of
 * (boxes, 5): image, left, top, right, bottom; or of (N, boxes, 4), the boxes of each image, as
 * model.fit needs it.
 */
export class DeformRoIPool extends layers.Layer {
  static readonly className: "DeformRoIPool";
  constructor(args: DeformRoIPoolArgs);
  call(inputs: Tensor[]): Tensor;
  /**
   * How far each bin of each box moves, in units of `gamma` times the box: (boxes, 2, rows,
   * columns), x before y.
   */
  binOffsets(inputs: Tensor[]): Tensor;
  computeOutputShape(inputShapes: Shape[]): Shape;
}
