// The optional package gpu.js, kept behind this file: what is used of it, and where it comes from.

import type { Unavailable } from "../contract/program.ts";

/** A kernel of gpu.js: built at its first call, it may then turn out to be of another class. */
export interface GpuKernel {
  readonly kernel: {
    /** The class that runs, e.g. CPUKernel or WebGL2Kernel, and what gpu.js calls its mode. */
    readonly constructor: { readonly name: string; readonly mode: string };
    /** Why gpu.js took another class than the mode's. */
    readonly fallbackReason: string | null;
  };
  (...args: readonly (Float32Array | number)[]): Float32Array | Promise<Float32Array>;
}

/** An instance of gpu.js, which builds kernels in one mode. */
export interface Gpu {
  createKernel(source: string, settings: { readonly output: readonly number[] }): GpuKernel;
  destroy(): Promise<void>;
}

/** What the package exports, as far as it is used here. */
export interface Library {
  readonly GPU: new (settings: { readonly mode: Mode }) => Gpu;
}

/**
 * cpu: plain JavaScript in doubles. webasm: WebAssembly. webgl, webgl2, webgpu: in browsers. gpu: whatever
 * gpu.js finds best, which in Node is WebAssembly unless a WebGL for Node is installed.
 */
export type Mode = "cpu" | "gpu" | "webasm" | "webgl" | "webgl2" | "webgpu";

/** The package and its version, or why it is not there. */
export async function loadLibrary(): Promise<
  { readonly library: Library; readonly version: string } | Unavailable
> {
  try {
    const [{ default: library }, { default: about }] = await Promise.all([
      import("gpu.js"),
      import("gpu.js/package.json", { with: { type: "json" } }),
    ]);
    return { library: library as unknown as Library, version: about.version };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return {
      target: "gpujs",
      unavailable: "the npm package gpu.js is not installed",
      install: "npm install gpu.js",
    };
  }
}
