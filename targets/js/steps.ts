// What an entry of a module is made of: its sizes, the memory that it makes, its steps.

import { createNames } from "../../generators/emit/names.ts";
import { breakable, gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Entry, RepeatInfo, Step } from "../contract/program.ts";
import { ownSizes } from "../contract/turns.ts";
import { formulaAsJs } from "./formula.ts";
import { reserved } from "./reserved.ts";
import { argumentLines, arrayNames, field } from "./text.ts";

/** A name of the author as modules have it. */
export const safe = createNames(reserved);

/** A step as a statement. */
export function runStep(step: Step, entry: Entry, indent = 4, numbers = "_s"): string {
  if (step.kind === "fill") {
    const option = entry.constants.find(({ name }) => name === step.unless)?.option;
    const guard = option === undefined ? "" : `if (_o.${option} !== 1) `;
    return `${guard}${safe(step.buffer)}.fill(${step.value});`;
  }
  const args = [
    ...step.buffers.map(({ name }) => safe(name)),
    ...step.scalars.map((name) => `${numbers}.${name}`),
    ...entry.constants.map(({ option }) => `_o.${option}`),
  ];
  return argumentLines(`${step.function}(`, args, ");", indent);
}

/** The turns of a repetition as a loop around lines, which take their numbers from `_t`. */
export function writeTurns(
  { times, numbers }: RepeatInfo,
  use: (text: string) => void,
  indent: number,
  lines: readonly string[],
): readonly string[] {
  const pad = " ".repeat(indent);
  return [
    `${pad}for (let turn = 0; turn < ${formulaAsJs(times, "_s.", use)}; turn++) {`,
    `${pad}  const _t = { ..._s, turn };`,
    ...assignNumbers("_t", numbers, use, indent + 2),
    ...lines,
    `${pad}}`,
  ];
}

/** Numbers that are computed from others, one after another. */
const assignNumbers = (
  to: string,
  numbers: RepeatInfo["numbers"],
  use: (text: string) => void,
  indent: number,
): readonly string[] =>
  numbers.flatMap(({ name, is }) =>
    wrap(`${to}.${name} =${gapAt(0)}${breakable(formulaAsJs(is, `${to}.`, use))};`, indent, 100, 2),
  );

/** The sizes that an entry computes for itself, in numbers of its own. */
export function declareSizes(entry: Entry, use: (text: string) => void): readonly string[] {
  const own = ownSizes(entry);
  return own.length > 0 ? ["    _s = { ..._s };", ...assignNumbers("_s", own, use, 4)] : [];
}

/** What an entry of any module says: the tensors that it takes, and the memory that it makes itself. */
export function declareMemory({ tensors, workspaces }: Entry, use: (text: string) => void) {
  const writeFormula = (formula: string) => formulaAsJs(formula, "_s.", use);
  const product = (shape: readonly string[]) =>
    shape.map((f) => f.split(" * ").map(writeFormula).join(" * ")).join(" * ");
  const of = (role: "input" | "output") => tensors.filter((tensor) => tensor.role === role);
  const fields = (list: readonly { readonly name: string }[]) =>
    list.map(({ name }) => field(name, safe(name))).join(", ");
  return {
    inputs: fields(of("input")),
    outputs: fields(of("output")),
    results: of("output").map(({ name, dtype, shape }) => ({
      name: safe(name),
      value: `new ${arrayNames[dtype]}(${breakable(product(shape))})`,
    })),
    workspaces: workspaces.map(({ name, dtype, elements }) => ({
      name: safe(name),
      value: `new ${arrayNames[dtype]}(${breakable(writeFormula(elements))})`,
    })),
  };
}
