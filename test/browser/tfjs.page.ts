// In the page: the package for TensorFlow.js, bundled with it as an application would.

import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { DeformConv2D, deformConv2d } from "../../generated/tfjs/index.js";

/** A tensor as the test sends it. */
export interface Sent {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A deformable convolution, modulated and with a bias. */
export interface Call {
  readonly backend: string;
  readonly tensors: Readonly<Record<"input" | "offset" | "weight" | "mask" | "bias" | "dy", Sent>>;
  readonly attributes: object;
}

/** What the page computed. */
export interface Answer {
  readonly backend: string;
  readonly output: Float32Array;
  readonly gradients: readonly Float32Array[];
  readonly losses: readonly number[];
  /** Tensors that training left behind. */
  readonly left: number;
}

const revive = ({ shape, data }: Sent) => tf.tensor(data, [...shape]);
const read = async (tensor: tf.Tensor) => new Float32Array(await tensor.data());

/** Runs the operator with the gradients of all its tensors, and trains a layer. */
export default async function answer({ backend, tensors, attributes }: Call): Promise<Answer> {
  if (!(await tf.setBackend(backend))) throw new Error(`${backend} does not start`);
  const { input, offset, weight, mask, bias, dy } = tensors;
  const f = (x: tf.Tensor, o: tf.Tensor, w: tf.Tensor, m: tf.Tensor, b: tf.Tensor) =>
    deformConv2d(x, o, w, { mask: m, bias: b, ...attributes });
  const given = [input, offset, weight, mask, bias].map(revive) as Parameters<typeof f>;
  const output = await read(f(...given));
  const gradients = tf.grads(f as (...args: tf.Tensor[]) => tf.Tensor)(given, revive(dy));
  const read1 = await Promise.all(gradients.map(read));

  const layer = new DeformConv2D({
    filters: 2,
    kernelSize: 3,
    padding: "same",
    modulated: true,
    kernelInitializer: tf.initializers.heNormal({ seed: 1 }),
  });
  const x = tf.randomNormal([2, 6, 6, 2], 0, 1, "float32", 1);
  layer.apply(x);
  const optimizer = tf.train.adam(0.02);
  const losses: number[] = [];
  let tensorsBefore = 0;
  for (let step = 0; step < 12; step++) {
    const loss = optimizer.minimize(
      () => tf.mean(tf.square(tf.sub(layer.apply(x) as tf.Tensor, x))) as tf.Scalar,
      true,
    )!;
    losses.push((await loss.data())[0]!);
    loss.dispose();
    if (step === 1) tensorsBefore = tf.memory().numTensors;
  }
  return {
    backend: tf.getBackend(),
    output,
    gradients: read1,
    losses,
    left: tf.memory().numTensors - tensorsBefore,
  };
}
