// One kernel to run: an operator, a target, the optional tensors that are given.

import type { Narrow } from "../../targets/contract/half.ts";
import type { Program } from "../../targets/contract/program.ts";
import { compile } from "../compile.ts";
import type { Operator } from "../frontend/operator.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { NamedSchedule } from "../schedule/defaults.ts";
import { parseTarget } from "./targets.ts";

/** The program of one variant, whether it ships or not. */
export function compileProgram(
  operator: Operator,
  target: string,
  present: readonly string[],
  storage?: Narrow,
  schedule?: (kernel: Kernel) => NamedSchedule | undefined,
): Program {
  const options = {
    variants: [present],
    ...(storage && { storage }),
    ...(schedule && { schedule }),
  };
  const [program] = compile(operator, parseTarget(target), options).programs;
  if (program === undefined) throw new Error(`${operator.name} has no kernel for ${target}`);
  return program;
}
