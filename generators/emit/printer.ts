// The printer all C-like targets share: nests and expressions as lines, by the algebra of texts, broken where
// they are long.

import type { Expr } from "../ir/expr.ts";
import { hostExpr } from "../ir/host.ts";
import type { BufferDecl, Nest, NestExpr } from "../ir/nest.ts";
import { createAlgebra, type Line, type PrintContext, type TextAlgebra } from "./algebra.ts";
import { bufferLookup, foldExpr, foldNest } from "./fold.ts";
import { type Language, level, type Scope } from "./target.ts";
import { flatten, wrap } from "./wrap.ts";

const width = 100;

function declareArrays(nest: Nest, { target, scope }: PrintContext): readonly Line[] {
  return nest.buffers.flatMap((decl) => {
    if (decl.place === "global") return [];
    if (decl.place === "shared" && !target.capabilities.groups)
      throw new Error(`${nest.name}: ${target.name} has no shared memory for ${decl.name}.`);
    return target.array(scope.buffer(decl), countElements(decl)) ?? [];
  });
}

/** How many elements a buffer of a constant shape has. */
export function countElements(decl: BufferDecl): number {
  return decl.shape.reduce((product, size: NestExpr) => {
    if (size.kind !== "const")
      throw new Error(
        `The size of ${decl.name}, which is in ${decl.place} memory, is not constant.`,
      );
    return product * size.value;
  }, 1);
}

function render(lines: readonly Line[], indent: number): string[] {
  return lines.flatMap((line) =>
    typeof line === "string" ? wrap(line, indent, width) : render(line.inner, indent + 2),
  );
}

/** The text of a nest's body, indented by one step, without a line end after it. */
export function printNest(nest: Nest, context: PrintContext): string {
  const body = foldNest(nest, createAlgebra(nest, context));
  return render([...declareArrays(nest, context), ...body], 2).join("\n");
}

/** One expression over names of the nest, on one line. */
export function printExpr(e: NestExpr, nest: Nest, context: PrintContext): string {
  return flatten(foldExpr(e, bufferLookup(nest), createAlgebra(nest, context)).text);
}

/**
 * An expression over scalars as the host computes it, in doubles, each name with `before` in front of it. It
 * is not broken into lines yet.
 */
export function printHostExpr(
  e: Expr,
  target: Language,
  before: string,
  use: PrintContext["use"],
): string {
  const nest: Nest = { name: "host", scalars: [], constants: [], buffers: [], group: 1, body: [] };
  const refuse = () => {
    throw new Error("What the host computes is made of scalars.");
  };
  const scope: Scope = { buffer: refuse, scalar: refuse, constant: refuse, need: refuse };
  const inner = createAlgebra(nest, { target, scope, use });
  const algebra: TextAlgebra = {
    ...inner,
    variable: (name) => ({ text: before + name, level: level.primary }),
    // Products that are too large are to be seen, so that they can be refused: none is cut to 32 bits.
    op: (op, args, of, lanes) =>
      inner.op(
        op === "quot" ? "idiv" : op,
        args.map((arg) => ({ ...arg, natural: true })),
        of,
        lanes,
      ),
  };
  return foldExpr(hostExpr(e), bufferLookup(nest), algebra).text;
}
