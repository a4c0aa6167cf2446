// A launch whose outermost loop CPU threads share out is printed as what one iteration does.

import { type PrintContext, printNest } from "../../generators/emit/printer.ts";
import type { Block, Nest, Stmt } from "../../generators/ir/nest.ts";
import { blocksOf, expressionsOf, variablesOf } from "../../generators/ir/nestWalk.ts";

type For = Extract<Stmt, { kind: "for" }>;

/** The loop that CPU threads share out. */
export const loopOf = ({ body }: Nest): For | undefined =>
  body.find((s): s is For => s.kind === "for" && s.by === "parallel");

/** The values that an iteration needs, of those around its loop. */
function neededLets(values: Block, body: Block): Block {
  const used = new Set<string>();
  const note = (s: Stmt) => {
    for (const e of expressionsOf(s)) for (const name of variablesOf(e)) used.add(name);
    for (const inner of blocksOf(s)) inner.forEach(note);
  };
  body.forEach(note);
  return values
    .toReversed()
    .filter((s) => {
      const needed = s.kind !== "let" || used.has(s.name);
      if (needed) note(s);
      return needed;
    })
    .toReversed();
}

/** The body of a launch, or of one iteration of its loop of CPU threads. */
export function print(nest: Nest, context: PrintContext): string {
  const loop = loopOf(nest);
  if (!loop) return printNest(nest, context);
  if (loop.lo.kind !== "const" || loop.lo.value !== 0)
    throw new Error(`${nest.name}: parallel ${loop.variable} must begin at 0.`);
  const around = neededLets(
    nest.body.filter((s) => s !== loop),
    loop.body,
  );
  return printNest({ ...nest, body: [...around, ...loop.body] }, context);
}
