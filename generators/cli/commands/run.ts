// `run`: one operator on real arrays, NumPy files in and out.

import { extname } from "node:path";
import type { Command } from "commander";
import type { Operator } from "../../frontend/operator.ts";
import { loadReference, runReference } from "../../frontend/reference.ts";
import { type Arguments, checkArguments, readInputs } from "../arguments.ts";
import { formatAttribute } from "../attributes.ts";
import { UserError } from "../errors.ts";
import { checkTarget, formatDevice, openExecutor } from "../executors.ts";
import { arrayOf, writeArrays } from "../io/arrays.ts";
import { DTYPES, type NpArray } from "../io/dtypes.ts";
import { checkWritable } from "../io/files.ts";
import { compileProgram } from "../kernels.ts";
import { openOperator } from "../operators.ts";
import { formatNotes, formatTime, printJson, type Terminal } from "../terminal.ts";

const examples = `
Examples:
  $ warpweave run deform_conv2d --inputs in.npz --attr stride=2 --attr padding=1,0 --out out.npz
  $ warpweave run roi_align --target cuda --inputs in.npz --attr output_size=7,7 --out out.npz
  $ warpweave run ./my_op.ts --target reference --inputs x.npy weight.npy --out y.npy

Arrays are named like the tensors; a .npy file is named by its array. The result is "output".
Pairs are written 2 or 2,1 (y,x); sides 1 or 1,0 (y,x) or top,left,bottom,right.
float64 and float16 arrays are converted to float32; --target reference computes in float64.`;

interface RunOptions {
  readonly target: string;
  readonly inputs: readonly string[];
  readonly attr: readonly string[];
  readonly grad?: string;
  readonly out: string;
  readonly json?: boolean;
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
    .option("--attr <name=value...>", "attributes", [])
    .option("--grad <file>", "gradients of the result (not available yet)")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((name: string, options: RunOptions) => run(name, options, terminal));
}

async function run(name: string, options: RunOptions, terminal: Terminal): Promise<void> {
  const { target, inputs, out } = options;
  if (options.grad !== undefined)
    throw new UserError("--grad is not available: this version has no gradients yet");
  checkTarget(target);
  if (extname(out) !== ".npz" && extname(out) !== ".npy")
    throw new UserError(`cannot write ${out}: arrays are written to .npz or .npy files`);
  const operator = openOperator(name);
  const args = checkArguments(
    operator,
    await readInputs(inputs),
    options.attr,
    target === "reference",
  );
  if (extname(out) === ".npy" && args.signature.outputs.length > 1)
    throw new UserError(`${name} has several results, which need a .npz file`);
  await checkWritable(out);
  if (options.json !== true) for (const note of args.notes) terminal.err(`note: ${note}\n`);

  const { results, device, milliseconds } = await execute(operator, target, args);
  await writeArrays(out, results);
  const rows = Object.entries(results).map(([result, { shape, dtype }]) => ({
    name: result,
    shape,
    dtype: DTYPES[dtype].name,
  }));
  const { attrs, notes } = args;
  if (options.json === true) {
    printJson(terminal, { operator: operator.name, device, attrs, notes, results: rows, out });
    return;
  }
  const said = Object.entries(attrs).map(([attr, value]) => `${attr}=${formatAttribute(value)}`);
  const lines = [
    ...rows.map((row) => [row.name, `(${row.shape.join(", ")}) ${row.dtype} → ${out}`]),
    ["attributes", said.join(" ")],
    ["ran on", `${device.target}: ${formatDevice(device)}`],
    ["time", formatTime(milliseconds)],
  ];
  terminal.out(formatNotes(lines));
}

interface Execution {
  readonly results: Readonly<Record<string, NpArray>>;
  readonly device: { readonly target: string; readonly device: string; readonly driver: string };
  readonly milliseconds: number;
}

async function execute(operator: Operator, target: string, args: Arguments): Promise<Execution> {
  const { data, shapes, attrs, resolved, signature } = args;
  if (target === "reference") {
    const inputs = Object.fromEntries(
      Object.entries(data).map(([name, array]) => [name, { data: array, shape: shapes[name]! }]),
    );
    const reference = await loadReference(operator.path);
    const start = performance.now();
    const outputs = runReference(operator, reference, inputs, resolved.sizes, attrs);
    const milliseconds = performance.now() - start;
    const device = {
      target,
      device: `the declaration in float64, Node ${process.versions.node}`,
      driver: "none",
    };
    const results = signature.outputs.map(({ name }): [string, NpArray] => {
      const output = outputs[name];
      if (output === undefined) throw new UserError(`the reference does not give ${name}`);
      return [name, arrayOf(resolved.outputs[name]!, output.data)];
    });
    return { results: Object.fromEntries(results), device, milliseconds };
  }
  const program = compileProgram(operator, target, resolved.present);
  const executor = await openExecutor(target);
  try {
    const start = performance.now();
    const constants = Object.fromEntries(
      program.entry.constants.map((c) => [c.name, resolved.options[c.option]!]),
    );
    const job = { inputs: data, scalars: resolved.scalars, constants };
    const outputs = await executor.run(program, job).catch((error: unknown) => {
      // Executors refuse what is beyond a limit of the device with a RangeError.
      if (!(error instanceof RangeError)) throw error;
      throw new UserError(`${target} cannot run this: ${error.message.replace(/\.$/, "")}`);
    });
    const milliseconds = performance.now() - start;
    const results = signature.outputs.map(({ name }): [string, NpArray] => [
      name,
      arrayOf(resolved.outputs[name]!, outputs[name]!),
    ]);
    return { results: Object.fromEntries(results), device: executor.device, milliseconds };
  } finally {
    await executor.close();
  }
}
