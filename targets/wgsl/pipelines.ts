// Compiles WGSL once: a shader module per source, a pipeline per entry point, bindings and constants.

import type { LaunchStep, UniformBlock } from "../contract/program.ts";
import type { GuardedDevice } from "./device.ts";

/** A pipeline and the layout of its only bind group. */
export interface CompiledLaunch {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Gives the pipeline of a launch, compiling it the first time. */
export type Compile = (
  source: string,
  launch: LaunchStep,
  uniform: UniformBlock,
  constants: Readonly<Record<string, number>>,
) => Promise<CompiledLaunch>;

/** A compiler with its own cache, for one device. */
export function createCompiler(device: GuardedDevice): Compile {
  const modules = new Map<string, Promise<GPUShaderModule>>();
  const launches = new Map<string, Map<string, Promise<CompiledLaunch>>>();
  return (source, launch, uniform, constants) => {
    const known = remember(launches, source, () => new Map<string, Promise<CompiledLaunch>>());
    const key = JSON.stringify([
      launch.function,
      launch.buffers.map(({ binding, access }) => [binding, access === "read"]),
      uniform.binding,
      uniform.bytes,
      Object.entries(constants).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    return forgetFailure(known, key, async () => {
      const module = await forgetFailure(modules, source, () => compileModule(device, source));
      return compileLaunch(device, module, launch, uniform, constants);
    });
  };
}

/** A shader module, or a rejection that quotes the compiler with line and source text. */
export async function compileModule(
  { gpu, whileAlive }: GuardedDevice,
  source: string,
): Promise<GPUShaderModule> {
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ code: source });
  const report = gpu.popErrorScope();
  const { messages } = await whileAlive(module.getCompilationInfo());
  const problem = messages.find(({ type }) => type === "error");
  const error = await whileAlive(report);
  if (problem) {
    const place = problem.lineNum > 0 ? `line ${problem.lineNum}:${problem.linePos}: ` : "";
    const text = source.split("\n")[problem.lineNum - 1]?.trim();
    throw new Error(
      `The WGSL does not compile: ${place}${problem.message.trim()}${text ? `\n  ${text}` : ""}`,
    );
  }
  if (error) throw new Error(`The WGSL does not compile: ${error.message.trim()}`);
  return module;
}

// Layouts are written out: an automatic layout leaves out whatever an entry point happens not to
// use, and then refuses the buffers that the manifest promises for it.
async function compileLaunch(
  { gpu, checked, whileAlive }: GuardedDevice,
  module: GPUShaderModule,
  launch: LaunchStep,
  uniform: UniformBlock,
  constants: Readonly<Record<string, number>>,
): Promise<CompiledLaunch> {
  const visibility = 4; // GPUShaderStage.COMPUTE; the named constant is not global in Node.
  const entries: GPUBindGroupLayoutEntry[] = launch.buffers.map(({ binding, access }) => ({
    binding,
    visibility,
    buffer: { type: access === "read" ? "read-only-storage" : "storage" },
  }));
  // The offset is dynamic so that each dispatch of a long launch can have its own group_base.
  entries.push({
    binding: uniform.binding,
    visibility,
    buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: uniform.bytes },
  });
  const what = `The bindings of ${launch.function}`;
  const layout = await checked(what, () => gpu.createBindGroupLayout({ entries }));
  const pipeline = gpu
    .createComputePipelineAsync({
      layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: launch.function, constants },
    })
    .catch(({ message }: GPUPipelineError) => {
      throw new Error(
        `The WGSL entry point ${launch.function} does not compile: ${message.trim()}`,
      );
    });
  return { pipeline: await whileAlive(pipeline), layout };
}

function remember<V>(map: Map<string, V>, key: string, make: () => V): V {
  const old = map.get(key);
  if (old !== undefined) return old;
  const value = make();
  map.set(key, value);
  return value;
}

// Concurrent callers share one compilation; a failed one is tried again by the next caller.
function forgetFailure<V>(
  map: Map<string, Promise<V>>,
  key: string,
  make: () => Promise<V>,
): Promise<V> {
  return remember(map, key, () => {
    const pending = make();
    pending.catch(() => map.delete(key));
    return pending;
  });
}
