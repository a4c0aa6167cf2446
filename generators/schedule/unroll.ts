// Marks short loops for writing out; printers do the writing, or leave it to the compiler behind them.

import type { Block, Stmt } from "../ir/nest.ts";

/** Serial loops of a constant number of steps, at most `steps`, become `unroll` loops. */
export function unrollLoops(block: Block, steps: number): Block {
  if (steps === 0) return block;
  return block.map((s): Stmt => {
    if (s.kind === "if")
      return { ...s, then: unrollLoops(s.then, steps), else: unrollLoops(s.else, steps) };
    if (s.kind !== "for") return s;
    const body = unrollLoops(s.body, steps);
    const short =
      s.by === "serial" &&
      s.lo.kind === "const" &&
      s.hi.kind === "const" &&
      s.hi.value - s.lo.value <= steps;
    return { ...s, body, by: short ? "unroll" : s.by };
  });
}
