// Loops that are to be written out: a copy of the body for each step.

import { type Block, i32, type Nest, type NestExpr, type Stmt } from "../ir/nest.ts";
import { visitBlock } from "../ir/nestWalk.ts";
import { freshNames, substituteBlock } from "./substitute.ts";

/** Every name that stands for something in a nest. */
export function namesOf(nest: Nest): readonly string[] {
  const names = [...nest.buffers, ...nest.scalars, ...nest.constants].map(({ name }) => name);
  visitBlock(nest.body, (s) => {
    if (s.kind === "for") names.push(s.variable);
    if (s.kind === "let" || s.kind === "local") names.push(s.name);
  });
  return names;
}

/** `nest` with its `unroll` loops written out; addresses that become known are numbers. */
export function writeOutLoops(nest: Nest): Nest {
  const fresh = freshNames(namesOf(nest));
  const write = (block: Block): Block =>
    block.flatMap((s): readonly Stmt[] => {
      if (s.kind === "if") return [{ ...s, then: write(s.then), else: write(s.else) }];
      if (s.kind !== "for") return [s];
      if (s.by !== "unroll") return [{ ...s, body: write(s.body) }];
      if (s.lo.kind !== "const" || s.hi.kind !== "const")
        throw new Error(`${nest.name}: the bounds of unroll ${s.variable} are not numbers.`);
      const copies: Stmt[] = [];
      for (let i = s.lo.value; i < s.hi.value; i++) {
        const step = new Map<string, NestExpr>([[s.variable, i32(i)]]);
        // Inner loops are written out in each copy, where their bounds are known.
        copies.push(...write(substituteBlock(s.body, step, (name) => fresh(`${name}_${i}`))));
      }
      return copies;
    });
  return { ...nest, body: write(nest.body) };
}
