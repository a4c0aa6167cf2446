// baselines/dcn_c.c, built for one shape by the system's C compiler.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Work } from "../../generators/measure/work/work.ts";
import type { Missing } from "../../generators/measure/worker/protocol.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";

const runTool = promisify(execFile);

export const open: Open = async (): Promise<Computer | Missing> => {
  try {
    const { stdout } = await runTool("cc", ["--version"]);
    return {
      device: "CPU",
      versions: { cc: stdout.split("\n")[0]!.trim() },
      prepare: buildKernel,
    };
  } catch {
    return { unavailable: "there is no C compiler", install: "apt-get install gcc libc6-dev" };
  }
};

async function buildKernel(
  work: Work,
  folder: string,
): Promise<Running | { readonly unsupported: string }> {
  const { input, offset, weight, mask, bias } = work.tensors;
  const { N = 0, C = 0, H = 0, W = 0, O = 0, K, G, stride } = work.numbers;
  if (!input || !offset || !weight || work.grad)
    return { unsupported: "it is deform_conv2d, forward" };
  if (mask || G !== 1 || stride !== 1 || K !== 3 || C % 8 > 0 || O % 16 > 0)
    return { unsupported: "it has 3x3 taps, channels in eights, outputs in sixteens, no masks" };
  const library = join(folder, "hand.so");
  const sizes = Object.entries({ N_: N, C_: C, H_: H, W_: W, O_: O });
  const source = fileURLToPath(new URL("hand_c.c", import.meta.url));
  const { default: koffi } = await import("koffi");
  const load = async () => {
    await runTool("cc", [
      ...["-O3", "-march=native", "-shared", "-fPIC"],
      ...sizes.map(([name, size]) => `-D${name}=${size}`),
      ...[source, "-o", library, "-lm"],
    ]);
    return koffi.load(library);
  };
  const opened = await load();
  const prepare = opened.func("void prepare(void *)");
  const compute = opened.func("void compute(void *, void *, void *, void *)");
  prepare(weight.data);
  const zeros = bias?.data ?? new Float32Array(O);
  const output = new Float32Array(work.upstream.data.length);
  return {
    modes: [
      {
        name: "",
        counted: "built for this shape and weights packed before",
        run: () => compute(input.data, offset.data, zeros, output),
        read: async () => ({ output }),
      },
    ],
  };
}
