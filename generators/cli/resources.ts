// What a target's compiler says that kernels take of each device.

import type { KernelUse, Measured } from "../../targets/contract/machine.ts";
import { compileKernels, scheduleOn } from "../compile.ts";
import type { Operator } from "../frontend/operator.ts";
import { UserError } from "./errors.ts";
import { explainUnavailable, machineOf, runnable } from "./executors.ts";
import { parseTarget } from "./targets.ts";
import { formatTable } from "./terminal.ts";

/** What the kernels of an operator take; of the variants that ship, or of one. */
export async function describeResources(
  operator: Operator,
  targetName: string,
  present?: readonly string[],
): Promise<Measured> {
  const target = parseTarget(targetName);
  const { measure } = machineOf(target.name);
  if (measure === undefined) {
    const able = runnable.filter((name) => machineOf(name).measure !== undefined);
    throw new UserError(
      `no compiler tells what kernels of ${target.name} take of devices; ` +
        `choose with --target among: ${able.join(", ")}`,
    );
  }
  const variants = present === undefined ? operator.variants : [present];
  const kernels = variants.map((variant) => operator.kernel(variant));
  const { programs } = compileKernels(operator, kernels, target, scheduleOn(target));
  const [first] = programs;
  if (first === undefined) throw new UserError(`${operator.name} ships no variant`);
  const found = await measure(first.source);
  if ("unavailable" in found)
    throw new UserError(`what kernels take cannot be told here: ${explainUnavailable(found)}`);
  return found;
}

/** A table with a row for each kernel and device. */
export function formatResources({ by, kernels }: Measured): string {
  const keys = Object.keys(kernels[0]?.use ?? {});
  const rows = kernels.map(({ kernel, device, use }, i) => [
    kernels[i - 1]?.kernel === kernel ? "" : kernel,
    device,
    ...keys.map((key) => String(use[key] ?? "")),
  ]);
  const isNumber = (key: string): boolean =>
    kernels.every(({ use }: KernelUse) => typeof use[key] === "number");
  const align = keys.map((key) => (isNumber(key) ? ("right" as const) : ("left" as const)));
  const head = ["kernel", "device", ...keys];
  return `${formatTable(rows, { head, align: ["left", "left", ...align] })}\nby ${by}\n`;
}
