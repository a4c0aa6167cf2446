// One execution as plain data: which buffers, with which bytes, and which launches on them. All
// sizes are known and all mistakes of the caller found before anything is built or allocated.

import { evaluateFormula } from "../contract/formula.ts";
import type { Data, DType, Entry, FillStep, Job, LaunchStep } from "../contract/program.ts";

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

type Numbers = Readonly<Record<string, number>>;

const arrayTypes = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
  f16: Uint16Array, // the bits of its halves
} as const;

// What every CUDA device since compute capability 3.0 allows.
const limits = { group: 1024, groups: 2 ** 31 - 1, sharedBytes: 48 * 1024 } as const;
const maxInt = 2 ** 31 - 1;

/** A host array for a dtype, filled with zeros. */
export function createArray(dtype: DType, elements: number): Data {
  return new arrayTypes[dtype](elements);
}

/** Macros that fix an entry's constants: the job's choices, defaults elsewhere. */
export function planMacros(entry: Entry, chosen: Numbers = {}): Record<string, string> {
  for (const name of Object.keys(chosen))
    if (!entry.constants.some((constant) => constant.name === name))
      throw new RangeError(
        `${entry.name} has no constant ${name}; it has ${list(entry.constants)}.`,
      );
  const macros: Record<string, string> = {};
  for (const constant of entry.constants) {
    const value = chosen[constant.name] ?? constant.default;
    if (!Number.isInteger(value) || Math.abs(value) > maxInt)
      throw new RangeError(
        `${entry.name}: the constant ${constant.name} is ${value}; it must be a 32-bit integer.`,
      );
    macros[constant.name] = String(value);
  }
  return macros;
}

/** The plan of one job; throws one clear sentence where the job does not fit the entry. */
export function planJob(entry: Entry, job: Job): Plan {
  const names = completeScalars(entry, job.scalars);
  const buffers = planBuffers(entry, job.inputs, names);
  const steps: PlannedStep[] = [];
  for (const step of entry.steps) {
    if (step.kind === "fill") steps.push(planFill(entry, step, buffers));
    else {
      const launch = planLaunch(entry, step, buffers, names);
      if (launch) steps.push(launch);
    }
  }
  const outputs = buffers.flatMap(({ name }, at) =>
    entry.tensors.some((tensor) => tensor.name === name && tensor.role === "output") ? [at] : [],
  );
  return { entry: entry.name, buffers, steps, outputs };
}

function completeScalars(entry: Entry, given: Numbers): Numbers {
  const names: Record<string, number> = { ...given };
  for (const { name, is } of entry.sizes) {
    const value = evaluateFormula(is, names);
    const asked = names[name];
    if (asked !== undefined && asked !== value)
      throw new RangeError(`${entry.name}: ${name} is ${asked}, but ${is} gives ${value}.`);
    names[name] = value;
  }
  return names;
}

function planBuffers(entry: Entry, inputs: Job["inputs"], names: Numbers): PlannedBuffer[] {
  const wanted = entry.tensors.filter(({ role }) => role === "input");
  for (const name of Object.keys(inputs))
    if (!wanted.some((tensor) => tensor.name === name))
      throw new Error(`${entry.name} takes no tensor ${name}; it takes ${list(wanted)}.`);
  const tensors = entry.tensors.map(({ name, role, dtype, shape }): PlannedBuffer => {
    const elements = shape.reduce((product, size) => product * evaluateFormula(size, names), 1);
    checkCount(entry, name, elements);
    if (role === "output") return { name, dtype, elements };
    const content = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (!content) throw new Error(`${entry.name} needs the tensor ${name}, which was not given.`);
    const type = arrayTypes[dtype];
    if (!(content instanceof type))
      throw new TypeError(
        `${entry.name}: ${name} is a ${content.constructor.name}; ${dtype} takes a ${type.name}.`,
      );
    if (content.length !== elements)
      throw new RangeError(
        `${entry.name}: ${name} has ${content.length} elements; ` +
          `its shape (${shape.join(", ")}) has ${elements}.`,
      );
    return { name, dtype, elements, content };
  });
  const workspaces = entry.workspaces.map(({ name, dtype, elements: formula }): PlannedBuffer => {
    const elements = evaluateFormula(formula, names);
    checkCount(entry, name, elements);
    return { name, dtype, elements };
  });
  return [...tensors, ...workspaces];
}

function checkCount(entry: Entry, name: string, elements: number): void {
  if (!Number.isInteger(elements) || elements < 0)
    throw new RangeError(`${entry.name}: ${name} would have ${elements} elements.`);
  if (elements > maxInt)
    throw new RangeError(
      `${entry.name}: ${name} would have ${elements} elements; ` +
        `kernels index with 32-bit integers, up to ${maxInt}.`,
    );
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
  const value = Object.hasOwn(names, name) ? names[name] : undefined;
  if (value === undefined) throw new Error(`${entry.name}: no value for the scalar ${name}.`);
  const type = entry.scalars.find((scalar) => scalar.name === name)?.type ?? "i32";
  if (type === "f32") return { letter: "f", value };
  if (!Number.isInteger(value) || value > maxInt || value < -maxInt - 1)
    throw new RangeError(`${entry.name}: ${name} is ${value}; it must be a 32-bit integer.`);
  return { letter: "i", value };
}

function findBuffer(entry: Entry, name: string, buffers: readonly PlannedBuffer[]): number {
  const at = buffers.findIndex((buffer) => buffer.name === name);
  if (at < 0) throw new Error(`${entry.name}: a step uses ${name}, which is no buffer of it.`);
  return at;
}

function list(named: readonly { readonly name: string }[]): string {
  return named.length > 0 ? named.map(({ name }) => name).join(", ") : "none";
}
