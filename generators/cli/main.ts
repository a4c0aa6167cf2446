// The command line: `warpweave <command>`.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { packageRoot } from "../frontend/paths.ts";
import { addBench } from "./commands/bench.ts";
import { addCheck } from "./commands/check.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addGenerate } from "./commands/generate.ts";
import { addList } from "./commands/list.ts";
import { addRun } from "./commands/run.ts";
import { addShow } from "./commands/show.ts";
import { addTune } from "./commands/tune/index.ts";
import { main as runProcess, runReported } from "./errors.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

const examples = `
Examples:
  $ warpweave list
  $ warpweave show deform_conv2d
  $ warpweave generate ./my_op.ts --out kernels
  $ warpweave run roi_align --inputs in.npz --attr output_size=7,7 --out out.npz
  $ warpweave check deform_conv2d --target wgsl,cuda
  $ warpweave bench deform_conv2d
  $ warpweave doctor

\`warpweave <command> --help\` tells more. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
Refused is an operator, an attribute or a file that is wrong; wrong usage an option that is not
there, or a target, peer, preset, shape or count that an option cannot be.`;

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(resolve(packageRoot, "package.json"), "utf8"));
  return String(version);
}

/** The program with all its commands. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command("warpweave")
    .description(
      "One declaration of a sampling operator becomes matched CUDA, WGSL, WebAssembly, C, JavaScript " +
        "and gpu.js kernels.",
    )
    .version(readVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText("after", examples)
    // Both before the commands are added, which inherit them.
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  for (const add of [addList, addShow, addGenerate, addRun, addCheck, addBench, addTune, addDoctor])
    add(program, terminal);
  return program;
}

/** Runs one command line to its end; the exit code it means. */
export function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const run = () => createProgram(terminal).parseAsync([...args], { from: "user" });
  return runReported(run, terminal.err);
}

/** The process' own command line. */
export const main = (): Promise<void> =>
  runProcess(() => createProgram(processTerminal).parseAsync());

// Also run directly, as the package's scripts do.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main();
