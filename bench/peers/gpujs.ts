// What a user of gpu.js writes by hand: one thread for each output, the formula inside.

import type { Unavailable } from "../../targets/contract/program.ts";
import { loadLibrary, type Mode } from "../../targets/gpujs/library.ts";
import type { Layer, Peer, Tensors } from "../layer.ts";

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

/** A hand-written gpu.js kernel in one mode. */
export async function gpujsPeer(
  mode: Mode,
  { N, C, H, W, O, K }: Layer,
  { input, offset, weight }: Tensors,
): Promise<(Peer & { close(): Promise<void> }) | Unavailable> {
  const loaded = await loadLibrary();
  if ("unavailable" in loaded) return loaded;
  const gpu = new loaded.library.GPU({ mode });
  const plane = H * W;
  const constants = { plane, taps: K * K, pad: K >> 1, C, H, W, O, K };
  const settings = { output: [N * O * plane], constants, loopMaxIterations: C };
  const kernel = gpu.createKernel(source, settings);
  return {
    name: `gpu.js by hand, ${mode}`,
    run: () => kernel(input, offset, weight),
    close: () => gpu.destroy(),
  };
}
