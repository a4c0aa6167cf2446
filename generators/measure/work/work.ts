// One thing to compute, the same for everyone who is timed: an operator with all its arrays.

import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Elements in row-major order with their shape. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The value of an attribute, as the generated JavaScript takes it. */
export type AttrValue = number | boolean | string | readonly number[];

/** An operator's call. */
export interface Work {
  readonly op: string;
  /** As results name it: `1,64,56,56,64,3`. */
  readonly shape: string;
  /** Inputs by name. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  /** Sizes and attributes as single numbers, for peers with parameters of their own. */
  readonly numbers: Readonly<Record<string, number>>;
  /** The gradient of the result: its shape is the result's. */
  readonly upstream: Tensor;
  /** Inputs whose gradients are computed. */
  readonly differentiable: readonly string[];
  /** Inputs that are a layer's parameters: the same in many calls. */
  readonly parameters: readonly string[];
  /** Whether results are the gradients, computed after the forward pass. */
  readonly grad: boolean;
  /** Floating-point operations of the forward pass. */
  readonly operations: number;
}

/** Operations of what is timed: a backward pass of a product is two products. */
export const countOperations = ({ operations, grad }: Work): number => operations * (grad ? 3 : 1);

/** Bytes of all inputs and results, each once: what has to pass through memory at least. */
export function countBytes({ tensors, upstream, differentiable, grad }: Work): number {
  const bytes = ({ data }: Tensor): number => data.byteLength;
  const inputs = Object.values(tensors).reduce((sum, tensor) => sum + bytes(tensor), 0);
  const gradients = differentiable.reduce((sum, name) => sum + bytes(tensors[name]!), 0);
  return grad ? 2 * inputs + 2 * bytes(upstream) + gradients : inputs + bytes(upstream);
}

const elementsOf = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** The description of work whose arrays lie in files beside it. */
interface Stored extends Omit<Work, "tensors" | "upstream"> {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly upstreamShape: readonly number[];
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Writes named arrays into a folder, as the bytes they are in memory. */
export async function writeTensors(
  folder: string,
  tensors: Readonly<Record<string, Float32Array>>,
): Promise<void> {
  for (const [name, data] of Object.entries(tensors))
    await writeFile(join(folder, `${name}.f32`), bytesOf(data));
}

/** Reads an array that was written so. */
export async function readTensor(folder: string, name: string): Promise<Float32Array> {
  const file = await open(join(folder, `${name}.f32`));
  try {
    // Straight into the array: a buffer beside it would be garbage, which spoils the measure of
    // memory.
    const data = new Float32Array((await file.stat()).size / 4);
    const bytes = bytesOf(data);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at);
      if (bytesRead === 0) throw new Error(`${name} ends early`);
      at += bytesRead;
    }
    return data;
  } finally {
    await file.close();
  }
}

/** Writes work into a folder, for other processes. */
export async function storeWork(folder: string, work: Work): Promise<void> {
  const { tensors, upstream, ...rest } = work;
  const shapes = Object.fromEntries(Object.entries(tensors).map(([n, { shape }]) => [n, shape]));
  const stored: Stored = { ...rest, shapes, upstreamShape: upstream.shape };
  const data = Object.entries(tensors).map(([name, tensor]) => [name, tensor.data] as const);
  await writeTensors(folder, { ...Object.fromEntries(data), upstream: upstream.data });
  await writeFile(join(folder, "work.json"), JSON.stringify(stored));
}

/** Reads work that was written so. */
export async function loadWork(folder: string): Promise<Work> {
  const text = await readFile(join(folder, "work.json"), "utf8");
  const { shapes, upstreamShape, ...rest } = JSON.parse(text) as Stored;
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(shapes))
    tensors[name] = checkTensor(name, { shape, data: await readTensor(folder, name) });
  const upstream = { shape: upstreamShape, data: await readTensor(folder, "upstream") };
  return { ...rest, tensors, upstream: checkTensor("upstream", upstream) };
}

function checkTensor(name: string, tensor: Tensor): Tensor {
  const { shape, data } = tensor;
  if (data.length === elementsOf(shape)) return tensor;
  throw new Error(`${name} has ${data.length} elements; its shape is (${shape.join(", ")})`);
}
