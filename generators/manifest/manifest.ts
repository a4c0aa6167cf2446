// What manifest.json says: everything that is needed to call a generated kernel, without the compiler.

import type { Narrow } from "../../targets/contract/half.ts";
import type { Entry, Formula } from "../../targets/contract/program.ts";
import type {
  Signature,
  SignatureAttr,
  SignatureTensor,
} from "../../targets/contract/signature.ts";
import type { PrintedUnit, Target } from "../emit/target.ts";
import { hashKernel } from "../ir/hash.ts";
import type { Bound, Kernel } from "../ir/kernel.ts";
import { describeTolerance, type Tolerance } from "./tolerance.ts";

/** A kernel on one target. */
export interface ManifestTarget {
  /** Paths beside the manifest; the first is the kernels' text. */
  readonly files: readonly string[];
  readonly schedule: string;
  /** What data are stored as, where that is not f32. */
  readonly storage?: Narrow;
  /** What was fixed when the kernels were built; they refuse other numbers. Absent where nothing was. */
  readonly bound?: Bound;
  /** Device features that must be enabled. */
  readonly features: readonly string[];
  /** The most that any launch needs of what devices limit; `buffers` are without the uniform block. */
  readonly needs: {
    readonly group: number;
    readonly sharedBytes: number;
    readonly buffers: number;
  };
  /** How far results may be from the exact ones. */
  readonly tolerance: Tolerance;
  readonly entries: readonly Entry[];
}

/** A result, as callers get it. */
export type ManifestOutput = Signature["outputs"][number];

/** One of an operator's kernels, on every target it was generated for. */
export interface ManifestKernel {
  /** What it takes beside the operator's tensors: the gradients of results, for backward. */
  readonly tensors: readonly SignatureTensor[];
  /** All results of any entry; an entry says which it gives. */
  readonly outputs: readonly ManifestOutput[];
  /** The hash of the meaning of each entry, by its name. */
  readonly ir: Readonly<Record<string, string>>;
  /** By name, with the type behind it where data are stored otherwise than as f32: `cuda`, `cuda_f16`. */
  readonly targets: Readonly<Record<string, ManifestTarget>>;
}

/** What must hold of a call, and what to say where it does not. */
export interface ManifestDemand {
  /** Over sizes, attributes such as `stride_y`, and the numbers of options' values such as `BORDER`. */
  readonly holds: Formula;
  /** `{C}` stands for a size, `{stride}` for an attribute, `{stride.y}` for a part of one. */
  readonly otherwise: string;
}

/** An operator: how it is called, and its kernels. */
export interface ManifestOperator {
  readonly doc: string;
  /** File and line of the declaration. */
  readonly source: string;
  readonly tensors: readonly SignatureTensor[];
  readonly attributes: readonly SignatureAttr[];
  /** Of the forward kernel. */
  readonly outputs: readonly ManifestOutput[];
  /** The tensors that the kernel `backward` gives gradients of, each as `grad_<tensor>`. */
  readonly differentiable: readonly string[];
  /** Columns of tensors that must hold indices of an axis. */
  readonly indices: readonly {
    readonly tensor: string;
    readonly column: number;
    readonly axis: string;
  }[];
  /** What must hold where these optional tensors are given, and what to say where it does not. */
  readonly variants: readonly {
    readonly present: readonly string[];
    readonly demands: readonly ManifestDemand[];
  }[];
  /** By role: `forward`, and `backward` where there are gradients. */
  readonly kernels: Readonly<Record<string, ManifestKernel>>;
}

/** All of manifest.json. */
export interface Manifest {
  readonly $schema: string;
  readonly license: string;
  readonly generator: string;
  /** The version (semver) of entry names, argument order, bindings and uniform layout. */
  readonly abi: string;
  readonly operators: Readonly<Record<string, ManifestOperator>>;
}

/** A unit as it was printed for a target. */
export interface EmittedUnit {
  readonly target: Target;
  readonly printed: PrintedUnit;
  readonly files: ReadonlyMap<string, string>;
  /** The kernels of its role, by their entries' names; the target's may give fewer results. */
  readonly whole: { readonly kernels: ReadonlyMap<string, Kernel>; readonly signature: Signature };
}

function describeTarget({ target, printed, files }: EmittedUnit): ManifestTarget {
  const made = target.binaries?.(files) ?? [];
  const paths = [...files.keys()].filter((path) => made.every(({ from }) => from !== path));
  const bound = printed.kernels[0]?.bound;
  const { storage } = printed;
  const stores = storage && target.capabilities.stores?.[storage];
  const entries = printed.plans.map(({ entry }) => entry);
  const launches = entries.flatMap(({ steps }) => steps.filter((step) => step.kind === "launch"));
  const most = (numbers: readonly number[]): number => Math.max(0, ...numbers);
  return {
    files: [...paths, ...made.map(({ path }) => path)],
    schedule: printed.schedule,
    ...(bound === undefined ? {} : { bound }),
    ...(storage === undefined ? {} : { storage }),
    features: stores?.feature === undefined ? [] : [stores.feature],
    needs: {
      group: most(launches.map(({ group }) => group)),
      sharedBytes: most(launches.map((launch) => launch.sharedBytes)),
      buffers: most(launches.map(({ buffers }) => buffers.length)),
    },
    tolerance: describeTolerance(
      printed.kernels,
      target.accuracy,
      storage && stores && { type: storage, ulps: stores.ulps },
    ),
    entries,
  };
}

const targetKey = ({ target, printed }: EmittedUnit): string =>
  printed.storage === undefined ? target.name : `${target.name}_${printed.storage}`;

/** The units of one role of an operator that takes these tensors. */
function describeKernel(
  units: readonly EmittedUnit[],
  own: readonly SignatureTensor[],
): ManifestKernel {
  const { signature } = units[0]!.whole;
  const kernels = new Map(units.flatMap(({ whole }) => [...whole.kernels]));
  const { tensors, outputs } = signature;
  return {
    tensors: tensors.filter(({ name }) => !own.some((tensor) => tensor.name === name)),
    outputs,
    ir: Object.fromEntries([...kernels].map(([name, kernel]) => [name, hashKernel(kernel)])),
    targets: Object.fromEntries(units.map((unit) => [targetKey(unit), describeTarget(unit)])),
  };
}

/** What the manifest says of an operator, from its units (those of the forward kernel first). */
export function describeOperator(
  operator: { readonly name: string; readonly differentiable: readonly string[] },
  units: readonly EmittedUnit[],
): ManifestOperator {
  const [first] = units;
  if (!first) throw new Error(`${operator.name} was generated for no target.`);
  const { signature, source } = first.printed;
  const roles = [...new Set(units.map(({ printed }) => printed.role))];
  const kernels = roles.map((role): [string, ManifestKernel] => [
    role,
    describeKernel(
      units.filter(({ printed }) => printed.role === role),
      signature.tensors,
    ),
  ]);
  return {
    doc: signature.doc,
    source,
    tensors: signature.tensors,
    attributes: signature.attrs,
    outputs: signature.outputs,
    differentiable: operator.differentiable,
    indices: signature.indices,
    variants: signature.variants.map(({ present, demands }) => ({
      present,
      demands: demands
        .filter(({ formula }) => formula !== "1") // it cannot fail
        .map(({ formula, otherwise }) => ({ holds: formula, otherwise })),
    })),
    kernels: Object.fromEntries(kernels),
  };
}
