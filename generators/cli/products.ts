// Schedules whose contractions are multiplied by warps, on factors rounded to 16 bits: those of a target that differ
// in nothing else, so that a check can hold them against each other.

import type { Narrow } from "../../targets/contract/half.ts";
import { type ChosenSchedule, limitsOf, scheduleOn } from "../compile.ts";
import type { Target } from "../emit/target.ts";
import type { Kernel } from "../ir/kernel.ts";
import { defaultSchedule, type NamedSchedule } from "../schedule/defaults.ts";
import { contract } from "../schedule/transforms/contract.ts";

/** Tiles that four warps make. */
const tiles = { BM: 64, BP: 64, BK: 16, TM: 4, TP: 8, pad: 0 } as const;

/** A target's schedules with products by warps, for data stored alike; undefined where no kernel has one. */
export function productsOn(
  kernels: readonly Kernel[],
  target: Target,
  type: Narrow,
): ChosenSchedule | undefined {
  if (target.capabilities.products?.includes(type) !== true) return undefined;
  const own = (kernel: Kernel): NamedSchedule =>
    defaultSchedule(kernel, target.capabilities, limitsOf(target));
  const contracts = (kernel: Kernel): boolean =>
    own(kernel).steps.some(([name]) => name === contract.name);
  if (!kernels.some(contracts)) return undefined;
  const named = (kernel: Kernel): NamedSchedule => {
    const { name, steps } = own(kernel);
    return {
      name: contracts(kernel) ? `${name}, products of ${type}` : name,
      steps: steps.map(([step, params]) =>
        step === contract.name
          ? [step, { ...params, ...tiles, product: type }]
          : [step, params ?? {}],
      ),
    };
  };
  return {
    storage: type,
    nameFor: (kernel) => named(kernel).name,
    plan: (kernel) => scheduleOn(target, named(kernel), type).plan(kernel),
  };
}
