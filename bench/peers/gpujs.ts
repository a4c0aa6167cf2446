// What a user of gpu.js writes by hand: one thread for each output, the formula inside.

import type { Work } from "../../generators/measure/work/work.ts";
import type { Missing } from "../../generators/measure/worker/protocol.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";
import { loadPackage } from "./package.ts";

type Kernel = ((...args: readonly Float32Array[]) => Float32Array | Promise<Float32Array>) & {
  readonly kernel: { readonly constructor: { readonly name: string } };
};

interface Gpu {
  createKernel(source: string, settings: unknown): Kernel;
  destroy(): Promise<void>;
}

interface Library {
  readonly GPU: new (settings: { readonly mode: string }) => Gpu;
}

// As text, since tools that run TypeScript rewrite functions, and gpu.js reads their text.
const source = `function (input, offset, weight) {
  const p = this.thread.x % this.constants.plane;
  const no = Math.floor(this.thread.x / this.constants.plane);
  const o = no % this.constants.O;
  const n = Math.floor(no / this.constants.O);
  const oy = Math.floor(p / this.constants.W);
  const ox = p % this.constants.W;
  let sum = 0;
  for (let i = 0; i < this.constants.K; i++) {
    for (let j = 0; j < this.constants.K; j++) {
      const tap = i * this.constants.K + j;
      const at = (n * this.constants.taps + tap) * 2 * this.constants.plane + p;
      const y = oy - this.constants.pad + i + offset[at];
      const x = ox - this.constants.pad + j + offset[at + this.constants.plane];
      if (y > -1 && y < this.constants.H && x > -1 && x < this.constants.W) {
        const top = Math.floor(y);
        const left = Math.floor(x);
        const down = y - top;
        const right = x - left;
        let a = (1 - down) * (1 - right);
        let b = (1 - down) * right;
        let c = down * (1 - right);
        let d = down * right;
        if (top < 0) { a = 0; b = 0; }
        if (left < 0) { a = 0; c = 0; }
        if (top + 1 >= this.constants.H) { c = 0; d = 0; }
        if (left + 1 >= this.constants.W) { b = 0; d = 0; }
        const y0 = Math.max(top, 0);
        const x0 = Math.max(left, 0);
        const y1 = Math.min(top + 1, this.constants.H - 1);
        const x1 = Math.min(left + 1, this.constants.W - 1);
        for (let k = 0; k < this.constants.C; k++) {
          const base = (n * this.constants.C + k) * this.constants.plane;
          const value = a * input[base + y0 * this.constants.W + x0] +
            b * input[base + y0 * this.constants.W + x1] +
            c * input[base + y1 * this.constants.W + x0] +
            d * input[base + y1 * this.constants.W + x1];
          sum += weight[(o * this.constants.C + k) * this.constants.taps + tap] * value;
        }
      }
    }
  }
  return sum;
}`;

export const open: Open = async (_, options): Promise<Computer | Missing> => {
  const mode = String(options);
  const loaded = await loadPackage<Library>("gpu.js", "require");
  if ("unavailable" in loaded) return loaded;
  const { library, version } = loaded;
  return {
    device: `gpu.js ${mode} in Node ${process.versions.node}`,
    versions: { "gpu.js": version },
    prepare: (work) => prepareKernel(library, mode, work),
  };
};

async function prepareKernel(
  { GPU }: Library,
  mode: string,
  work: Work,
): Promise<Running | { readonly unsupported: string }> {
  const { input, offset, weight, mask, bias } = work.tensors;
  const { N = 0, C = 0, H = 0, W = 0, O = 0, K = 0, G, stride } = work.numbers;
  if (!input || !offset || !weight || work.grad)
    return { unsupported: "it is deform_conv2d, forward" };
  if (mask || bias || G !== 1 || stride !== 1)
    return { unsupported: "it has no masks, biases, offset groups and strides" };
  const gpu = new GPU({ mode });
  const constants = { plane: H * W, taps: K * K, pad: K >> 1, C, H, W, O, K };
  const output = [N * O * H * W];
  const kernel = gpu.createKernel(source, { output, constants, loopMaxIterations: C });
  let result: Float32Array | undefined;
  const run = async () => {
    result = await kernel(input.data, offset.data, weight.data);
  };
  await run();
  // It takes another class than the mode's where it cannot build that one.
  const { name } = kernel.kernel.constructor;
  if (mode === "webasm" && name !== "WebAssemblyKernel") {
    await gpu.destroy();
    return { unsupported: `gpu.js runs it as ${name}` };
  }
  const read = async () => ({ output: result! });
  return {
    modes: [{ name: "", counted: "kernels built before; all else", run, read }],
    close: () => gpu.destroy(),
  };
}
