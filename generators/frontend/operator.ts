// The front end: an operator's declaration, read and never executed.

import type { Kernel, TensorDecl } from "../ir/kernel.ts";
import { shownPath } from "./diagnostics.ts";
import { evaluateKernel } from "./kernel.ts";
import { type MetaData, readMeta } from "./meta.ts";
import { type Checked, checkFiles, type Input } from "./project.ts";
import { checkSample } from "./samples.ts";
import { readSignature } from "./signature.ts";

/** An operator as its author declared it. */
export interface Operator extends Omit<MetaData, "axes" | "demands" | "sampleNodes"> {
  readonly name: string;
  /** What the author says above the function. */
  readonly notes: string;
  /** The tensors in the order they are declared. */
  readonly tensors: readonly TensorDecl[];
  /** The axes that follow from others. */
  readonly derived: readonly string[];
  /** The file, absolute, and as it is shown in messages and generated files. */
  readonly path: string;
  readonly file: string;
  /** The forward kernel, given the optional tensors named. */
  kernel(present: readonly string[]): Kernel;
}

/** Reads the operator that a file declares; throws a DeclarationError for whatever is wrong with it. */
export const readOperator = (input: Input): Operator => readOperators([input])[0]!;

/** Reads several operators, which costs less than reading one after another: types are checked in one go. */
export const readOperators = (inputs: readonly Input[]): readonly Operator[] =>
  checkFiles(inputs).map(readChecked);

interface Known {
  readonly files: Checked["files"];
  readonly operator: Operator;
}

/** Operators by their files: what is made of a kernel is known by the kernel, which stays while no file changes. */
const known = new WeakMap<Checked["file"], Known>();

function readChecked(checked: Checked): Operator {
  const { file, files } = checked;
  const before = known.get(file);
  const isSame =
    before?.operator.file === shownPath(file.fileName) &&
    before.files.length === files.length &&
    before.files.every((each, i) => each === files[i]);
  const operator = isSame ? before.operator : readAnew(checked);
  known.set(file, { files, operator });
  return operator;
}

function readAnew(checked: Checked): Operator {
  const signature = readSignature(checked);
  const read = readMeta(checked.file, signature);
  const { axes, demands: _, sampleNodes, ...meta } = read;
  const declaration = { checked, signature, meta: read };
  const optional = signature.tensors.filter((t) => t.optional).map((t) => t.name);
  const kernels = new Map<string, Kernel>();
  const kernel = (present: readonly string[]): Kernel => {
    const unknown = present.find((name) => !optional.includes(name));
    if (unknown !== undefined)
      throw new RangeError(`${signature.name} has no optional tensor ${unknown}`);
    const given = optional.filter((name) => present.includes(name));
    const key = given.join(" ");
    const known = kernels.get(key) ?? evaluateKernel(declaration, given);
    kernels.set(key, known);
    return known;
  };
  const operator: Operator = {
    ...meta,
    name: signature.name,
    notes: signature.notes,
    tensors: signature.tensors,
    derived: axes.map((a) => a.axis),
    path: checked.file.fileName,
    file: shownPath(checked.file.fileName),
    kernel,
  };
  // Whatever is wrong is said at once, in every variant that ships and with nothing optional.
  for (const present of [[], ...meta.variants]) kernel(present);
  const shipped = (meta.variants.length > 0 ? meta.variants : [[]]).map(kernel);
  meta.samples.forEach((sample, i) => {
    checkSample({ sample, node: sampleNodes[i]! }, shipped);
  });
  return operator;
}
