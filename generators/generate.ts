// From operators to everything in the folder `generated`, as texts by path.

import { type ChosenSchedule, compileKernels, type OperatorSource } from "./compile.ts";
import type { Target } from "./emit/target.ts";
import type { Kernel } from "./ir/kernel.ts";
import { abiVersion, fingerprint } from "./manifest/abi.ts";
import { formatJson } from "./manifest/json.ts";
import { describeOperator, type Manifest, type ManifestOperator } from "./manifest/manifest.ts";
import { manifestSchema } from "./manifest/schema.ts";

/** Which schedule an operator has on a target. */
export type ChooseSchedule = (operator: OperatorSource, target: Target) => ChosenSchedule;

/** What is to be written to the folder `generated`. */
export interface Generated {
  /** Texts by path below the output folder, in the order of their paths. */
  readonly files: ReadonlyMap<string, string>;
  readonly manifest: Manifest;
}

/** What is generated beside the forward kernels. */
export interface GenerateOptions {
  /**
   * Further kernels made of a forward one for a target, such as its gradients; each role is a file of its own.
   */
  readonly derive?: (
    operator: OperatorSource,
    forward: Kernel,
    target: Target,
  ) => readonly Kernel[];
}

const json = (value: unknown): string => `${formatJson(value)}\n`;

/** The kernels of each role, in the order of the variants that ship; forward is the first. */
function kernelsByRole(
  operator: OperatorSource,
  target: Target,
  derive: GenerateOptions["derive"],
): readonly (readonly Kernel[])[] {
  const { name, variants, kernel } = operator;
  if (variants.length === 0) throw new Error(`${name} ships no variant.`);
  const forward = variants.map((present) => kernel(present));
  const roles = new Map<string, Kernel[]>();
  for (const one of [
    ...forward,
    ...(derive ? forward.flatMap((one) => derive(operator, one, target)) : []),
  ])
    roles.set(one.role, [...(roles.get(one.role) ?? []), one]);
  return [...roles.values()];
}

/** All files of some operators on some targets, with the manifest, its schema and the ABI's fingerprint. */
export function generateAll(
  operators: readonly OperatorSource[],
  targets: readonly Target[],
  choose: ChooseSchedule,
  { derive }: GenerateOptions = {},
): Generated {
  const files = new Map<string, string>();
  const described: Record<string, ManifestOperator> = {};
  for (const operator of operators) {
    if (described[operator.name])
      throw new Error(
        `Two declarations are called ${operator.name}; an operator's name is its own.`,
      );
    const units = targets.flatMap((target) =>
      kernelsByRole(operator, target, derive).map((kernels) =>
        compileKernels(operator, kernels, target, choose(operator, target)),
      ),
    );
    for (const [path, text] of units.flatMap((unit) => [...unit.files])) {
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
  files.set("manifest.json", json(manifest));
  files.set("manifest.schema.json", json(manifestSchema));
  files.set("abi.json", json({ abi: abiVersion, fingerprint: fingerprint(manifest) }));
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { files: new Map(sorted), manifest };
}
