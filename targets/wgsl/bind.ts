// From a program and buffers to launches that are compiled and bound.

import { evaluateFormula } from "../contract/formula.ts";
import { completeCall, isLeftOut, type Numbers } from "../contract/job.ts";
import { shareWorkspaces } from "../contract/memory.ts";
import type { BufferUse, FillStep, LaunchStep, Program } from "../contract/program.ts";
import { listRuns } from "../contract/turns.ts";
import { selectOutputs } from "../contract/wanted.ts";
import type { GuardedDevice } from "./device.ts";
import { checkGroups } from "./dispatch.ts";
import { fillBits, fillProgram } from "./fill.ts";
import { checkBuffers, checkLimits } from "./limits.ts";
import { createCompiler } from "./pipelines.ts";
import type { Scratch } from "./scratch.ts";
import type { ReadyLaunch } from "./submit.ts";
import { uniformOfLaunch } from "./uniform.ts";
import { type BufferSize, measure } from "./values.ts";

type Sizes = ReadonlyMap<string, BufferSize>;

/** GPU buffers by tensor name; each needs STORAGE usage and at least the bytes of its shape. */
export type Buffers = Readonly<Record<string, GPUBuffer>>;

/** Binds programs on a device, with workspaces of `scratch` and so many groups in a dimension. */
export function createBinder(device: GuardedDevice, scratch: Scratch, perDimension: number) {
  const { gpu } = device;
  const compile = createCompiler(device);
  return bindLaunches;

  /** All launches of a program, compiled and bound; steps with nothing to do are left out. */
  async function bindLaunches(
    program: Program,
    buffers: Buffers,
    given: Numbers,
    constants?: Numbers,
    wanted?: readonly string[],
    lend = false,
  ): Promise<readonly ReadyLaunch[]> {
    const entry = selectOutputs(program.entry, wanted);
    const call = measure(entry, completeCall(entry, given, constants));
    const { scalars, sizes } = call;
    checkLimits(gpu.limits, entry, sizes);
    checkBuffers(entry, buffers, sizes);
    const workspaces = await scratch.take(shareWorkspaces(entry), sizes, lend);
    const all = { ...buffers, ...workspaces };
    const ready: ReadyLaunch[] = [];
    for (const { step, scalars: own } of listRuns(entry, entry.steps, scalars)) {
      if (isLeftOut(step, call.constants)) continue;
      const launch =
        step.kind === "launch"
          ? await bind(program, step, all, own, sizes, call.constants)
          : await bindFill(step, all, sizes);
      if (launch) ready.push(launch);
    }
    return ready;
  }

  async function bindFill(
    step: FillStep,
    buffers: Buffers,
    sizes: Sizes,
  ): Promise<ReadyLaunch | undefined> {
    const size = sizes.get(step.buffer);
    if (size?.elements === 0) return;
    const data = buffers[step.buffer];
    const launch = fillProgram.entry.steps[0];
    if (!size || !data || launch?.kind !== "launch")
      throw new Error(`A fill step names ${step.buffer}, which is no buffer of its program.`);
    const scalars = { words: size.bytes / 4, bits: fillBits(size.dtype, step.value) };
    return bind(fillProgram, launch, { data }, scalars, new Map([["data", size]]), {});
  }

  async function bind(
    program: Program,
    launch: LaunchStep,
    buffers: Buffers,
    scalars: Numbers,
    sizes: Sizes,
    constants: Numbers,
  ): Promise<ReadyLaunch | undefined> {
    const groups = evaluateFormula(launch.groups, scalars);
    checkGroups(launch.function, groups, perDimension);
    const written = launch.buffers.filter(({ access }) => access !== "read");
    if (groups === 0 || written.every(({ name }) => sizes.get(name)?.elements === 0)) return;
    const uniform = uniformOfLaunch(program.entry, launch);
    const compiled = await compile(program.source, launch, uniform, constants);
    const resources = launch.buffers.map((use) => ({
      binding: use.binding,
      resource: {
        buffer: findBuffer(use, buffers, sizes),
        size: Math.max(sizes.get(use.name)?.bytes ?? 0, 4),
      },
    }));
    return { launch, uniform, compiled, resources, scalars, groups };
  }

  // A buffer of no elements cannot be bound; kernels never read the stand-in.
  function findBuffer({ name }: BufferUse, buffers: Buffers, sizes: Sizes): GPUBuffer {
    const buffer = sizes.get(name)?.bytes === 0 ? scratch.empty(name) : buffers[name];
    if (!buffer) throw new Error(`A launch uses ${name}, which is no buffer of its program.`);
    return buffer;
  }
}
