// `run`: one operator on real arrays, NumPy files in and out.

import { extname } from "node:path";
import { type Command, Option } from "commander";
import type { Operator } from "../../frontend/operator.ts";
import { checkArguments, readInputs } from "../arguments.ts";
import { formatAttribute } from "../attributes.ts";
import { isUserFacing, UsageError, UserError } from "../errors.ts";
import { execute } from "../execute.ts";
import { checkTarget, formatDevice, refuseThreads, sharesLaunches } from "../executors.ts";
import { writeArrays } from "../io/arrays.ts";
import { DTYPES } from "../io/dtypes.ts";
import { checkWritable, isSameFile } from "../io/files.ts";
import { openOperator } from "../operators.ts";
import { noteRounding, parseStorage, requireStorage, storages } from "../storage.ts";
import { parseTarget } from "../targets.ts";
import { formatNotes, formatTime, printJson, type Terminal } from "../terminal.ts";
import { findTeam, readLayers } from "../tuning/layers.ts";
import { databasePath } from "../tuning/request.ts";
import { checkUpstream } from "../upstream.ts";

const examples = `
Examples:
  $ warpweave run deform_conv2d --inputs in.npz --attr stride=2 --attr padding=1,0 --out out.npz
  $ warpweave run roi_align --target cuda --inputs in.npz --attr output_size=7,7 --out out.npz
  $ warpweave run deform_conv2d --inputs in.npz --grad g.npz --gradients offset,weight --out out.npz
  $ warpweave run ./my_op.ts --target reference --inputs x.npy weight.npy --out y.npy

Arrays are named like the tensors; a .npy file is named by its array. The result is "output".
Pairs are written 2 or 2,1 (y,x); sides 1 or 1,0 (y,x) or top,left,bottom,right.
--grad takes "grad_output" of the result's shape; beside the result it writes "grad_input" and so on.
float64, float16 and whole numbers are converted to float32; --target reference computes in float64.
With --dtype f16 or bf16 data are stored in 16 bits and computed in float32; coordinates stay float32.`;

interface RunOptions {
  readonly target: string;
  readonly inputs: readonly string[];
  readonly attr?: readonly string[];
  readonly grad?: string;
  readonly gradients?: string;
  readonly dtype?: string;
  readonly threads?: string;
  readonly out: string;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** What `tune` found on this machine, what a team's file has, and what ships; a file that cannot be read is told and left. */
async function readTuned(operator: Operator, target: string, terminal: Terminal) {
  try {
    const files = { database: databasePath(undefined), team: findTeam(undefined) };
    return await readLayers(operator, target, files);
  } catch (error) {
    if (!isUserFacing(error)) throw error;
    terminal.err(`note: ${error.message}; default schedules are taken\n`);
    return [];
  }
}

/** How many CPU threads are asked for; refused at once where the target takes one. */
function parseThreads(text: string | undefined, target: string): number {
  if (text === undefined || text === "1") return 1;
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > 256)
    throw new UsageError(`--threads ${text} cannot be read; write a whole number from 1 to 256`);
  if (target === "reference") throw new UsageError("the reference runs on one thread");
  if (!sharesLaunches(target)) throw new UsageError(refuseThreads(target));
  return Number(text);
}

/** Adds the command \`run\`. */
export function addRun(program: Command, terminal: Terminal): void {
  program
    .command("run")
    .description("runs an operator on NumPy arrays")
    .argument("<operator>", "a name that `list` shows, or a TypeScript file")
    .requiredOption("--inputs <file...>", "the tensors: one .npz, or .npy files")
    .requiredOption("--out <file>", "where the result goes: .npz, or .npy")
    .option("--target <name>", "what runs it", "js")
    .option("--attr <name=value...>", "attributes")
    .option("--grad <file>", "the gradient of the result, grad_output: gives those of the tensors")
    .option("--gradients <names>", "only the gradients of these tensors, e.g. offset,weight")
    .addOption(
      new Option(
        "--dtype <type>",
        "what kernels store data as, on targets that do; arrays are rounded to it (default: f32)",
      ).choices(storages),
    )
    .option(
      "--threads <number>",
      "CPU threads, on targets that share launches among them (default: 1)",
    )
    .option("--verbose", "also say how the schedules of the kernels were found")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((name: string, options: RunOptions) => run(name, options, terminal));
}

async function run(name: string, options: RunOptions, terminal: Terminal): Promise<void> {
  const { target, inputs, out } = options;
  checkTarget(target);
  if (options.gradients !== undefined && options.grad === undefined)
    throw new UsageError("--gradients chooses among gradients, which need --grad");
  const threads = parseThreads(options.threads, target);
  const storage = parseStorage(options.dtype);
  if (storage !== undefined && target === "reference")
    throw new UserError("the reference computes in float64; choose a target for --dtype");
  if (storage !== undefined) requireStorage([parseTarget(target)], storage, true);
  if (extname(out) !== ".npz" && extname(out) !== ".npy")
    throw new UserError(`cannot write ${out}: arrays are written to .npz or .npy files`);
  const operator = openOperator(name);
  const wide = target === "reference";
  const args = checkArguments(operator, await readInputs(inputs), options.attr ?? [], wide);
  const upstream =
    options.grad === undefined
      ? undefined
      : checkUpstream(operator, args, await readInputs([options.grad]), options.gradients, wide);
  if (extname(out) === ".npy" && upstream !== undefined)
    throw new UserError("a result and its gradients are several arrays, which need a .npz file");
  if (extname(out) === ".npy" && args.signature.outputs.length > 1)
    throw new UserError(`${name} has several results, which need a .npz file`);
  await checkWritable(out);
  for (const given of [...inputs, ...(options.grad === undefined ? [] : [options.grad])])
    if (await isSameFile(given, out))
      throw new UserError(
        `--out ${out} would overwrite ${given}, which is read; name another file`,
      );
  const notes = [
    ...args.notes,
    ...(upstream?.notes ?? []),
    ...(storage === undefined
      ? []
      : noteRounding(operator, { ...args.data, ...upstream?.data }, storage)),
  ];
  if (options.json !== true) for (const note of notes) terminal.err(`note: ${note}\n`);

  const { results, device, milliseconds, built, schedules } = await execute(
    operator,
    target,
    args,
    upstream,
    storage,
    threads,
    await readTuned(operator, target, terminal),
  );
  await writeArrays(out, results);
  const rows = Object.entries(results).map(([result, { shape, dtype }]) => ({
    name: result,
    shape,
    dtype: DTYPES[dtype].name,
  }));
  const { attrs } = args;
  if (options.json === true) {
    printJson(terminal, {
      operator: operator.name,
      device,
      attrs,
      notes,
      results: rows,
      schedules,
      out,
    });
    return;
  }
  const said = Object.entries(attrs).map(([attr, value]) => `${attr}=${formatAttribute(value)}`);
  const lines = [
    ...rows.map((row) => [row.name, `(${row.shape.join(", ")}) ${row.dtype} → ${out}`]),
    ...(said.length > 0 ? [["attributes", said.join(" ")]] : []),
    ...schedules.flatMap(({ role, rule, why }) =>
      options.verbose === true || rule !== "default"
        ? [[`schedule ${role}`, `${rule}: ${why}`]]
        : [],
    ),
    ["ran on", `${device.target}: ${formatDevice(device)}`],
    ["time", milliseconds.map(formatTime).join(", gradients ")],
    ...(built === undefined ? [] : [["built in", formatTime(built)]]),
  ];
  terminal.out(formatNotes(lines));
}
