// SPDX-License-Identifier: MIT-0
import type { Tensor } from "@tensorflow/tfjs";
import { Convolution, type ConvolutionArgs } from "./convolution.js";

/** Options of a deformable convolution. */
export interface DeformConv2DArgs extends ConvolutionArgs {
  /** Whether each tap also gets a factor (v2); default false. */
  readonly modulated?: boolean;
  /** How factors become numbers from 0 to 1, or to 2; default "sigmoid". */
  readonly maskActivation?: "sigmoid" | "twice_sigmoid";
  /** Input channels fall into as many groups that move together; default 1. */
  readonly offsetGroups?: number;
  /**
   * Whether the predictor gives y, x of each tap in turn (the default), or the y of all taps first.
   */
  readonly offsetOrder?: "interleaved" | "rows_then_columns";
  /** How the image goes on beyond its border; default "zeros". */
  readonly border?: "zeros" | "dcnv1";
  /** The slope at a coordinate of exactly -1; default "one_sided". */
  readonly edgeGrad?: "one_sided" | "zero";
  /**
   * How many times as far an optimizer moves the predictors' weights as it would otherwise; default
   * 1. The weights that are stored are those in use divided by this factor.
   */
  readonly offsetLearningRateFactor?: number;
}

/** Deformable convolution (v2 where `modulated`) with its own predictor of offsets. */
export class DeformConv2D extends Convolution {
  static readonly className: "DeformConv2D";
  constructor(args: DeformConv2DArgs);
  /**
   * Where each output position samples its input, in input pixels (a row or column below 0 lies
   * outside): (N, OH, OW, offset groups, taps, 2), y before x.
   */
  samplingPositions(input: Tensor): Tensor;
}
