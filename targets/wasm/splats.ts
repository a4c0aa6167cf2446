// Numbers that vectors are made of: one that is needed in all lanes is put there once.

import { type Block, lanesOf, type Nest, type NestExpr } from "../../generators/ir/nest.ts";
import { expressionsOf, operandsOf, visitBlock } from "../../generators/ir/nestWalk.ts";

/** The names of values that never change, by whether they are used as vectors, and whether as numbers too. */
export interface Splats {
  readonly asVectors: ReadonlySet<string>;
  readonly asNumbers: ReadonlySet<string>;
}

/** How the numbers of a nest are used; those of which another definition is set again are not among them. */
export function findSplats(nest: Nest): Splats {
  const asVectors = new Set<string>();
  const asNumbers = new Set<string>();
  const visit = (e: NestExpr, lanes: number): void => {
    const own = lanesOf(e);
    if (e.kind === "var" && own === 1) (lanes > 1 ? asVectors : asNumbers).add(e.name);
    const inside = e.kind === "load" ? 1 : own;
    for (const operand of operandsOf(e))
      visit(operand, e.kind === "lane" ? lanesOf(operand) : inside);
  };
  visitBlock(nest.body as Block, (s) => {
    if (s.kind === "store") {
      visit(s.address, 1);
      visit(s.value, s.width);
      return;
    }
    const lanes = s.kind === "let" || s.kind === "local" || s.kind === "set" ? (s.lanes ?? 1) : 1;
    for (const e of expressionsOf(s)) visit(e, lanes);
  });
  visitBlock(nest.body as Block, (s) => {
    if (s.kind === "local") asVectors.delete(s.name);
    if (s.kind === "for") asVectors.delete(s.variable);
    // Truths are made into vectors in their own way.
    if (s.kind === "let" && (s.type !== "f32" || (s.lanes ?? 1) > 1)) asVectors.delete(s.name);
  });
  for (const { name } of [...nest.scalars, ...nest.constants]) asVectors.delete(name);
  return { asVectors, asNumbers };
}
