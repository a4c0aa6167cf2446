// Gradients of layers beside their forward pass, on every target and with every way of adding, in one run; and
// the memory that both need.

import { closeAll, formatDevice, type Opened, openAll } from "../../generators/cli/executors.ts";
import { otherLowerings } from "../../generators/cli/lowerings.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { formatTable, formatTime } from "../../generators/cli/terminal.ts";
import { type ChosenSchedule, compileKernels, scheduleOn } from "../../generators/compile.ts";
import { describeSignature } from "../../generators/emit/signature.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { gradientsOn } from "../../generators/gradients.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import type { Data, Device, Job } from "../../targets/contract/program.ts";
import { resolve } from "../../targets/js/runtime.js";
import { targets, targetsByName } from "../../targets/registry.ts";
import { drawTensors, type Layer, nameLayer } from "../layer.ts";
import { measure, type Timing, usualEffort } from "../measure.ts";
import { formatMemory, measureMemory, networkLayers } from "../memory.ts";
import type { Outcome, Suite } from "../suite.ts";
import { chooseTimed } from "../timed.ts";

/** A small layer, and one of ResNet's sizes. */
const layers: readonly Layer[] = [
  { N: 1, C: 16, H: 28, W: 28, O: 16, K: 3 },
  { N: 1, C: 64, H: 28, W: 28, O: 64, K: 3 },
];

/** What a wrong kernel exceeds by far, as a part of the largest gradient; `check --grad` has the sharp bounds. */
const allowed = 2 ** -10;

/** One way of computing gradients on a target. */
interface Row {
  readonly target: string;
  readonly device: Device;
  /** How threads add to elements that data choose. */
  readonly adding: string;
  readonly gradients: readonly string[];
  readonly forward: Timing;
  readonly backward: Timing;
  /** How many times as long as the forward pass. */
  readonly ratio: number;
  /** The greatest difference from the first row's gradients, as a part of the largest. */
  readonly difference: number;
}

export const backward: Suite = {
  name: "backward",
  doc: "deform_conv2d, gradients beside the forward pass on every target; workspaces of both",
  async run(tell) {
    const operator = openOperator("deform_conv2d");
    const machine = await openAll(targets);
    try {
      const { timed, notes } = chooseTimed(machine);
      const results = [];
      for (const layer of layers)
        results.push({ layer, rows: await runLayer(operator, timed, layer, notes, tell) });
      const { js, wgsl, cuda } = targetsByName;
      const memory = measureMemory(operator, [js, wgsl, cuda]);
      return report(results, memory, [...new Set(notes)]);
    } finally {
      await closeAll(machine);
    }
  },
};

interface Contestant extends Pick<Row, "target" | "device" | "adding" | "gradients"> {
  readonly forward: () => Promise<Readonly<Record<string, Data>>>;
  readonly backward: () => Promise<Readonly<Record<string, Data>>>;
}

async function runLayer(
  operator: Operator,
  opened: readonly Opened[],
  layer: Layer,
  notes: string[],
  tell: (line: string) => void,
): Promise<readonly Row[]> {
  const contestants = opened.flatMap((one) => prepare(operator, one, layer, notes));
  tell(`${nameLayer(layer)}: comparing ${contestants.length} implementations`);
  const expected = await contestants[0]!.backward();
  const differences: number[] = [];
  for (const one of contestants)
    differences.push(compareGradients(nameOf(one), await one.backward(), expected));
  const tasks = contestants.flatMap((one) => [
    { name: `${nameOf(one)}, forward`, run: one.forward },
    { name: `${nameOf(one)}, backward`, run: one.backward },
  ]);
  let last = -1;
  const timings = await measure(tasks, usualEffort, (_, round) => {
    if (round > last) tell(`${nameLayer(layer)}: round ${round + 1} of ${usualEffort.rounds}`);
    last = round;
  });
  return contestants.map(({ target, device, adding, gradients }, i): Row => {
    const [forward, backward] = [timings[2 * i]!, timings[2 * i + 1]!];
    const ratio = backward.median / forward.median;
    return {
      target,
      device,
      adding,
      gradients,
      forward,
      backward,
      ratio,
      difference: differences[i]!,
    };
  });
}

const nameOf = ({ target, device, adding }: Contestant): string =>
  `${target} on ${device.device}, ${adding}`;

/** The kernels that ship for a target, then those with other ways of adding. */
function prepare(
  operator: Operator,
  { target, executor }: Opened,
  { N, C, H, W, O, K }: Layer,
  notes: string[],
): readonly Contestant[] {
  const tensors = drawTensors({ N, C, H, W, O, K });
  const shapes = { input: [N, C, H, W], offset: [N, 2 * K * K, H, W], weight: [O, C, K, K] };
  const signature = describeSignature(operator, [operator.kernel([])]);
  const { scalars } = resolve(signature, shapes, { padding: K >> 1 });
  const grad_output = Float32Array.from({ length: N * O * H * W }, (_, i) => Math.sin(i * 0.7));
  const run = (kernels: readonly Kernel[], schedule: ChosenSchedule, job: Job) => {
    const [program] = compileKernels(operator, kernels, target, schedule).programs;
    return () => executor.run(program!, job);
  };
  const shipped = scheduleOn(target);
  const forward = run([operator.kernel([])], shipped, { inputs: { ...tensors }, scalars });
  const { kernels, left } = gradientsOn({ ...operator, variants: [[]] }, target);
  if (left.length > 0) notes.push(`${target.name} has no ${left.join(", ")}, so it computes less`);
  const inputs = { ...tensors, grad_output };
  const contestant = (adding: string, schedule: ChosenSchedule): Contestant => ({
    target: target.name,
    device: executor.device,
    adding,
    gradients: kernels[0]!.outputs,
    forward,
    backward: run(kernels, schedule, { inputs, scalars }),
  });
  const others = otherLowerings(kernels, target).flatMap(({ by, schedule }) => {
    if (!("refused" in schedule)) return [contestant(by, schedule)];
    notes.push(`${target.name}, ${by}: ${schedule.refused}`);
    return [];
  });
  const usual = left.length > 0 ? "gathers only" : target.capabilities.groups ? "atomic" : "plain";
  return [contestant(usual, shipped), ...others];
}

/** The greatest difference, as a part of the largest number of each gradient; more than allowed ends the suite. */
export function compareGradients(
  name: string,
  got: Readonly<Record<string, Data>>,
  expected: Readonly<Record<string, Data>>,
): number {
  let worst = 0;
  if (Object.keys(got).length === 0) throw new Error(`${name} gives no gradients`);
  for (const [gradient, values] of Object.entries(got)) {
    const others = expected[gradient];
    if (others?.length !== values.length)
      throw new Error(`${name} gives ${values.length} numbers of ${gradient}`);
    let largest = 0;
    for (const value of others) largest = Math.max(largest, Math.abs(value));
    if (!(largest > 0)) throw new Error(`all of ${gradient} is 0`);
    for (const [i, value] of values.entries()) {
      const difference = Math.abs(value - others[i]!) / largest;
      // NaN is not within any bound.
      if (!(difference <= allowed))
        throw new Error(`${name}: ${gradient}[${i}] is ${value} and not ${others[i]}`);
      worst = Math.max(worst, difference);
    }
  }
  return worst;
}

function report(
  results: readonly { readonly layer: Layer; readonly rows: readonly Row[] }[],
  memory: ReturnType<typeof measureMemory>,
  notes: readonly string[],
): Outcome {
  const head = ["target", "device", "additions", "forward", "backward", "ratio", "difference"];
  const tables = results.map(({ layer, rows }) => {
    const lines = rows.map((row) => [
      row.target,
      row.device.device,
      row.adding,
      formatTime(row.forward.median * 1000),
      formatTime(row.backward.median * 1000),
      `${row.ratio.toFixed(2)} ×`,
      row.difference.toExponential(1),
    ]);
    const align = ["left", "left", "left", "right", "right", "right", "right"] as const;
    return `${nameLayer(layer)}\n\n${formatTable(lines, { head, align })}`;
  });
  const said = notes.map((note) => `${note}\n`).join("");
  const devices = (results[0]?.rows ?? []).map((row) => row.device);
  const places = new Set(devices.map((d) => `${d.target}: ${formatDevice(d)}\n`));
  const where = [...places].join("");
  return {
    text: [...tables, formatMemory(memory), where + said].join("\n"),
    data: {
      results,
      memory: networkLayers.map((layer, i) => ({ ...layer, workspaces: memory[i] })),
      notes,
    },
  };
}
