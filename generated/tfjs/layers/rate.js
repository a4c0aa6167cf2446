// SPDX-License-Identifier: MIT-0
// Another learning rate for some weights, under any optimizer.
//
// Multiplying their gradient would not do: Adam and its relatives divide by the gradient's size,
// and so undo it. Instead the weights are w = factor * v, where v is what is stored and trained,
// and v is given the gradient of w as it is. Then v moves as w would have moved, and w moves
// `factor` times as far.

import * as tf from "@tensorflow/tfjs";

/** `factor` times stored weights, whose gradient passes unchanged. */
export function scaleUpdates(stored, factor) {
  if (factor === 1) return stored;
  const scale = tf.customGrad((v) => ({
    value: tf.mul(v, factor),
    gradFunc: (dy) => tf.clone(dy),
  }));
  return scale(stored);
}

/** A factor that can be one. */
export function readFactor(layer, value = 1) {
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`${layer}: offsetLearningRateFactor is ${value}; it is a number above 0.`);
}
