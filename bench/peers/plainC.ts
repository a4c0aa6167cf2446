// Plain loops in C (plain_c.c), built by the system's C compiler for this machine.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Work } from "../../generators/measure/work/work.ts";
import type { Missing } from "../../generators/measure/worker/protocol.ts";
import type { Computer, Open, Running } from "../../generators/measure/worker/serve.ts";

const runTool = promisify(execFile);

const flags = ["-O3", "-march=native", "-shared", "-fPIC"];

const boxes = ["N", "C", "H", "W", "R", "PH", "PW", "spatial_scale"];
const bins = ["N", "O", "H", "W", "R", "PH", "PW", "spatial_scale"];
const points = [
  ...["kernel.y", "kernel.x", "stride.y", "stride.x", "padding.y", "padding.x"],
  ...["dilation.y", "dilation.x", "offset_scale"],
];

/** The inputs and numbers that each function takes, in its order. */
const functions: Readonly<
  Record<string, { readonly inputs: readonly string[]; readonly numbers: readonly string[] }>
> = {
  dcn_v3: {
    inputs: ["input", "offset", "mask"],
    numbers: ["N", "H", "W", "G", "D", "P", "OH", "OW", ...points],
  },
  // It has as many points as its kernel says.
  dcn_v4: {
    inputs: ["input", "offset_mask"],
    numbers: ["N", "H", "W", "G", "D", "KH", "OH", "OW", ...points, "M"],
  },
  ms_deform_attn: {
    inputs: ["value", "shapes", "starts", "location", "attention"],
    numbers: ["B", "S", "M", "D", "Q", "L", "P"],
  },
  roi_align_rotated: { inputs: ["input", "rois"], numbers: [...boxes, "sampling_ratio"] },
  deform_roi_pool: {
    inputs: ["input", "rois", "offset"],
    numbers: [...boxes, "sampling_ratio", "gamma"],
  },
  deform_ps_roi_pool: {
    inputs: ["input", "rois", "trans"],
    numbers: [...bins, "sample_per_part", "trans_std"],
  },
  prroi_pool: { inputs: ["input", "rois"], numbers: boxes },
};

/** What the loops leave out. */
function findUnsupported({ op, tensors, numbers }: Work): string | undefined {
  const known = Object.hasOwn(functions, op) ? functions[op]! : undefined;
  if (known === undefined) return "it has no such operator";
  if (known.inputs.some((name) => tensors[name] === undefined))
    return `it takes ${known.inputs.join(", ")}`;
  if (numbers.sampling_ratio !== undefined && numbers.sampling_ratio < 1)
    return "it takes a number of samples";
  const { PH, PW, GH = PH, GW = PW, TH = PH, TW = PW, K = 1 } = numbers;
  if (GH !== PH || GW !== PW || TH !== PH || TW !== PW || K !== 1)
    return "it has a group and a part for each bin, and one class";
  return undefined;
}

export const open: Open = async (): Promise<Computer | Missing> => {
  try {
    const { stdout } = await runTool("cc", ["--version"]);
    return {
      device: "CPU",
      versions: { cc: stdout.split("\n")[0]!.trim() },
      prepare: buildLoops,
    };
  } catch {
    return { unavailable: "there is no C compiler", install: "apt-get install gcc libc6-dev" };
  }
};

async function buildLoops(
  work: Work,
  folder: string,
): Promise<Running | { readonly unsupported: string }> {
  const unsupported = findUnsupported(work);
  if (unsupported !== undefined) return { unsupported };
  const { inputs, numbers } = functions[work.op]!;
  const library = join(folder, "plain.so");
  const source = fileURLToPath(new URL("plain_c.c", import.meta.url));
  await runTool("cc", [...flags, source, "-o", library, "-lm"]);
  const { default: koffi } = await import("koffi");
  const signature = `void ${work.op}(${Array(10).fill("void *").join(", ")})`;
  const compute = koffi.load(library).func(signature);
  const given = [0, 1, 2, 3, 4].map((i) => work.tensors[inputs[i] ?? ""]?.data ?? null);
  const values = Float64Array.from(numbers, (name) => work.numbers[name]!);
  const like = (names: readonly string[]) =>
    [0, 1, 2].map((i) => {
      const tensor = work.tensors[names[i] ?? ""];
      return tensor ? new Float32Array(tensor.data.length) : null;
    });
  const output = new Float32Array(work.upstream.data.length);
  const gradients = work.grad ? like(work.differentiable) : [];
  const run = (): void => {
    compute(...given, null, output, null, null, values);
    if (work.grad) compute(...given, work.upstream.data, ...gradients, values);
  };
  const read = async () =>
    work.grad
      ? Object.fromEntries(work.differentiable.map((name, i) => [`grad_${name}`, gradients[i]!]))
      : { output };
  return { modes: [{ name: "", counted: "gcc -O3 -march=native, all of it", run, read }] };
}
