// The generated WGSL kernels, put into the page when it is built.

declare module "virtual:kernels" {
  import type { Program } from "../../../targets/contract/program.ts";

  /** deform_conv2d, without its optional tensors. */
  export const forward: Program;
  /** Its gradients. */
  export const backward: Program;
}
