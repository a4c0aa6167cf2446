// From operators to everything in the folder `generated`, as texts by path.

import type { Kernel, TensorDecl } from "../ir/kernel.ts";
import type { Plan } from "../ir/plan.ts";
import { abiVersion, fingerprint } from "../manifest/abi.ts";
import { formatJson } from "../manifest/json.ts";
import { describeUnit, type Manifest, type ManifestOperator } from "../manifest/manifest.ts";
import { manifestSchema } from "../manifest/schema.ts";
import { describeSignature } from "./signature.ts";
import type { Target } from "./target.ts";
import { frameUnit, printUnit, type Unit } from "./unit.ts";

/** An operator as the front end reads it. */
export interface OperatorSource {
  readonly name: string;
  readonly doc: string;
  readonly tensors: readonly TensorDecl[];
  /** Which choices of the optional tensors ship. */
  readonly variants: readonly (readonly string[])[];
  kernel(present: readonly string[]): Kernel;
}

/** A schedule that has been chosen: its name, and the plan it makes of a kernel. */
export interface ChosenSchedule {
  readonly name: string;
  readonly plan: (kernel: Kernel) => Plan;
}

/** Which schedule an operator has on a target. */
export type ChooseSchedule = (operator: OperatorSource, target: Target) => ChosenSchedule;

/** The unit of an operator's forward kernel on one target. */
export function makeUnit(operator: OperatorSource, schedule: ChosenSchedule): Unit {
  const kernels = operator.variants.map((present) => operator.kernel(present));
  const [first] = kernels;
  if (!first) throw new Error(`${operator.name} ships no variant.`);
  return {
    operator: operator.name,
    role: first.role,
    signature: describeSignature(operator, kernels),
    source: `${first.source.file}:${first.source.line}`,
    schedule: schedule.name,
    plans: kernels.map((kernel) => schedule.plan(kernel)),
  };
}

export interface Generated {
  /** Texts by path below the output folder, in the order of their paths. */
  readonly files: ReadonlyMap<string, string>;
  readonly manifest: Manifest;
}

const json = (value: unknown): string => `${formatJson(value)}\n`;

/**
 * All files of some operators on some targets, with the manifest, its schema and the ABI's fingerprint. `hash`
 * is that of the IR; with it the manifest says which kernels changed their meaning.
 */
export function generateAll(
  operators: readonly OperatorSource[],
  targets: readonly Target[],
  choose: ChooseSchedule,
  hash?: (kernel: Kernel) => string,
): Generated {
  const files = new Map<string, string>();
  const described: Record<string, ManifestOperator> = {};
  for (const operator of operators) {
    if (described[operator.name])
      throw new Error(
        `Two declarations are called ${operator.name}; an operator's name is its own.`,
      );
    const units = targets.map((target) => {
      const unit = makeUnit(operator, choose(operator, target));
      const printed = printUnit(unit, target);
      const framed = frameUnit(printed, target);
      for (const [path, text] of framed) files.set(path, text);
      return { target, printed, files: [...framed.keys()] };
    });
    const hashes = hash && operator.variants.map((present) => hash(operator.kernel(present)));
    described[operator.name] = describeUnit(operator, units, hashes);
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
