// `list`: the package's operators.

import type { Command } from "commander";
import type { Operator } from "../../frontend/operator.ts";
import { openOperators } from "../operators.ts";
import { formatNotes, printJson, type Terminal } from "../terminal.ts";

const examples = `
Examples:
  $ warpweave list
  $ warpweave list --json`;

/** Adds the command \`list\`. */
export function addList(program: Command, terminal: Terminal): void {
  program
    .command("list")
    .description("the operators of the package, with their tensors")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(({ json }: { json?: boolean }) => {
      const operators = openOperators([]);
      if (json === true) printJson(terminal, operators.map(describe));
      else printList(operators, terminal);
    });
}

function describe({ name, doc, source, tensors, attrs, differentiable, variants }: Operator) {
  return {
    operator: name,
    doc,
    source,
    tensors: tensors.map((t) => ({ name: t.name, dims: t.dims, optional: t.optional })),
    attrs: attrs.map((a) => a.name),
    differentiable,
    variants,
  };
}

/** A tensor's name, with a question mark where it is optional and a prime where it has a gradient. */
const shortTensor = ({ differentiable }: Operator, t: Operator["tensors"][number]): string =>
  `${t.name}${differentiable.includes(t.name) ? "\u2032" : ""}${t.optional ? "?" : ""}`;

function printList(operators: readonly Operator[], terminal: Terminal): void {
  const rows = operators.map((operator) => [
    operator.name,
    operator.tensors.map((t) => shortTensor(operator, t)).join(", "),
    operator.attrs.map((attr) => attr.name).join(", "),
  ]);
  terminal.out(formatNotes(rows, { head: ["operator", "tensors", "attributes"] }));
  terminal.out("\n");
  for (const { name, doc } of operators) terminal.out(`${name}: ${doc}\n`);
  terminal.out("\nx\u2032 has a gradient, x? is optional; ");
  terminal.out("`warpweave show <operator>` tells what each tensor and attribute means.\n");
}
