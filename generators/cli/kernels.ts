// One kernel to run: an operator, a target, the optional tensors that are given.

import type { Program } from "../../targets/contract/program.ts";
import { compile } from "../compile.ts";
import type { Operator } from "../frontend/operator.ts";
import { parseTarget } from "./targets.ts";

/** The program of one variant, whether it ships or not. */
export function compileProgram(
  operator: Operator,
  target: string,
  present: readonly string[],
): Program {
  const [program] = compile(operator, parseTarget(target), { variants: [present] }).programs;
  if (program === undefined) throw new Error(`${operator.name} has no kernel for ${target}`);
  return program;
}
