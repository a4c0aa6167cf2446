// What runs the kernels of each target. Apart from registry.ts, so that generating loads no executor.

import { machine as c } from "./c/machine.ts";
import type { TargetMachine } from "./contract/machine.ts";
import { machine as cuda } from "./cuda/machine.ts";
import { machine as gpujs } from "./gpujs/machine.ts";
import { machine as js } from "./js/machine.ts";
import type { TargetName } from "./registry.ts";
import { machine as wasm } from "./wasm/machine.ts";
import { machine as wgsl } from "./wgsl/machine.ts";

/** By target; a new one in the registry is demanded here by the compiler. */
export const machines: Readonly<Record<TargetName, TargetMachine>> = {
  js,
  gpujs,
  wgsl,
  cuda,
  wasm,
  c,
};
