// Trains one network and says how it did, epoch by epoch.

import * as tf from "@tensorflow/tfjs";
import { randomFor } from "../../generators/check/random.ts";
import { loadDigits, shuffle, splitDigits } from "./digits.ts";
import { type Batch, buildNetwork, type Network } from "./network.ts";
import { makeScenes, type Scene } from "./scenes.ts";
import type { Training, Variant } from "./settings.ts";

/** How well a network does on some images. */
export interface Score {
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** The part of the digits that is named right. */
  readonly accuracy: number;
}

/** What an epoch came to: the loss while training, and the score on the test digits after it. */
export interface EpochRecord extends Score {
  readonly epoch: number;
  readonly trainLoss: number;
}

/** A network that was trained, with the images it was tested on. */
export interface Trained {
  readonly network: Network;
  readonly tests: readonly Scene[];
  /** On all images of the test digits; epochs are scored on the first of each. */
  readonly final: Score;
  readonly epochs: readonly EpochRecord[];
  readonly parameters: number;
}

/** Trains a variant: the same digits, images and initial weights for all variants of a seed. */
export function trainNetwork(
  variant: Variant,
  training: Training,
  seed: number,
  onStep: (epoch: number, last?: Score) => void = () => {},
): Trained {
  const name = `${variant.task} ${seed}`;
  const split = splitDigits(loadDigits(), training.testPart, name);
  const digits = split.train.slice(0, training.digits);
  const views = Array.from({ length: training.views }, (_, view) =>
    makeScenes(split.test, training.scenes, `test ${name} ${view}`),
  );
  const network = buildNetwork(variant, seed);
  // Layers make their weights when they are first used.
  tf.tidy(() => void network.logits(toBatch(views[0]!.slice(0, 1))));
  const optimizer = tf.train.adam(training.learningRate);
  const perEpoch = Math.ceil(Math.floor(digits.length / training.scenes.digits) / training.batch);
  const epochs: EpochRecord[] = [];
  let step = 0;
  for (let epoch = 1; epoch <= training.epochs; epoch++) {
    // Every epoch shows each digit once, in a new image.
    const order = shuffle(digits, randomFor(`order ${name} ${epoch}`));
    const scenes = makeScenes(order, training.scenes, `train ${name} ${epoch}`);
    let total = 0;
    for (const batch of batchesOf(scenes, training.batch)) {
      const done = step++ / (perEpoch * training.epochs);
      setLearningRate(optimizer, training.learningRate * rateAt(done));
      total += trainStep(network, optimizer, batch) * batch.length;
      onStep(epoch, epochs.at(-1));
    }
    epochs.push({ epoch, trainLoss: total / scenes.length, ...scoreNetwork(network, views[0]!) });
  }
  optimizer.dispose();
  const parameters = network.weights().reduce((sum, { size }) => sum + size, 0);
  const tests = views.flat();
  return { network, tests, final: scoreNetwork(network, tests), epochs, parameters };
}

/** How many calls of `onStep` a training makes. */
export function countSteps({ digits, scenes, batch, epochs }: Training): number {
  return Math.ceil(Math.floor(digits / scenes.digits) / batch) * epochs;
}

function* batchesOf(scenes: readonly Scene[], size: number): Generator<readonly Scene[]> {
  for (let i = 0; i < scenes.length; i += size) yield scenes.slice(i, i + size);
}

/** What part of the training that Adam's rate rises in. */
const warming = 0.1;

/** The part of the learning rate after a part of the training: it rises evenly, then falls along a cosine. */
export const rateAt = (done: number): number =>
  Math.min(1, (done + 0.01) / warming) * (0.5 + 0.5 * Math.cos(Math.PI * done));

// Adam keeps its rate where only subclasses may change it.
const setLearningRate = (optimizer: tf.AdamOptimizer, learningRate: number): void =>
  void Object.assign(optimizer, { learningRate });

function trainStep(network: Network, optimizer: tf.Optimizer, scenes: readonly Scene[]): number {
  return tf.tidy(() => {
    const [batch, labels] = [toBatch(scenes), toLabels(scenes)];
    const lossOf = () => tf.losses.softmaxCrossEntropy(labels, network.logits(batch)).asScalar();
    const loss = optimizer.minimize(lossOf, true, [...network.weights()]);
    return loss!.dataSync()[0]!;
  });
}

/** How well a network does on all of these images. */
export function scoreNetwork(network: Network, scenes: readonly Scene[]): Score {
  let [loss, right, count] = [0, 0, 0];
  for (const some of batchesOf(scenes, 64))
    tf.tidy(() => {
      const labels = labelsOf(some);
      const logits = network.logits(toBatch(some));
      const guesses = tf.argMax(logits, 1).dataSync();
      const mean = tf.losses.softmaxCrossEntropy(toLabels(some), logits).dataSync()[0]!;
      loss += mean * labels.length;
      right += labels.filter((label, i) => label === guesses[i]).length;
      count += labels.length;
    });
  return { loss: loss / count, accuracy: right / count };
}

/** About the standard deviation of the images' pixels, by which networks want them divided. */
const spread = 1 / 3;

/** Images as a network takes them, with the boxes of their digits. */
export function toBatch(scenes: readonly Scene[]): Batch {
  const { size } = scenes[0]!.image;
  const data = new Float32Array(scenes.length * size * size);
  for (const [i, { image }] of scenes.entries())
    data.set(
      image.data.map((value) => value / spread),
      i * size * size,
    );
  const boxes = scenes.flatMap(({ placed }, i) =>
    // From the outer edge of the first pixel, as boxes are measured.
    placed.map(({ box }) => [i, box.left + 0.5, box.top + 0.5, box.right + 0.5, box.bottom + 0.5]),
  );
  return {
    images: tf.tensor4d(data, [scenes.length, 1, size, size]),
    boxes: tf.tensor2d(boxes, [boxes.length, 5]),
  };
}

const labelsOf = (scenes: readonly Scene[]): readonly number[] =>
  scenes.flatMap(({ placed }) => placed.map(({ label }) => label));

const toLabels = (scenes: readonly Scene[]): tf.Tensor2D =>
  tf.oneHot(tf.tensor1d([...labelsOf(scenes)], "int32"), 10).toFloat() as tf.Tensor2D;
