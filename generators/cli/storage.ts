// What data are stored as: f32, or 16 bits on targets and devices that can.

import type { Narrow } from "../../targets/contract/half.ts";
import type { Skip } from "../check/ledger.ts";
import type { Target } from "../emit/target.ts";
import { UserError } from "./errors.ts";
import type { Opened } from "./executors.ts";

/** What data can be stored as, as options name it. */
export const storages: readonly string[] = ["f32", "f16", "bf16"];

/** The type of an option's text; undefined for f32, which is what kernels take by themselves. */
export const parseStorage = (text: string | undefined): Narrow | undefined =>
  text === "f16" || text === "bf16" ? text : undefined;

/** The types of 16 bits that a target stores data in. */
const narrowOn = ({ capabilities }: Target): readonly Narrow[] =>
  (["f16", "bf16"] as const).filter((type) => capabilities.stores?.[type] !== undefined);

/** Refuses targets of which none (of named ones: not each) stores data in a type; gives those that do. */
export function requireStorage(
  targets: readonly Target[],
  storage: Narrow,
  isNamed: boolean,
): readonly Target[] {
  const able = targets.filter((target) => narrowOn(target).includes(storage));
  const [unable] = targets.filter((target) => !able.includes(target));
  if (unable === undefined || (!isNamed && able.length > 0)) return able;
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
