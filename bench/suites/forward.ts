// The forward pass of layers: generated kernels and what others do, verified and timed side by side.

import { closeAll, formatDevice, type Opened, openAll } from "../../generators/cli/executors.ts";
import { compileProgram } from "../../generators/cli/kernels.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { formatTable, formatTime } from "../../generators/cli/terminal.ts";
import { describeSignature } from "../../generators/emit/signature.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import type { Device } from "../../targets/contract/program.ts";
import { resolve } from "../../targets/js/runtime.js";
import { targets } from "../../targets/registry.ts";
import {
  boundOf,
  countFlops,
  drawTensors,
  type Layer,
  nameLayer,
  type Peer,
  type Tensors,
} from "../layer.ts";
import { measure, type Timing, usualEffort } from "../measure.ts";
import { columnsPeer } from "../peers/columns.ts";
import { gpujsPeer } from "../peers/gpujs.ts";
import { naivePeer } from "../peers/naive.ts";
import type { Outcome, Suite } from "../suite.ts";
import { chooseTimed } from "../timed.ts";

/** A small layer, and two of ResNet's sizes. */
const layers: readonly Layer[] = [
  { N: 1, C: 16, H: 28, W: 28, O: 16, K: 3 },
  { N: 1, C: 64, H: 28, W: 28, O: 64, K: 3 },
  { N: 1, C: 64, H: 56, W: 56, O: 64, K: 3 },
];

/** The peer that others are compared with. */
const baseline = "im2col, plain JS";

/** One implementation's time on one layer. */
interface Row extends Timing {
  readonly device: Device | undefined;
  readonly gflops: number;
  /** How many times as long as the baseline. */
  readonly ratio: number;
  /** The greatest difference from the baseline's result, and what was allowed. */
  readonly difference: number;
  readonly allowed: number;
}

export const forward: Suite = {
  name: "forward",
  doc: "deform_conv2d, forward: the kernels that ship, on every target, and peers, as ratios",
  async run(tell) {
    const operator = openOperator("deform_conv2d");
    const machine = await openAll(targets);
    try {
      const { timed: opened, notes } = chooseTimed(machine);
      const results = [];
      for (const layer of layers)
        results.push({ layer, rows: await runLayer(operator, opened, layer, notes, tell) });
      return report(results, [...new Set(notes)]);
    } finally {
      await closeAll(machine);
    }
  },
};

type Contestant = Peer & { readonly device?: Device; close?(): Promise<void> };

async function runLayer(
  operator: Operator,
  opened: readonly Opened[],
  layer: Layer,
  notes: string[],
  tell: (line: string) => void,
): Promise<readonly Row[]> {
  const tensors = drawTensors(layer);
  const contestants: Contestant[] = [columnsPeer(layer, tensors), naivePeer(layer, tensors)];
  for (const mode of ["cpu", "gpu"] as const) {
    const peer = await gpujsPeer(mode, layer, tensors);
    if ("unavailable" in peer) notes.push(`gpu.js by hand: ${peer.unavailable}`);
    else contestants.push(peer);
  }
  for (const one of opened) contestants.push(prepareKernel(operator, one, layer, tensors));

  try {
    const expected = await contestants[0]!.run();
    const allowed = boundOf(layer, tensors);
    const differences = new Map<string, number>();
    tell(`${nameLayer(layer)}: verifying ${contestants.length} implementations`);
    for (const { name, run } of contestants)
      differences.set(name, verify(name, await run(), expected, allowed));
    let last = -1;
    const timings = await measure(contestants, usualEffort, (_, round) => {
      if (round > last) tell(`${nameLayer(layer)}: round ${round + 1} of ${usualEffort.rounds}`);
      last = round;
    });
    const base = timings.find(({ name }) => name === baseline)!.median;
    return timings.map((timing, i) => ({
      ...timing,
      device: contestants[i]!.device,
      gflops: countFlops(layer) / timing.median / 1e9,
      ratio: timing.median / base,
      difference: differences.get(timing.name)!,
      allowed,
    }));
  } finally {
    for (const { close } of contestants) await close?.();
  }
}

/** The generated kernel with its arrays; executors copy inputs to their device and results back. */
function prepareKernel(
  operator: Operator,
  { target, executor }: Opened,
  layer: Layer,
  { input, offset, weight }: Tensors,
): Contestant {
  const { N, C, H, W, O, K } = layer;
  const signature = describeSignature(operator, [operator.kernel([])]);
  const shapes = {
    input: [N, C, H, W],
    offset: [N, 2 * K * K, H, W],
    weight: [O, C, K, K],
  };
  const { scalars } = resolve(signature, shapes, { padding: K >> 1 });
  const program = compileProgram(operator, target.name, []);
  const job = { inputs: { input, offset, weight }, scalars };
  const { device } = executor;
  return {
    name: `warpweave ${target.name}, ${device.device}`,
    device,
    run: async () => (await executor.run(program, job)).output!,
  };
}

/** The greatest difference between two results; more than allowed ends the suite. */
export function verify(
  name: string,
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: number,
): number {
  if (got.length !== expected.length)
    throw new Error(`${name} gives ${got.length} numbers and ${baseline} ${expected.length}`);
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    // NaN stays: it is the largest of all to Math.max.
    worst = Math.max(worst, Math.abs(got[i]! - expected[i]!));
  }
  if (worst <= allowed) return worst;
  throw new Error(`${name} differs from ${baseline} by ${worst}; ${allowed} is allowed`);
}

function report(
  results: readonly { readonly layer: Layer; readonly rows: readonly Row[] }[],
  notes: readonly string[],
): Outcome {
  const head = ["implementation", "median", "rounds", "GFLOP/s", `of ${baseline}`, "difference"];
  const tables = results.map(({ layer, rows }) => {
    const lines = rows.map((row) => [
      row.name,
      formatTime(row.median * 1000),
      `${formatTime(row.fastest * 1000)} to ${formatTime(row.slowest * 1000)}`,
      row.gflops.toFixed(2),
      `${row.ratio.toFixed(2)} ×`,
      row.difference.toExponential(1),
    ]);
    const align = ["left", "right", "right", "right", "right", "right"] as const;
    return `${nameLayer(layer)}\n\n${formatTable(lines, { head, align })}`;
  });
  const said = notes.map((note) => `${note}\n`).join("");
  const devices = results[0]?.rows.flatMap(({ device }) => device ?? []) ?? [];
  const where = devices.map((d) => `${d.target}: ${formatDevice(d)}\n`).join("");
  return { text: [...tables, where + said].join("\n"), data: { results, notes } };
}
