// baselines/dcn_wasm.mjs: its module for one shape, and the loops around it that its main part has.

import { setFlagsFromString } from "node:v8";
import type { Work } from "../../generators/measure/work/work.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";
import { importBaseline } from "./baseline.ts";

interface Kernels {
  nhwc(from: number, to: number): void;
  sample(
    input: number,
    offset: number,
    mask: number,
    into: number,
    first: number,
    count: number,
    tap: number,
  ): void;
  gemm(panel: number, weights: number, sums: number, count: number): void;
  out4(sums: number, output: number, count: number): void;
}

interface Baseline {
  build(settings: Readonly<Record<string, number | boolean>>): Promise<unknown>;
}

/** Node's types leave WebAssembly to those of browsers. */
const engine = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
    instantiate(module: unknown, imports: unknown): Promise<{ readonly exports: Kernels }>;
  };
};

export const open: Open = async (_, options): Promise<Computer> => {
  const relaxed = options === "relaxed";
  // Newer engines have it without.
  if (relaxed) setFlagsFromString("--experimental-wasm-relaxed-simd");
  const wabt = import.meta.resolve("wabt");
  const baseline = await importBaseline<Baseline>(
    "dcn_wasm.mjs",
    "\nconst rd = (d, n)",
    { "'wabt'": JSON.stringify(wabt), "import.meta.url": '"file:///"' },
    "",
  );
  return {
    device: `WebAssembly in Node ${process.versions.node}${relaxed ? ", relaxed SIMD" : ""}`,
    versions: { node: process.versions.node },
    prepare: (work) => prepareKernels(baseline, work, relaxed),
  };
};

async function prepareKernels(
  { build }: Baseline,
  { tensors, numbers, grad, upstream }: Work,
  relaxed: boolean,
): Promise<Running | { readonly unsupported: string }> {
  const { input, offset, weight, mask, bias } = tensors;
  const { N = 0, C = 0, H = 0, W = 0, O = 0, K: k = 0, G, stride } = numbers;
  if (!input || !offset || !weight || grad) return { unsupported: "it is deform_conv2d, forward" };
  // The tiles that are fastest for each.
  const [MR, NR, P] = [relaxed ? 4 : 3, 8, 96];
  const [K, HW] = [k * k, H * W];
  if (G !== 1 || stride !== 1 || C % 8 > 0 || O % NR > 0 || HW % 4 > 0)
    return { unsupported: "it has channels and outputs in eights, pixels in fours, stride 1" };
  const TAPS = C * K <= 640 ? K : C * 3 <= 640 && K % 3 === 0 ? 3 : 1;
  const kc = TAPS * C;
  const settings = { C, H, W, O, k, MR, NR, P, TAPS, KU: 1, relaxed, mask: !!mask, OUT: HW };
  const module = await build(settings);
  let top = 1024;
  const place = (count: number): number => {
    const at = top;
    top += (count * 4 + 255) & ~127;
    return at;
  };
  const [x, xt, off] = [place(N * C * HW), place(C * HW), place(N * 2 * K * HW)];
  const [factors, packed, panel] = [place(N * K * HW), place(O * C * K), place((P + MR) * kc)];
  const [sums, y] = [place((P + MR + 4) * O), place(N * O * HW + 64)];
  const memory = new engine.WebAssembly.Memory({ initial: Math.ceil(top / 65536) + 1 });
  const f = new Float32Array(memory.buffer);
  const { exports } = await engine.WebAssembly.instantiate(module, { m: { m: memory } });
  f.set(input.data, x / 4);
  f.set(offset.data, off / 4);
  if (mask) f.set(mask.data, factors / 4);
  const blocks = O / NR;
  for (let i = 0; i < O * C * K; i++) {
    const j = i % NR;
    const c = Math.floor(i / NR) % C;
    const t = Math.floor(i / (NR * C)) % TAPS;
    const block = Math.floor(i / (NR * kc)) % blocks;
    const chunk = Math.floor(i / (O * kc));
    f[packed / 4 + i] = weight.data[((block * NR + j) * C + c) * K + chunk * TAPS + t]!;
  }
  const zeros = bias?.data ?? new Float32Array(O);
  const run = () => {
    for (let n = 0; n < N; n++) {
      exports.nhwc(x + n * C * HW * 4, xt);
      for (let p0 = 0; p0 < HW; p0 += P) {
        const np = Math.min(P, HW - p0);
        const rows = Math.ceil(np / MR) * MR;
        for (let p = 0; p < rows; p++) f.set(zeros, sums / 4 + p * O);
        for (let t0 = 0; t0 < K; t0 += TAPS) {
          const [moves, shares] = [off + n * 2 * K * HW * 4, factors + n * K * HW * 4];
          exports.sample(xt, moves, shares, panel, p0, rows, t0);
          exports.gemm(panel, packed + (t0 / TAPS) * O * kc * 4, sums, rows);
        }
        exports.out4(sums, y + (n * O * HW + p0) * 4, np);
      }
    }
  };
  const read = async () => ({ output: f.slice(y / 4, y / 4 + upstream.data.length) });
  const counted = "built for this shape, weights packed and inputs placed before";
  return { modes: [{ name: "", counted, run, read }] };
}
