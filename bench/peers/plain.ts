// Plain JavaScript: the functions of baselines/dcn_js.mjs as they are there.

import type { Work } from "../../generators/measure/work/work.ts";
import type { Open, Running } from "../../generators/measure/worker/serve.ts";
import { importBaseline } from "./baseline.ts";

type Loops = (
  input: Float32Array,
  offset: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  output: Float32Array,
  ...sizes: number[]
) => void;

interface Fused {
  pack(weight: Float32Array): void;
  run(input: Float32Array, offset: Float32Array, bias: Float32Array, output: Float32Array): void;
}

interface Functions {
  readonly naive: Loops;
  readonly naive_cols: Loops;
  fused(settings: Readonly<Record<string, number | string>>): Fused;
}

const loadFunctions = (): Promise<Functions> =>
  importBaseline<Functions>(
    "dcn_js.mjs",
    "\nfor (const s of a.shape)",
    { "import.meta.url": '"file:///"' },
    "export { fused, naive, naive_cols };",
  );

/** Its variants; what they cannot do is said. */
export const open: Open = async (_, variant) => {
  const functions = await loadFunctions();
  return {
    device: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    versions: { node: process.versions.node },
    prepare: async (work) => preparePlain(functions, String(variant), work),
  };
};

function preparePlain(
  functions: Functions,
  variant: string,
  work: Work,
): Running | { readonly unsupported: string } {
  const { input, offset, weight, mask, bias } = work.tensors;
  const { N, C, H, W, O, K, G, stride } = work.numbers as Record<string, number>;
  if (!input || !offset || !weight || work.grad)
    return { unsupported: "it is deform_conv2d, forward" };
  if (mask || G !== 1 || stride !== 1)
    return { unsupported: "it has no masks, offset groups and strides" };
  const sizes = [N!, C!, H!, W!, O!, K!];
  const output = new Float32Array(work.upstream.data.length);
  const zeros = bias?.data ?? new Float32Array(O!);
  const read = async () => ({ output });
  if (variant === "naive" || variant === "naive_cols") {
    const loops = functions[variant];
    const run = () => loops(input.data, offset.data, weight.data, zeros, output, ...sizes);
    return { modes: [{ name: "", counted: "all of it", run, read }] };
  }
  const [MR, NR] = [4, 2];
  if (O! % NR !== 0) return { unsupported: `it takes a multiple of ${NR} output channels` };
  const taps = K! * K!;
  // As the file's own main loop chooses them.
  const TAPS = C! * taps <= 640 ? taps : C! * 3 <= 640 && taps % 3 === 0 ? 3 : 1;
  const F = variant === "fused64" ? "Float64Array" : "Float32Array";
  const fused = functions.fused({
    N: N!,
    C: C!,
    H: H!,
    W: W!,
    O: O!,
    k: K!,
    MR,
    NR,
    P: 48,
    TAPS,
    F,
    KU: 1,
  });
  fused.pack(weight.data);
  const run = () => fused.run(input.data, offset.data, zeros, output);
  return { modes: [{ name: "", counted: "weights packed before", run, read }] };
}
