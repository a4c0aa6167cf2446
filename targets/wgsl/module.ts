// A generated kernel as data that a program can import: its text with what the manifest says of it,
// and nothing of other kernels and targets.

import { evaluateFormula } from "../contract/formula.ts";
import type { Entry, Formula, TensorInfo } from "../contract/program.ts";
import type { Signature, Values, Variant } from "../contract/signature.ts";

type Dims = readonly (readonly string[])[];

/** A tensor or a result as the manifest describes it. */
interface Described {
  readonly name: string;
  readonly dims: Dims;
}

/** What is read of an operator in manifest.json. */
export interface DescribedOperator {
  readonly doc: string;
  readonly tensors: Signature["tensors"];
  readonly attributes: Signature["attrs"];
  readonly indices: Signature["indices"];
  readonly variants: readonly {
    readonly present: readonly string[];
    readonly demands: readonly { readonly holds: Formula; readonly otherwise: string }[];
  }[];
  readonly kernels: Readonly<Record<string, DescribedKernel>>;
}

/** What is read of a kernel of an operator. */
interface DescribedKernel {
  readonly tensors: Signature["tensors"];
  readonly outputs: readonly Described[];
  readonly targets: Readonly<Record<string, { readonly entries: readonly Entry[] }>>;
}

/** What is read of manifest.json. */
export interface DescribedKernels {
  readonly operators: Readonly<Record<string, DescribedOperator>>;
}

/**
 * A kernel to open on a device: what `warpweave/webgpu/<operator>` holds. The types of its calls come
 * with the modules of the package; of others all names are taken, and what does not fit is said.
 */
export interface KernelModule<Tensors = never, Attributes = never, Results = never> {
  /** The operator, with the kernel's role where that is not forward: `conv2d_backward`. */
  readonly name: string;
  readonly operator: Omit<DescribedOperator, "kernels">;
  readonly kernel: Omit<DescribedKernel, "targets">;
  readonly entries: readonly Entry[];
  /** The WGSL text. */
  readonly source: string;
  /** Of no value: what the compiler knows of its calls. */
  readonly call?: (tensors: Tensors, attributes: Attributes) => Results;
}

/** Which kernel of a manifest is meant. */
export interface KernelChoice {
  /** "forward" by default. */
  readonly role?: string;
  /** "wgsl" by default; `wgsl_f16` where data are stored in 16 bits. */
  readonly target?: string;
}

/** An operator's kernel from manifest.json and the WGSL text beside it, as for operators of one's own. */
export function describeKernel(
  manifest: DescribedKernels,
  operator: string,
  source: string,
  { role = "forward", target = "wgsl" }: KernelChoice = {},
): KernelModule<LooseTensors, LooseAttributes, LooseResults> {
  const { kernels, ...described } = choose(
    manifest.operators,
    operator,
    "The manifest",
    "operator",
  );
  const { targets, ...kernel } = choose(kernels, role, operator, "kernel");
  const { entries } = choose(targets, target, `The ${role} kernel of ${operator}`, "target");
  const name = role === "forward" ? operator : `${operator}_${role}`;
  return { name, operator: described, kernel, entries, source };
}

/** Tensors whose names and shapes are checked when a kernel is called. */
export type LooseTensors = Readonly<
  Record<
    string,
    { readonly data: ArrayLike<number>; readonly shape: readonly number[] } | undefined
  >
>;

/** Attributes that are checked when a kernel is called. */
export type LooseAttributes = Readonly<Record<string, unknown>>;

/** The results of a kernel, by name. */
export type LooseResults = Readonly<
  Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>
>;

function choose<T>(all: Readonly<Record<string, T>>, name: string, owner: string, what: string): T {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(all).join(", ") || "none";
  throw new RangeError(`${owner} has no ${what} ${name}; it has ${names}.`);
}

const namesIn = (formula: Formula): readonly string[] => formula.match(/[A-Za-z_]\w*/g) ?? [];

function describeVariant(module: Omit<KernelModule, "call">, entry: Entry): Variant {
  const { operator, kernel } = module;
  const { present, tensors, scalars, sizes, bounds = [] } = entry;
  const derived = new Set(sizes.map(({ name }) => name));
  const demands =
    operator.variants.find((one) => one.present.join(" ") === present.join(" "))?.demands ?? [];
  const given = new Set(scalars.flatMap(({ name, from }) => (from === "size" ? [name] : [])));
  const isSize = (name: string): boolean => given.has(name) || derived.has(name);
  const declared = [...operator.tensors, ...kernel.tensors, ...kernel.outputs];
  const axes = new Set(declared.flatMap(({ dims }) => dims.flat()));
  return {
    present,
    outputs: tensors.filter(({ role }) => role === "output").map(({ name }) => name),
    // Others say how the work is cut up. An axis of a tensor that is not given is none of the launch's numbers.
    axes: sizes
      .filter(({ name }) => given.has(name) || axes.has(name))
      .map(({ name, is }) => ({
        axis: name,
        size: (values: Values) => evaluateFormula(is, values),
        early: !namesIn(is).some(isSize),
      })),
    demands: demands.map(({ holds, otherwise }) => ({
      holds: (values) => evaluateFormula(holds, values),
      formula: holds,
      otherwise,
      early: !namesIn(holds).some((name) => derived.has(name)),
    })),
    bounds: bounds.map((formula) => (values) => evaluateFormula(formula, values)),
  };
}

/** The axes that may be empty: those by which results are batches, and those that an index chooses from. */
function findBatches(
  { operator, kernel, entries }: Pick<KernelModule, "operator" | "kernel" | "entries">,
  isResult: (name: string) => boolean,
): readonly string[] {
  const used = new Set(entries.flatMap((entry) => entry.tensors.map(({ name }) => name)));
  const all: readonly Described[] = [
    ...[...operator.tensors, ...kernel.tensors].filter(({ name }) => used.has(name)),
    ...kernel.outputs,
  ];
  const firsts = all.filter(({ name }) => isResult(name)).map(({ dims: [first = []] }) => first);
  const inside = all.flatMap(({ dims: [first = [], ...rest] }) => [
    ...(first.length > 1 ? first : []),
    ...rest.flat(),
  ]);
  const chosen = operator.indices.map(({ axis }) => axis);
  const axes = [...firsts.flatMap((first) => (first.length === 1 ? first : [])), ...chosen];
  return [...new Set(axes)].filter((axis) => !/^\d/.test(axis) && !inside.includes(axis));
}

/** How a kernel is called, with its rules as functions: what `resolve` checks calls by. */
export function signatureOf(module: Omit<KernelModule, "call">): Signature {
  const { name, operator, kernel, entries } = module;
  const own = new Set(operator.tensors.map((tensor) => tensor.name));
  const isOutput = new Set(kernel.outputs.map((output) => output.name));
  // The gradient of a result is given, and has its axes.
  const isResult = (tensor: string): boolean => isOutput.has(tensor) || !own.has(tensor);
  return {
    operator: name,
    doc: operator.doc,
    tensors: [...operator.tensors, ...kernel.tensors],
    attrs: operator.attributes,
    indices: operator.indices,
    outputs: kernel.outputs,
    batches: findBatches(module, isResult),
    variants: entries.map((entry) => describeVariant(module, entry)),
  };
}

/** The tensors of an entry that are given, or that it gives. */
export const tensorsOf = (entry: Entry, role: TensorInfo["role"]): readonly TensorInfo[] =>
  entry.tensors.filter((tensor) => tensor.role === role);
