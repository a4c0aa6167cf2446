// A value that branches choose, and what follows uses, would need memory between the two where loops are
// distributed: here what follows goes into the branches.

import { type Block, type Stmt, variable } from "../../ir/nest.ts";
import { variablesOf } from "../../ir/nestWalk.ts";
import { copyBlock, type Fresh, mentions } from "./names.ts";
import type { Variance } from "./varying.ts";

type If = Extract<Stmt, { kind: "if" }>;
type Local = Extract<Stmt, { kind: "local" }>;

// Copies of what follows a condition that are worth their text.
const mostEnds = 4;
const mostStatements = 12;

/** A block whose conditions that choose a value are followed by nothing that uses it. */
export function joinBranches(body: Block, variance: Variance, fresh: Fresh): Block {
  const go = (block: Block): Block => joinBranches(block, variance, fresh);
  // Inside first: what is joined has other names, of which nothing is known.
  let joined: Block = body.map((s): Stmt => {
    if (s.kind === "for") return { ...s, body: go(s.body) };
    return s.kind === "if" ? { ...s, then: go(s.then), else: go(s.else) } : s;
  });
  for (;;) {
    const next = joinFirst(joined, variance, fresh);
    if (!next) return joined;
    joined = next;
  }
}

/** The block with the first such condition joined with all that follows; nothing where there is none. */
function joinFirst(body: Block, { varies }: Variance, fresh: Fresh): Block | undefined {
  for (const [at, s] of body.entries()) {
    if (s.kind !== "if" || varies(s.cond)) continue;
    const [before, rest] = [body.slice(0, at), body.slice(at + 1)];
    if (rest.length === 0 || rest.length > mostStatements || !rest.every(isPlain)) continue;
    const local = before.find(
      (x): x is Local =>
        x.kind === "local" &&
        varies(variable(x.name)) &&
        x.init.kind === "const" &&
        rest.some((y) => mentions(y, x.name)) &&
        isChosenBy(s, x.name) &&
        before.every((y) => y === x || !mentions(y, x.name)),
    );
    if (!local || countEnds(s) > mostEnds) continue;
    const end = (block: Block): Block => {
      const last = block.at(-1);
      const own =
        last && mentions(last, local.name) ? [local, last] : [...(last ? [last] : []), local];
      return copyBlock([...block.slice(0, -1), ...own, ...rest], fresh);
    };
    return [...before.filter((x) => x !== local), atEnds(s, local.name, end)];
  }
  return undefined;
}

const isPlain = ({ kind }: Stmt): boolean => kind !== "for" && kind !== "if" && kind !== "barrier";

/** Is a variable set as the last thing in some branches of a condition, and otherwise not mentioned in it? */
function isChosenBy(s: If, name: string): boolean {
  const isEnd = (last: Stmt): boolean =>
    !mentions(last, name) ||
    (last.kind === "set" && ![...variablesOf(last.value)].includes(name)) ||
    (last.kind === "if" && isChosenBy(last, name));
  return [s.then, s.else].every((block) => {
    const last = block.at(-1);
    return !block.slice(0, -1).some((x) => mentions(x, name)) && (!last || isEnd(last));
  });
}

/** How many ends the branches of a condition have. */
const countEnds = (s: If): number =>
  [s.then, s.else].reduce((n, block) => {
    const last = block.at(-1);
    return n + (last?.kind === "if" ? countEnds(last) : 1);
  }, 0);

/** A condition with `end` of each block that ends by setting `name`, or does not set it. */
function atEnds(s: If, name: string, end: (block: Block) => Block): If {
  const into = (block: Block): Block => {
    const last = block.at(-1);
    if (last?.kind !== "if" || !mentions(last, name)) return end(block);
    return [...block.slice(0, -1), atEnds(last, name, end)];
  };
  return { ...s, then: into(s.then), else: into(s.else) };
}
