// Which operators there are: those of the package by name, a user's own by file.

import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Operator, readOperator, readOperators } from "../frontend/operator.ts";
import { packageRoot } from "../frontend/paths.ts";
import { suggestName } from "../messages/nearest.ts";
import { UserError } from "./errors.ts";

const folder = resolve(packageRoot, "dsl/ops");

/** The names of the package's own operators, in alphabetical order. */
export function operatorNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => /^[a-z]\w*\.ts$/.test(file))
    .map((file) => file.slice(0, -".ts".length))
    .sort();
}

/** Whether an argument means a file and not one of the package's operators. */
const isPath = (text: string): boolean => /[/\\]/.test(text) || /\.[cm]?[jt]sx?$/.test(text);

/** The file that declares the operator given by name or by path. */
export function findDeclaration(text: string): string {
  if (isPath(text)) {
    if (!existsSync(text)) throw new UserError(`cannot read ${text}: there is no such file`);
    return resolve(text);
  }
  const names = operatorNames();
  if (names.includes(text)) return resolve(folder, `${text}.ts`);
  const hint = suggestName(text, names);
  throw new UserError(
    `there is no operator "${text}"; ${hint} (your own is given as a path: ./${text}.ts)`,
  );
}

/** Reads one operator, given by name or by path. */
export function openOperator(text: string): Operator {
  return readOperator(findDeclaration(text));
}

/** Reads the operators given, or all of the package; refuses two of one name. */
export function openOperators(texts: readonly string[]): readonly Operator[] {
  const chosen = texts.length > 0 ? texts : operatorNames();
  const operators = readOperators([...new Set(chosen.map(findDeclaration))]);
  for (const [i, { name, file }] of operators.entries()) {
    const other = operators.findIndex((operator) => operator.name === name);
    if (other !== i)
      throw new UserError(`${operators[other]!.file} and ${file} both declare ${name}`);
  }
  return operators;
}

/** The optional tensors named in `text` (`mask,bias`; empty for none) of an operator. */
export function parsePresent(operator: Operator, text: string): readonly string[] {
  const optional = operator.tensors.filter((t) => t.optional).map((t) => t.name);
  const names = text.split(",").map((name) => name.trim());
  const given = names.filter((name) => name !== "");
  for (const name of given) {
    if (optional.includes(name)) continue;
    const hint = suggestName(name, optional);
    throw new UserError(`${operator.name} has no optional tensor "${name}"; ${hint}`);
  }
  return optional.filter((name) => given.includes(name));
}
