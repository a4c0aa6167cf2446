// All targets. To add one: a folder, a line here, and one in machine.ts.

import type { Target } from "../generators/emit/target.ts";
import { c } from "./c/target.ts";
import { cuda } from "./cuda/target.ts";
import { gpujs } from "./gpujs/target.ts";
import { js } from "./js/target.ts";
import { wasm } from "./wasm/target.ts";
import { wgsl } from "./wgsl/target.ts";

/** Every target there is text for by its name, in the order in which they are shown. */
export const targetsByName = { js, gpujs, wgsl, cuda, wasm, c } as const satisfies Readonly<
  Record<string, Target>
>;

/** The name of a target there is text for. */
export type TargetName = keyof typeof targetsByName;

/** Every target there is text for, in the order in which they are shown. */
export const targets: readonly Target[] = Object.values(targetsByName);

/** The target of a name. */
export function findTarget(name: string): Target {
  const target = targets.find((t) => t.name === name);
  if (target) return target;
  const names = targets.map((t) => t.name).join(", ");
  throw new RangeError(`There is no target ${name}; there are ${names}.`);
}
