// Runs generated kernels on the caller's GPUDevice and GPUBuffers, in browsers and in Node.
// Nothing is read back unless asked for, modules and pipelines are compiled once, and workspaces
// are kept for the next run.

import { completeJob, type Numbers } from "../contract/job.ts";
import type { Data, Job, Prepared, Program } from "../contract/program.ts";
import { allocateTensors, poisonBuffer, readOutputs } from "./arrays.ts";
import { type Buffers, createBinder } from "./bind.ts";
import { guardDevice } from "./device.ts";
import { coverGroups, nextDispatch, Pace } from "./dispatch.ts";
import { checkLimits } from "./limits.ts";
import type { CompiledLaunch } from "./pipelines.ts";
import { createScratch } from "./scratch.ts";
import { createStopwatch, measureStep, type Stopwatch } from "./stopwatch.ts";
import {
  createUniforms,
  encodeLaunches,
  type PlannedDispatch,
  type ReadyLaunch,
} from "./submit.ts";
import { measure } from "./values.ts";

export type { Buffers } from "./bind.ts";

/** How work is cut into dispatches; the defaults suit every device. */
export interface RunnerOptions {
  /** Groups per dimension of a dispatch, if fewer than the device allows. */
  readonly maxGroupsPerDimension?: number;
  /** How long one submit of a long launch should take; watchdogs bark after about two seconds. */
  readonly submitMilliseconds?: number;
  /** Threads of the first submit of a launch whose cost is not known yet. */
  readonly firstSubmitThreads?: number;
}

/** Runs programs on one device. */
export interface Runner {
  /**
   * Submits a program; resolves when all is submitted and the device has accepted it. Where only some
   * outputs are `wanted`, other outputs need no buffers. `constants` say what options are, and
   * whether the buffers of outputs are added to (the entry's `accumulate`).
   */
  run(
    program: Program,
    buffers: Buffers,
    scalars: Numbers,
    constants?: Numbers,
    wanted?: readonly string[],
  ): Promise<void>;
  /**
   * Records a program into the caller's encoder; resolves when it is recorded. Long work is not
   * split into several submits here, since the caller submits; and runs of one runner share
   * workspaces, so the command buffers take effect in the order in which they are submitted.
   */
  encode(
    encoder: GPUCommandEncoder,
    program: Program,
    buffers: Buffers,
    scalars: Numbers,
    constants?: Numbers,
    wanted?: readonly string[],
  ): Promise<void>;
  /** Uploads a job's inputs, runs the program and reads its outputs back. */
  runArrays(program: Program, job: Job): Promise<Record<string, Data>>;
  /** Uploads a job's inputs, to be run any number of times; timed by the device where it has timestamps. */
  prepare(program: Program, job: Job): Promise<Prepared>;
  /** The least milliseconds that timestamps tell apart; the device has the feature `timestamp-query`. */
  measureClock(): Promise<number>;
  /** Frees the workspaces. The device stays the caller's. */
  destroy(): void;
}

/** A runner for a device; several may share one device. */
export function createRunner(gpu: GPUDevice, options: RunnerOptions = {}): Runner {
  const device = guardDevice(gpu);
  const scratch = createScratch(device);
  const uniforms = createUniforms(device);
  const paces = new WeakMap<CompiledLaunch, { readonly scalars: string; readonly pace: Pace }>();
  const perDimension = Math.min(
    options.maxGroupsPerDimension ?? Number.POSITIVE_INFINITY,
    gpu.limits.maxComputeWorkgroupsPerDimension,
  );
  const bindLaunches = createBinder(device, scratch, perDimension);
  const { submitMilliseconds = 100, firstSubmitThreads = 65536 } = options;

  // Runs take turns: they share the workspaces, and they wait while compiling.
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  }

  function paceOf({ compiled, launch, scalars }: ReadyLaunch): Pace {
    const key = JSON.stringify(scalars);
    const known = paces.get(compiled);
    if (known?.scalars === key) return known.pace;
    const pace = new Pace(firstSubmitThreads / launch.group, submitMilliseconds);
    paces.set(compiled, { scalars: key, pace });
    return pace;
  }

  /** Milliseconds by the watch, where there is one. */
  async function submit(
    what: string,
    dispatches: readonly PlannedDispatch[],
    watch?: Stopwatch,
  ): Promise<number> {
    if (dispatches.length === 0) return 0;
    const block = await uniforms.take(dispatches);
    await device.checked(what, () => {
      const encoder = gpu.createCommandEncoder();
      encodeLaunches(gpu, encoder, dispatches, block, watch?.marks);
      watch?.finish(encoder);
      gpu.queue.submit([encoder.finish()]);
    });
    return watch ? watch.read() : 0;
  }

  const idle = () => device.whileAlive(gpu.queue.onSubmittedWorkDone());

  // Short launches share one submit, whose estimated load stays below one submit's worth. A long
  // launch gets submits of its own, timed one by one so that the next has the right size.
  async function submitPaced(
    what: string,
    launches: readonly ReadyLaunch[],
    watch?: Stopwatch,
  ): Promise<number> {
    let batch: PlannedDispatch[] = [];
    let load = 0;
    let taken = 0;
    for (const ready of launches) {
      const pace = paceOf(ready);
      const share = ready.groups / Math.min(pace.groups, perDimension * perDimension);
      if (load + share > 1) {
        taken += await submit(what, batch, watch);
        batch = [];
        load = 0;
      }
      if (share <= 1) {
        const { dispatch } = nextDispatch(0, ready.groups, ready.groups, perDimension);
        batch.push({ ready, dispatch });
        load += share;
        continue;
      }
      await idle();
      for (let base = 0; base < ready.groups; ) {
        const { dispatch, next } = nextDispatch(base, ready.groups, pace.groups, perDimension);
        const start = performance.now();
        taken += await submit(what, [{ ready, dispatch }], watch);
        await idle();
        pace.measured(next - base, performance.now() - start);
        base = next;
      }
    }
    return taken + (await submit(what, batch, watch));
  }

  let stopwatch: Promise<Stopwatch> | undefined;

  function run(
    program: Program,
    buffers: Buffers,
    scalars: Numbers,
    constants?: Numbers,
    wanted?: readonly string[],
    isTimed = false,
  ): Promise<number> {
    return inTurn(async () => {
      const launches = await bindLaunches(program, buffers, scalars, constants, wanted);
      if (isTimed) stopwatch ??= createStopwatch(device);
      return submitPaced(program.entry.name, launches, isTimed ? await stopwatch : undefined);
    });
  }

  /** `submit` does not wait for the end, which reading back does. */
  async function prepareArrays(
    program: Program,
    job: Job,
  ): Promise<Prepared & { submit(): Promise<void> }> {
    const complete = measure(program.entry, completeJob(program.entry, job));
    const { entry, constants, inputs, initial, sizes } = complete;
    checkLimits(gpu.limits, entry, sizes);
    const tensors = await allocateTensors(device, entry, { ...inputs, ...initial }, sizes);
    const chosen = { ...program, entry };
    const { scalars } = job;
    const submit = async () => void (await run(chosen, tensors, scalars, constants));
    const time = () => run(chosen, tensors, scalars, constants, undefined, true);
    return {
      submit,
      ...(gpu.features.has("timestamp-query") && { time }),
      async run() {
        await submit();
        await idle();
      },
      read: () => readOutputs(device, entry, tensors, sizes),
      async poison() {
        for (const { name, role } of entry.tensors)
          if (role === "output") poisonBuffer(gpu, tensors[name]!);
      },
      async close() {
        for (const buffer of Object.values(tensors)) buffer.destroy();
      },
    };
  }

  return {
    run: async (...given) => void (await run(...given)),
    encode: (encoder, program, buffers, scalars, constants, wanted) =>
      inTurn(async () => {
        const launches = await bindLaunches(program, buffers, scalars, constants, wanted, true);
        const dispatches = launches.flatMap((ready) =>
          coverGroups(ready.groups, perDimension).map((dispatch) => ({ ready, dispatch })),
        );
        if (dispatches.length === 0) return;
        const block = await uniforms.lend(dispatches);
        await device.checked(program.entry.name, () =>
          encodeLaunches(gpu, encoder, dispatches, block),
        );
      }),
    async runArrays(program, job) {
      const ready = await prepareArrays(program, job);
      try {
        await ready.submit();
        return await ready.read();
      } finally {
        await ready.close();
      }
    },
    prepare: prepareArrays,
    measureClock: () => inTurn(() => measureStep(device)),
    destroy() {
      void stopwatch?.then((watch) => watch.destroy()).catch(() => {});
      scratch.destroy();
      uniforms.destroy();
    },
  };
}
