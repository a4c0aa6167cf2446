// `bench`: how fast, beside others. What measures is in the project's folder `bench`, which is not installed.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import type { Terminal } from "../terminal.ts";
import { presetHelp, shapeHelp } from "../tuning/request.ts";

const examples = `
Examples:
  $ warpweave bench deform_conv2d
  $ warpweave bench deform_conv2d --preset square --target js --peers onnxruntime,im2col-js
  $ warpweave bench deform_conv2d --shape 1,64,56,56,64,3 --grad --threads 2 --json
  $ warpweave bench roi_align --out bench-results
  $ warpweave bench dcn_v3 --preset internimage --target c,wasm
  $ warpweave bench grid_sample --shape N=1,C=32,H=128,W=128,OH=128,OW=128 --grad

Peers are installed by \`npm --prefix bench/peers ci\` (ONNXRUNTIME_NODE_INSTALL=skip leaves out what
GPUs need); torchvision is that of the system's python3. All that compute are held against each other
first; one that disagrees is shown and not timed, and where it is ours the exit code is 1. --out also
draws a page.`;

/** What the folder \`bench\` exports. */
interface Bench {
  runBench(op: string, options: unknown, terminal: Terminal): Promise<void>;
}

/** Adds the command \`bench\`. */
export function addBench(program: Command, terminal: Terminal): void {
  program
    .command("bench")
    .description("times an operator on every target, beside other implementations")
    .argument("<operator>", "a name that `list` shows, or a file")
    .option("--target <names>", "only these targets, e.g. js,wgsl")
    .option("--shape <sizes...>", shapeHelp)
    .option("--preset <names...>", presetHelp)
    .option("--with <tensors>", "optional tensors, with commas")
    .option("--stride <number>", "of convolutions", "1")
    .option("--threads <number>", "CPU threads, for those who take several", "1")
    .option("--grad", "the forward pass and all gradients")
    .option("--accumulate <how>", "gradients whose threads add so: atomic, deterministic or owned")
    .option(
      "--tuned",
      "beside them, kernels with the schedules that `tune` found for the call here",
    )
    .option("--offsets <how>", "normal:2 (if none is given), uniform:40 (in pixels) or zero")
    .option("--peers <names>", "all, none, or names with commas", "all")
    .option("--runs <number>", "timed runs of each at least, in ten rounds", "20")
    .option("--against <peer>", "whose times are divided by the others' (the fastest library's)")
    .option("--node <flags>", "for all processes of Node, e.g. =--experimental-wasm-relaxed-simd")
    .option("--json", "print a line of JSON for each contender and shape")
    .option("--out <folder>", "write the results there, and a page that draws them")
    .addHelpText("after", examples)
    .action(async (op: string, options: unknown) => {
      const bench = await loadBench();
      await bench.runBench(op, options, terminal);
    });
}

/** Found by its address: what is imported by name would be part of the package. */
async function loadBench(): Promise<Bench> {
  const url = new URL("../../../bench/command.ts", import.meta.url);
  if (existsSync(url)) return (await import(url.href)) as Bench;
  throw new UserError(
    "bench runs in a checkout of the project, which has the peers' package and the baselines; " +
      "the installed package has neither",
  );
}
