// Values that nothing needs. Schedules name what may be needed (where a lane is, what a row holds);
// what is left of the names once loops are written out is known only here.

import type { Block, NestExpr, Stmt } from "../ir/nest.ts";
import { blocksOf, expressionsOf, variablesOf, visitBlock } from "../ir/nestWalk.ts";

/** The variable that a statement gives a value, when that is all it does. */
const named = (s: Stmt): string | undefined =>
  s.kind === "let" || s.kind === "local" || s.kind === "set" ? s.name : undefined;

/** The variables whose values decide what a block writes, or which of its statements run. */
function findNeeded(block: Block): ReadonlySet<string> {
  const values = new Map<string, NestExpr[]>();
  const needed = new Set<string>();
  const open: string[] = [];
  const note = (e: NestExpr): void => {
    for (const name of variablesOf(e)) {
      if (needed.has(name)) continue;
      needed.add(name);
      open.push(name);
    }
  };
  visitBlock(block, (s) => {
    const name = named(s);
    if (name === undefined) expressionsOf(s).forEach(note);
    else values.set(name, [...(values.get(name) ?? []), ...expressionsOf(s)]);
  });
  for (let name = open.pop(); name !== undefined; name = open.pop())
    values.get(name)?.forEach(note);
  return needed;
}

/** `block` without values that nothing needs, and without loops and choices that then do nothing. */
export function dropUnused(block: Block): Block {
  const needed = findNeeded(block);
  let emptied = false;
  const keep = (statements: Block): Block =>
    statements.flatMap((s): readonly Stmt[] => {
      const name = named(s);
      if (name !== undefined) return needed.has(name) ? [s] : [];
      const kept = keepInside(s, keep);
      const idle = isIdle(kept);
      emptied ||= idle;
      return idle ? [] : [kept];
    });
  const kept = keep(block);
  // What only the bounds of such a loop needed goes with it.
  return emptied ? dropUnused(kept) : kept;
}

function keepInside(s: Stmt, keep: (block: Block) => Block): Stmt {
  switch (s.kind) {
    case "for":
      return { ...s, body: keep(s.body) };
    case "if":
      return { ...s, then: keep(s.then), else: keep(s.else) };
    default:
      return s;
  }
}

const isIdle = (s: Stmt): boolean =>
  (s.kind === "if" || (s.kind === "for" && !s.product)) &&
  blocksOf(s).every((block) => block.length === 0);
