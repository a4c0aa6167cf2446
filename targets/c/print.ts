// A launch whose outermost loop CPU threads share out is printed as what one iteration does.

import type { PrintContext } from "../../generators/emit/algebra.ts";
import { printNest } from "../../generators/emit/printer.ts";
import { dropUnused } from "../../generators/emit/unused.ts";
import type { Block, Nest, Stmt } from "../../generators/ir/nest.ts";
import { expressionsOf, visitBlock, visitNestExpr } from "../../generators/ir/nestWalk.ts";

type For = Extract<Stmt, { kind: "for" }>;

/** The loop that CPU threads share out. */
export const loopOf = ({ body }: Nest): For | undefined =>
  body.find((s): s is For => s.kind === "for" && s.by === "parallel");

/** What a launch does, or one iteration of its loop of CPU threads. */
function bodyOf(nest: Nest): Block {
  const loop = loopOf(nest);
  if (!loop) return nest.body;
  if (loop.lo.kind !== "const" || loop.lo.value !== 0)
    throw new Error(`${nest.name}: parallel ${loop.variable} must begin at 0.`);
  const around = nest.body.filter((s) => s !== loop);
  return dropUnused([...around, ...loop.body]);
}

/** The text of that. */
export const print = (nest: Nest, context: PrintContext): string =>
  printNest({ ...nest, body: bodyOf(nest) }, context);

/** The buffers and numbers that it names: only they are passed. */
export function namedIn(nest: Nest): ReadonlySet<string> {
  const names = new Set<string>();
  visitBlock(bodyOf(nest), (s) => {
    if (s.kind === "store" || s.kind === "accumulate") names.add(s.buffer);
    for (const e of expressionsOf(s))
      visitNestExpr(e, (x) => {
        if (x.kind === "load") names.add(x.buffer);
        if (x.kind === "var") names.add(x.name);
      });
  });
  return names;
}
