// From operators to everything in the folder `generated`, as texts by path.

import { adaptOperator, adaptPackage } from "./adapters/tfjs/index.ts";
import {
  type ChosenSchedule,
  type Compiled,
  compileKernels,
  type OperatorSource,
} from "./compile.ts";
import { describeSignature } from "./emit/signature.ts";
import type { Binary, Target } from "./emit/target.ts";
import type { Files } from "./emit/write.ts";
import { describeGradients, gradientsOn } from "./gradients.ts";
import type { Kernel } from "./ir/kernel.ts";
import { abiVersion, fingerprint } from "./manifest/abi.ts";
import { formatJson, formatManifest } from "./manifest/json.ts";
import {
  describeOperator,
  type EmittedUnit,
  type Manifest,
  type ManifestOperator,
} from "./manifest/manifest.ts";
import { indexModules } from "./manifest/modules.ts";
import { manifestSchema } from "./manifest/schema.ts";
import { entryName } from "./schedule/lower.ts";
import { storedName } from "./schedule/storage.ts";

/** Which schedule an operator has on a target; several where data are stored in several ways. */
export type ChooseSchedule = (
  operator: OperatorSource,
  target: Target,
) => ChosenSchedule | readonly ChosenSchedule[];

/** Gradients that a target has no kernel for. */
export interface Left {
  readonly operator: string;
  readonly target: string;
  readonly gradients: readonly string[];
}

/** What is to be written to the folder `generated`. */
export interface Generated {
  /** Texts by path below the output folder, in the order of their paths. */
  readonly files: ReadonlyMap<string, string>;
  /** The files of bytes that are made of some of them. */
  readonly binaries: readonly Binary[];
  readonly manifest: Manifest;
  /** Gradients that are left out: they add to elements that an index chooses, and the target cannot. */
  readonly left: readonly Left[];
}

const json = (value: unknown): string => `${formatJson(value)}\n`;

/** The files of an operator's forward kernel on a target. */
function compileForward(
  operator: OperatorSource,
  target: Target,
  schedule: ChosenSchedule,
): EmittedUnit {
  const { name, variants, kernel } = operator;
  if (variants.length === 0) throw new Error(`${name} ships no variant.`);
  const kernels = variants.map((present) => kernel(present));
  return describeUnit(operator, compileKernels(operator, kernels, target, schedule), kernels);
}

/** The files of its gradients, if there are any. */
function compileBackward(
  operator: OperatorSource,
  target: Target,
  schedule: ChosenSchedule,
): { readonly units: readonly EmittedUnit[]; readonly left: readonly Left[] } {
  const { whole, kernels, left: gradients } = gradientsOn(operator, target);
  const left =
    gradients.length > 0 ? [{ operator: operator.name, target: target.name, gradients }] : [];
  if (kernels.length === 0) return { units: [], left };
  const declared = { ...operator, doc: describeGradients(operator, kernels) };
  const compiled = compileKernels(declared, kernels, target, schedule);
  return { units: [describeUnit(operator, compiled, whole)], left };
}

const describeUnit = (
  operator: OperatorSource,
  compiled: Compiled,
  whole: readonly Kernel[],
): EmittedUnit => ({
  ...compiled,
  whole: {
    kernels: new Map(
      whole.map((kernel) => [storedName(entryName(kernel), compiled.printed.storage), kernel]),
    ),
    signature: describeSignature(operator, whole),
  },
});

/** All files of some operators on some targets, with the manifest, its schema and the ABI's fingerprint. */
export function generateAll(
  operators: readonly OperatorSource[],
  targets: readonly Target[],
  choose: ChooseSchedule,
): Generated {
  const files = new Map<string, string>();
  const described: Record<string, ManifestOperator> = {};
  const left: Left[] = [];
  const binaries: Binary[] = [];
  for (const operator of operators) {
    if (described[operator.name])
      throw new Error(
        `Two declarations are called ${operator.name}; an operator's name is its own.`,
      );
    const forward: EmittedUnit[] = [];
    const backward: EmittedUnit[] = [];
    for (const target of targets) {
      for (const schedule of [choose(operator, target)].flat()) {
        forward.push(compileForward(operator, target, schedule));
        const gradients = compileBackward(operator, target, schedule);
        backward.push(...gradients.units);
        left.push(...gradients.left);
      }
    }
    const units = [...forward, ...backward];
    for (const { target, files: own } of units) binaries.push(...(target.binaries?.(own) ?? []));
    const texts = [
      ...units.flatMap((unit) => [...unit.files]),
      ...adaptOperator(units.filter(({ printed }) => printed.storage === undefined)),
    ];
    for (const [path, text] of texts) {
      if (files.has(path)) throw new Error(`Two kernels would be written to ${path}.`);
      files.set(path, text);
    }
    described[operator.name] = describeOperator(operator, units);
  }
  const manifest: Manifest = {
    $schema: "./manifest.schema.json",
    license: "MIT-0",
    generator: "warpweave",
    abi: abiVersion,
    operators: described,
  };
  for (const [path, text] of indexModules(manifest)) {
    if (files.has(path)) throw new Error(`${path} is the index; no operator can be called so.`);
    files.set(path, text);
  }
  for (const [path, text] of adaptPackage(manifest, (path) => files.has(path)))
    files.set(path, text);
  files.set("manifest.json", formatManifest(manifest));
  files.set("manifest.schema.json", json(manifestSchema));
  files.set("abi.json", json({ abi: abiVersion, fingerprint: fingerprint(manifest) }));
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { files: new Map(sorted), binaries, manifest, left };
}

/**
 * All files in the order of their paths, with the bytes that are made of texts; the texts themselves, which are much
 * longer, only where `texts` asks for them.
 */
export async function makeBinaries(
  { files, binaries }: Pick<Generated, "files" | "binaries">,
  texts = false,
): Promise<Files> {
  const all = new Map<string, string | Uint8Array>(files);
  for (const { path, from, make } of binaries) all.set(path, await make(files.get(from)!));
  if (!texts) for (const { from } of binaries) all.delete(from);
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
