// Loops bound to the grid or to a group are no loops in the text: their variables follow from the number of
// the group and of the thread.

import { i32, type Nest, type NestExpr, type NestOp, type Stmt, variable } from "../ir/nest.ts";
import type { ForStmt } from "./fold.ts";

/** What a bound loop's variable is, in terms of the number called `id`. */
export interface BoundIndex {
  readonly by: "grid" | "group";
  readonly id: string;
  readonly value: NestExpr;
  /** The value is the number itself. */
  readonly whole: boolean;
}

const op = (name: NestOp, ...args: NestExpr[]): NestExpr => ({
  kind: "op",
  op: name,
  args,
  type: "i32",
});

const isConst = (e: NestExpr, value: number): boolean => e.kind === "const" && e.value === value;

const extentOf = ({ lo, hi }: ForStmt): NestExpr => (isConst(lo, 0) ? hi : op("sub", hi, lo));

/** The loops of one kind that lie directly in each other, outermost first. */
function chainFrom(loop: ForStmt): ForStmt[] {
  const inner = loop.body.find((s): s is ForStmt => s.kind === "for" && s.by === loop.by);
  return inner ? [loop, ...chainFrom(inner)] : [loop];
}

function bindChain(nest: Nest, chain: readonly ForStmt[], into: Map<ForStmt, BoundIndex>): void {
  const by = chain[0]!.by as "grid" | "group";
  if (by === "group") requireExtent(nest, chain);
  const id = `${by} number`; // no name that an author can write
  let inside: NestExpr = i32(1);
  for (const [d, loop] of [...chain.entries()].reverse()) {
    const extent = extentOf(loop);
    const divided = isConst(inside, 1) ? variable(id) : op("quot", variable(id), inside);
    const digit = d === 0 ? divided : op("rem", divided, extent);
    const value = isConst(loop.lo, 0) ? digit : op("add", loop.lo, digit);
    into.set(loop, { by, id, value, whole: value.kind === "var" });
    inside = isConst(inside, 1) ? extent : op("mul", extent, inside);
  }
}

/** A loop over the threads of a group has all of them: nothing else would run the same everywhere. */
function requireExtent(nest: Nest, chain: readonly ForStmt[]): void {
  const threads = chain.reduce((product, loop) => {
    const extent = extentOf(loop);
    return extent.kind === "const" ? product * extent.value : Number.NaN;
  }, 1);
  if (threads !== nest.group)
    throw new Error(`${nest.name}: a loop over the group must have its ${nest.group} threads.`);
}

/** The value of the variable of every loop that is bound to the grid or the group. */
export function bindIndices(nest: Nest): ReadonlyMap<ForStmt, BoundIndex> {
  const found = new Map<ForStmt, BoundIndex>();
  const walk = (block: readonly Stmt[]): void => {
    for (const s of block) {
      if (s.kind === "if") {
        walk(s.then);
        walk(s.else);
      }
      if (s.kind !== "for") continue;
      if ((s.by === "grid" || s.by === "group") && !found.has(s))
        bindChain(nest, chainFrom(s), found);
      walk(s.body);
    }
  };
  walk(nest.body);
  return found;
}
