// One execution as plain data: which buffers, with which bytes, and which launches on them. All
// sizes are known and all mistakes of the caller found before anything is built or allocated.

import { evaluateFormula } from "../contract/formula.ts";
import {
  type CompleteJob,
  completeJob,
  createArray,
  isLeftOut,
  type Numbers,
} from "../contract/job.ts";
import type { Data, DType, Entry, FillStep, Job, LaunchStep } from "../contract/program.ts";
import { listRuns } from "../contract/turns.ts";

/** A buffer of the plan; without content it holds NaN bytes until a kernel or a fill writes it. */
export interface PlannedBuffer {
  readonly name: string;
  readonly dtype: DType;
  readonly elements: number;
  readonly content?: Data;
}

/** Writes a whole buffer from the host, or launches a kernel. */
export type PlannedStep =
  | { readonly kind: "write"; readonly buffer: number; readonly content: Data }
  | {
      readonly kind: "launch";
      readonly function: string;
      readonly groups: number;
      readonly group: number;
      readonly args: readonly PlannedArg[];
    };

/** An argument of a kernel: a buffer by its position in the plan, or a number. */
export type PlannedArg =
  | { readonly letter: "p"; readonly buffer: number }
  | { readonly letter: "i" | "f"; readonly value: number };

/** Everything a device needs to be told, in order. */
export interface Plan {
  readonly entry: string;
  /** What fixes the entry's constants when its kernels are built. */
  readonly macros: Readonly<Record<string, string>>;
  readonly buffers: readonly PlannedBuffer[];
  readonly steps: readonly PlannedStep[];
  /** Positions of the buffers to read back. */
  readonly outputs: readonly number[];
}

/** Runs plans with the kernels of one build. */
export interface KernelRunner {
  /** The device's name and its driver. */
  describe(): Promise<{ readonly device: string; readonly driver: string }>;
  /** Runs a plan and gives its outputs by name. */
  run(plan: Plan): Promise<Record<string, Data>>;
}

// What every CUDA device since compute capability 3.0 allows.
const limits = { group: 1024, groups: 2 ** 31 - 1, sharedBytes: 48 * 1024 } as const;

/** The plan of one job; throws one clear sentence where the job does not fit the entry or CUDA. */
export function planJob(whole: Entry, job: Job): Plan {
  const complete = completeJob(whole, job);
  const { entry, scalars, constants } = complete;
  const buffers = planBuffers(complete);
  const steps: PlannedStep[] = [];
  for (const { step, scalars: own } of listRuns(entry, entry.steps, scalars)) {
    if (isLeftOut(step, constants)) continue;
    if (step.kind === "fill") steps.push(planFill(entry, step, buffers));
    else {
      const launch = planLaunch(entry, step, buffers, own);
      if (launch) steps.push(launch);
    }
  }
  const outputs = buffers.flatMap(({ name }, at) =>
    entry.tensors.some((tensor) => tensor.name === name && tensor.role === "output") ? [at] : [],
  );
  const macros = Object.entries(constants).map(([name, value]) => [name, String(value)]);
  return { entry: entry.name, macros: Object.fromEntries(macros), buffers, steps, outputs };
}

function planBuffers({ sizes, inputs, initial }: CompleteJob): PlannedBuffer[] {
  return [...sizes].map(([name, size]) => {
    const content = inputs[name] ?? initial[name];
    return { name, ...size, ...(content ? { content } : {}) };
  });
}

function planFill(entry: Entry, step: FillStep, buffers: readonly PlannedBuffer[]): PlannedStep {
  const buffer = findBuffer(entry, step.buffer, buffers);
  const { dtype, elements } = buffers[buffer]!;
  // Zero is the same bits in every dtype; other halves would have to be encoded.
  if (dtype === "f16" && !Object.is(step.value, 0))
    throw new RangeError(`${entry.name}: an f16 buffer can be filled with 0, not ${step.value}.`);
  return { kind: "write", buffer, content: createArray(dtype, elements).fill(step.value) };
}

function planLaunch(
  entry: Entry,
  step: LaunchStep,
  buffers: readonly PlannedBuffer[],
  names: Numbers,
): PlannedStep | undefined {
  const where = `${entry.name}: the launch of ${step.function}`;
  const groups = evaluateFormula(step.groups, names);
  if (!Number.isInteger(groups) || groups < 0 || groups > limits.groups)
    throw new RangeError(`${where} needs ${groups} blocks; CUDA allows 0 to ${limits.groups}.`);
  if (!Number.isInteger(step.group) || step.group < 1 || step.group > limits.group)
    throw new RangeError(
      `${where} has ${step.group} threads a block; CUDA allows 1 to ${limits.group}.`,
    );
  if (step.sharedBytes > limits.sharedBytes)
    throw new RangeError(
      `${where} uses ${step.sharedBytes} bytes of shared memory; ` +
        `CUDA allows ${limits.sharedBytes} for static arrays.`,
    );
  if (groups === 0) return undefined;
  const args: PlannedArg[] = step.buffers.map(({ name }) => ({
    letter: "p",
    buffer: findBuffer(entry, name, buffers),
  }));
  for (const name of step.scalars) args.push(planScalar(entry, name, names));
  return { kind: "launch", function: step.function, groups, group: step.group, args };
}

function planScalar(entry: Entry, name: string, names: Numbers): PlannedArg {
  const type = entry.scalars.find((scalar) => scalar.name === name)?.type ?? "i32";
  return { letter: type === "f32" ? "f" : "i", value: names[name]! };
}

function findBuffer(entry: Entry, name: string, buffers: readonly PlannedBuffer[]): number {
  const at = buffers.findIndex((buffer) => buffer.name === name);
  if (at < 0) throw new Error(`${entry.name}: a step uses ${name}, which is no buffer of it.`);
  return at;
}
