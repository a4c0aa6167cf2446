// A kernel on a device, called as the generated JavaScript modules are: tensors, attributes, results.
// Shapes and attributes are checked by the same text, so mistakes are said in the same sentences.

import type { Numbers } from "../contract/job.ts";
import type { Program } from "../contract/program.ts";
import { selectOutputs } from "../contract/wanted.ts";
import { checkIndices, type Resolved, resolve } from "../js/runtime.js";
import { findGiven, readData, readShape } from "../js/tensors.js";
import { createRunner, type Runner } from "./executor.ts";
import {
  type KernelModule,
  type LooseAttributes,
  type LooseResults,
  type LooseTensors,
  signatureOf,
  tensorsOf,
} from "./module.ts";

/** A tensor on the device: row-major floats from the start of a buffer with STORAGE usage. */
export interface DeviceTensor {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
}

/** The same names with tensors on the device. */
export type OnDevice<T> = { readonly [name in keyof T]: DeviceTensor };

/** What of a call may be chosen. */
export interface CallOptions<Name extends PropertyKey> {
  /** The results to compute; all by default. */
  readonly wanted?: readonly Name[];
}

/** How a call on the device may be told more. */
export interface DeviceCallOptions<Name extends PropertyKey> extends CallOptions<Name> {
  /** Buffers for results, at least as large as their shapes ask for; new ones for all others. */
  readonly into?: { readonly [name in Name]?: GPUBuffer };
}

/** A kernel on a device. */
export interface DeviceKernel<Tensors, Attributes, Results> {
  /** Uploads arrays, runs the kernel and reads its results back. */
  run<Name extends keyof Results = keyof Results>(
    tensors: Tensors,
    attributes?: Attributes,
    options?: CallOptions<Name>,
  ): Promise<Pick<Results, Name>>;
  /**
   * Runs the kernel on buffers; resolves when all is submitted and the device has accepted it. Nothing
   * is read back, so columns of indices are not checked. New buffers are the caller's to destroy.
   */
  runOnDevice<Name extends keyof Results = keyof Results>(
    tensors: OnDevice<Tensors>,
    attributes?: Attributes,
    options?: DeviceCallOptions<Name>,
  ): Promise<OnDevice<Pick<Results, Name>>>;
}

// One runner for a device, so that all kernels share its workspaces.
const runners = new WeakMap<GPUDevice, Runner>();

function runnerOf(gpu: GPUDevice): Runner {
  const known = runners.get(gpu);
  if (known) return known;
  const runner = createRunner(gpu);
  runners.set(gpu, runner);
  return runner;
}

/** What JavaScript gives may be anything; where WebGPU is missing there is often no device at all. */
function requireArguments(gpu: GPUDevice | undefined, module: object | undefined): void {
  if (typeof gpu?.createShaderModule !== "function")
    throw new TypeError(
      "openKernel takes a GPUDevice first, as adapter.requestDevice() of navigator.gpu gives it",
    );
  if (!(module && "entries" in module && "source" in module))
    throw new TypeError(
      "openKernel takes a kernel second: what warpweave/webgpu/<operator> exports, or describeKernel gives",
    );
}

/**
 * Opens a kernel on a device. All kernels of a device share its workspaces, unless they are given a
 * runner of their own.
 */
export function openKernel<Tensors, Attributes, Results>(
  gpu: GPUDevice,
  module: KernelModule<Tensors, Attributes, Results>,
  runner: Runner | undefined = undefined,
): DeviceKernel<Tensors, Attributes, Results> {
  requireArguments(gpu, module);
  // The names in these types are the module's; what is called is checked by its signature.
  return open(gpu, module, runner ?? runnerOf(gpu)) as unknown as DeviceKernel<
    Tensors,
    Attributes,
    Results
  >;
}

/** A call that fits: which entry it is for, and the numbers it takes. */
interface Fitting {
  readonly program: Program;
  readonly resolved: Resolved;
  readonly scalars: Numbers;
  readonly constants: Numbers;
}

type Shapes = Readonly<Record<string, readonly number[]>>;

const pick = (values: Numbers, names: readonly string[]): Numbers =>
  Object.fromEntries(names.map((name) => [name, values[name]!]));

function open(
  gpu: GPUDevice,
  module: Omit<KernelModule, "call">,
  runner: Runner,
): DeviceKernel<LooseTensors, LooseAttributes, LooseResults> {
  const signature = signatureOf(module);

  function complete(shapes: Shapes, attributes: LooseAttributes): Fitting {
    const resolved = resolve(signature, shapes, attributes);
    const key = resolved.present.join(" ");
    const entry = module.entries.find(({ present }) => present.join(" ") === key)!;
    const names = entry.scalars.map(({ name }) => name);
    const options = entry.constants.filter(({ option }) => option in resolved.options);
    return {
      program: { entry, source: module.source },
      resolved,
      scalars: pick(resolved.scalars, names),
      constants: Object.fromEntries(
        options.map(({ name, option }) => [name, resolved.options[option]!]),
      ),
    };
  }

  async function run(
    tensors: LooseTensors,
    attributes: LooseAttributes = {},
    { wanted }: CallOptions<string> = {},
  ): Promise<LooseResults> {
    const given = findGiven(tensors);
    const shapes = Object.fromEntries(
      given.map(([name, tensor]) => [name, readShape(name, tensor)]),
    );
    const { program, resolved, scalars, constants } = complete(shapes, attributes);
    const arrays = Object.fromEntries(
      given.map(([name, { data }]) => [name, readData(name, data, shapes[name]!)]),
    );
    checkIndices(signature, arrays, shapes, resolved.sizes);
    const taken = tensorsOf(program.entry, "input").map(({ name }) => name);
    const inputs = Object.fromEntries(taken.map((name) => [name, arrays[name]!]));
    const job = { inputs, scalars, constants, ...(wanted === undefined ? {} : { wanted }) };
    const outputs = await runner.runArrays(program, job);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, data]) => [
        name,
        { data: data as Float32Array, shape: resolved.outputs[name]! },
      ]),
    );
  }

  async function runOnDevice(
    tensors: Readonly<Record<string, DeviceTensor | undefined>>,
    attributes: LooseAttributes = {},
    { wanted, into = {} }: DeviceCallOptions<string> = {},
  ): Promise<Readonly<Record<string, DeviceTensor>>> {
    const given = findGiven(tensors);
    const shapes = Object.fromEntries(
      given.map(([name, tensor]) => [name, readDeviceShape(name, tensor)]),
    );
    const { program, resolved, scalars, constants } = complete(shapes, attributes);
    const { entry } = program;
    const outputs = tensorsOf(selectOutputs(entry, wanted), "output");
    const unknown = Object.keys(into).find((name) => !outputs.some((o) => o.name === name));
    if (unknown !== undefined)
      throw new RangeError(`${entry.name}: into has ${unknown}, which is no result of this call.`);
    const made: GPUBuffer[] = [];
    const results = Object.fromEntries(
      outputs.map(({ name }): [string, DeviceTensor] => {
        const shape = resolved.outputs[name]!;
        const buffer = into[name] ?? makeBuffer(gpu, name, shape);
        if (into[name] === undefined) made.push(buffer);
        return [name, { buffer, shape }];
      }),
    );
    const taken = tensorsOf(entry, "input").map(({ name }) => [name, tensors[name]!] as const);
    const buffers = Object.fromEntries(
      [...taken, ...Object.entries(results)].map(([name, { buffer }]) => [name, buffer]),
    );
    try {
      await runner.run(program, buffers, scalars, constants, wanted);
    } catch (error) {
      for (const buffer of made) buffer.destroy();
      throw error;
    }
    return results;
  }

  return { run, runOnDevice } as DeviceKernel<LooseTensors, LooseAttributes, LooseResults>;
}

/** What JavaScript gives may be an array here, or nothing at all. */
function readDeviceShape(name: string, tensor: DeviceTensor | null): readonly number[] {
  if (!tensor?.buffer || !Array.isArray(tensor.shape))
    throw new TypeError(`${name} is not a tensor on the device: it must be { buffer, shape }.`);
  return tensor.shape;
}

/** A buffer for a result, which kernels take and callers may copy from. */
function makeBuffer(gpu: GPUDevice, label: string, shape: readonly number[]): GPUBuffer {
  const elements = shape.reduce((product, size) => product * size, 1);
  // STORAGE | COPY_DST | COPY_SRC
  return gpu.createBuffer({ label, size: Math.max(16, elements * 4), usage: 0x80 | 0x08 | 0x04 });
}
