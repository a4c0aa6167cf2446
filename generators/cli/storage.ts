// What data are stored as: f32, or 16 bits on targets and devices that can.

import { type Narrow, narrow } from "../../targets/contract/half.ts";
import type { Skip } from "../check/ledger.ts";
import type { Target } from "../emit/target.ts";
import type { Operator } from "../frontend/operator.ts";
import { UsageError, UserError } from "./errors.ts";
import type { Opened } from "./executors.ts";

/** What data can be stored as, as options name it. */
export const storages: readonly string[] = ["f32", "f16", "bf16"];

/** The type of an option's text; undefined for f32, which is what kernels take by themselves. */
export const parseStorage = (text: string | undefined): Narrow | undefined =>
  text === "f16" || text === "bf16" ? text : undefined;

/** Of a list with commas; f32 (undefined) where nothing is said. */
export function parseStorages(text: string | undefined): readonly (Narrow | undefined)[] {
  const names = (text ?? "f32").split(",").map((name) => name.trim());
  for (const name of names)
    if (!storages.includes(name))
      throw new UsageError(`there is no dtype "${name}"; there are ${storages.join(", ")}`);
  return [...new Set(names)].map(parseStorage);
}

/** Those of some types that a target stores data in. */
export const storagesOn = (
  target: Target,
  wanted: readonly (Narrow | undefined)[],
): readonly (Narrow | undefined)[] =>
  wanted.filter((type) => type === undefined || narrowOn(target).includes(type));

/** The targets that store data in one of some types; each that is named must store them in all. */
export function targetsThatStore(
  targets: readonly Target[],
  wanted: readonly (Narrow | undefined)[],
  options: { readonly target?: string },
): readonly Target[] {
  const isNamed = options.target !== undefined;
  for (const type of wanted) if (type !== undefined) requireStorage(targets, type, isNamed);
  return targets.filter((target) => storagesOn(target, wanted).length > 0);
}

/** The types of 16 bits that a target stores data in. */
const narrowOn = ({ capabilities }: Target): readonly Narrow[] =>
  (["f16", "bf16"] as const).filter((type) => capabilities.stores?.[type] !== undefined);

/** Refuses targets of which none (of named ones: not each) stores data in a type. */
export function requireStorage(
  targets: readonly Target[],
  storage: Narrow,
  isNamed: boolean,
): void {
  const able = targets.filter((target) => narrowOn(target).includes(storage));
  const [unable] = targets.filter((target) => !able.includes(target));
  if (unable === undefined || (!isNamed && able.length > 0)) return;
  const known = narrowOn(unable);
  const stores = ["f32", ...known].join(", ");
  throw new UserError(`${unable.name} does not store data in ${storage}; it stores ${stores}`);
}

/** A target to be run with data stored in some way; f32 where nothing is said. */
export interface StoredRun extends Opened {
  readonly storage?: Narrow;
}

/** All ways in which a check stores data: as asked, else f32 and, with `all`, whatever targets can. */
export function storedRuns(
  opened: readonly Opened[],
  { dtype, all }: { readonly dtype?: string; readonly all?: boolean },
): { readonly runs: readonly StoredRun[]; readonly skipped: readonly Skip[] } {
  const runs: StoredRun[] = [];
  const skipped: Skip[] = [];
  const asked = parseStorage(dtype);
  for (const one of opened) {
    const { target, executor } = one;
    if (asked === undefined) runs.push(one);
    const isAll = all === true && dtype === undefined;
    for (const storage of narrowOn(target)) {
      if (asked === undefined ? !isAll : asked !== storage) continue;
      const feature = target.capabilities.stores?.[storage]?.feature;
      if (feature === undefined || executor.device.features?.includes(feature) === true)
        runs.push({ ...one, storage });
      else
        skipped.push({
          what: `${storage} on ${target.name}`,
          reason: `${executor.device.device} has no ${feature}`,
        });
    }
  }
  return { runs, skipped };
}

/** What rounding arguments to a type changes, a sentence for each tensor of data that it changes. */
export function noteRounding(
  { tensors }: Pick<Operator, "tensors">,
  data: Readonly<Record<string, ArrayLike<number>>>,
  type: Narrow,
): readonly string[] {
  const { encode, decode } = narrow[type];
  return Object.entries(data).flatMap(([name, values]) => {
    const isData = tensors.find((tensor) => tensor.name === name)?.type ?? "data";
    if (isData !== "data") return [];
    const all = Array.from(values);
    const rounded = all.map((x) => decode(encode(x)));
    const changed = all.filter((x, i) => !Object.is(x, rounded[i]) && !Number.isNaN(x)).length;
    const infinite = all.filter(
      (x, i) => Number.isFinite(x) && !Number.isFinite(rounded[i]),
    ).length;
    if (changed === 0) return [];
    const beyond = infinite === 0 ? "" : `, ${infinite} of them to infinity`;
    return [`${name}: rounded to ${type}; ${changed} of ${all.length} values changed${beyond}`];
  });
}
