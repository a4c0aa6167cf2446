// Runs gpu.js kernels in Node: in plain JavaScript, in WebAssembly, or in what else gpu.js finds.

import type { Executor, Unavailable } from "../contract/program.ts";
import { loadLibrary, type Mode } from "./library.ts";
import { createRunner } from "./runner.ts";

/** Which of gpu.js's ways of running to take. */
export interface GpujsOptions {
  /** Default: what gpu.js finds best. */
  readonly mode?: Mode;
}

/** Opens gpu.js in one mode; the device names the class of kernels that really runs. */
export async function openGpujs(options: GpujsOptions = {}): Promise<Executor | Unavailable> {
  const { mode = "gpu" } = options;
  const loaded = await loadLibrary();
  if ("unavailable" in loaded) return loaded;
  const { library, version } = loaded;
  let gpu: InstanceType<typeof library.GPU> | undefined;
  try {
    gpu = new library.GPU({ mode });
    const runner = await createRunner(gpu);
    const opened = gpu;
    return {
      device: {
        target: "gpujs",
        device: `gpu.js ${version} ${runner.kernelClass}`,
        driver: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
        // gpu.js does not say what lies below WebGL, which in Node is often software.
        hardware: false,
      },
      run: (program, job) => runner.run(program, job),
      close: async () => {
        await opened.destroy();
      },
    };
  } catch (error) {
    await gpu?.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    return {
      target: "gpujs",
      unavailable: `gpu.js cannot run in its mode ${mode} here: ${reason}`,
    };
  }
}
