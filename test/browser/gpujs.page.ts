// What the test runs inside a page: gpu.js in one of its modes, which stays open from call to call.

import library from "gpu.js";
import type { Data, Job, Program } from "../../targets/contract/program.ts";
import type { Library, Mode } from "../../targets/gpujs/library.ts";
import { createRunner, type Runner } from "../../targets/gpujs/runner.ts";

const runners = new Map<Mode, Promise<Runner>>();

/** Runs a program in a mode, or says only which class of kernels a mode has. */
export default async function run(request: {
  readonly mode: Mode;
  readonly program?: Program;
  readonly job?: Job;
}): Promise<{ readonly kernelClass: string; readonly outputs: Record<string, Data> }> {
  const { mode, program, job } = request;
  const { GPU } = library as unknown as Library;
  const opened = runners.get(mode) ?? createRunner(new GPU({ mode }));
  runners.set(mode, opened);
  const runner = await opened;
  const outputs = program && job ? await runner.run(program, job) : {};
  return { kernelClass: runner.kernelClass, outputs };
}
