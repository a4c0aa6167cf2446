// TensorFlow.js in Node, with its backend webgpu on the adapter that the wgsl target finds.

import * as tf from "@tensorflow/tfjs";
import * as webgpu from "webgpu";
import type { Unavailable } from "../../targets/contract/program.ts";
import { openAdapter } from "../../targets/wgsl/adapter.ts";

/** The backends that the package has kernels for. */
export const backends = ["cpu", "webgpu"] as const;

/** A backend of TensorFlow.js that the package has kernels for. */
export type Backend = (typeof backends)[number];

let opened: Promise<Unavailable | undefined> | undefined;

/** Makes a backend the current one, or says why it cannot be. */
export async function useBackend(name: Backend): Promise<Unavailable | undefined> {
  if (name === "webgpu") {
    opened ??= openWebgpu();
    const failed = await opened;
    if (failed) return failed;
  }
  await tf.setBackend(name);
  await tf.ready();
  const { device } = tf.backend() as unknown as Partial<OnDevice>;
  device?.addEventListener("uncapturederror", ({ error }) => deviceErrors.push(error.message));
  return undefined;
}

interface OnDevice {
  readonly device: GPUDevice;
}

/** What devices said against commands, which nobody waits for. */
export const deviceErrors: string[] = [];

async function openWebgpu(): Promise<Unavailable | undefined> {
  const adapter = await openAdapter();
  if ("unavailable" in adapter) return adapter;
  // The backend looks for the names of a browser when it is loaded.
  Object.assign(globalThis, webgpu.globals);
  const gpu = { requestAdapter: async () => adapter };
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  await import("@tensorflow/tfjs-backend-webgpu");
  return undefined;
}

/** Kernels run on a GPU after the call: what was asked of it has been done when this resolves. */
export async function settle(): Promise<void> {
  const { device } = tf.backend() as unknown as Partial<OnDevice>;
  await device?.queue.onSubmittedWorkDone();
}

/** An array as a float32 tensor. */
export function tensorOf({
  shape,
  data,
}: {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/** The largest difference of a tensor from what is expected, over the largest number expected. */
export async function errorOf(found: tf.Tensor, expected: ArrayLike<number>): Promise<number> {
  const values = await found.data();
  if (values.length !== expected.length)
    throw new Error(`${values.length} elements instead of ${expected.length}`);
  let error = 0;
  let largest = 0;
  for (let at = 0; at < values.length; at++) {
    const difference = Math.abs(values[at]! - expected[at]!);
    error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    largest = Math.max(largest, Math.abs(expected[at]!));
  }
  return largest === 0 ? error : error / largest;
}

/**
 * How far float32 results may be from exact ones, as a share of the largest: fewer than 256 roundings of
 * 2^-24 each, as sums of at most some hundred products of comparable size have.
 */
export const roundings = 256 * 2 ** -24;
