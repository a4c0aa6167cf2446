// The package's `./webgpu`: generated kernels on a GPUDevice, in browsers and in Node.

export type { Entry, Program } from "../contract/program.ts";
export { type Buffers, createRunner, type Runner, type RunnerOptions } from "./executor.ts";
export {
  type CallOptions,
  type DeviceCallOptions,
  type DeviceKernel,
  type DeviceTensor,
  type OnDevice,
  openKernel,
} from "./kernel.ts";
export {
  type DescribedKernels,
  describeKernel,
  type KernelChoice,
  type KernelModule,
  type LooseAttributes,
  type LooseResults,
  type LooseTensors,
} from "./module.ts";
