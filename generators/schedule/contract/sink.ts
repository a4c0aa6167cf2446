// Values that only one branch of a condition uses are computed there.

import type { Block, NestExpr, Stmt } from "../../ir/nest.ts";
import { blocksOf, expressionsOf, operandsOf, variablesOf } from "../../ir/nestWalk.ts";

type Let = Extract<Stmt, { kind: "let" }>;

/** `block` with each value that reads no memory in the only branch that uses it, where there is one. */
export function sinkValues(block: Block): Block {
  const out: Stmt[] = [];
  // From the end, so that what a value is made of follows it.
  for (const s of block.toReversed()) {
    const users = s.kind === "let" && !reads(s.value) ? out.filter((x) => uses(x, s.name)) : [];
    const [only] = users;
    const branch = s.kind === "let" && only && users.length === 1 ? intoBranch(only, s) : undefined;
    if (branch) out[out.indexOf(only!)] = branch;
    else out.unshift(s);
  }
  return out.map((s): Stmt => {
    if (s.kind === "for") return { ...s, body: sinkValues(s.body) };
    if (s.kind === "if") return { ...s, then: sinkValues(s.then), else: sinkValues(s.else) };
    return s;
  });
}

/** A condition with the value at the start of the branch that uses it; nothing where both do, or its test. */
function intoBranch(s: Stmt, value: Let): Stmt | undefined {
  if (s.kind !== "if" || mentions(s.cond, value.name)) return undefined;
  const [then, otherwise] = [s.then, s.else].map((b) => b.some((x) => uses(x, value.name)));
  if (then && otherwise) return undefined;
  return then ? { ...s, then: [value, ...s.then] } : { ...s, else: [value, ...s.else] };
}

const mentions = (e: NestExpr, name: string): boolean => variablesOf(e).includes(name);

const uses = (s: Stmt, name: string): boolean => namesIn(s).has(name);

/** The variables of statements, which are asked for once for each value before them. */
const known = new WeakMap<Stmt, ReadonlySet<string>>();

/** The variables of a statement and of all inside it. */
function namesIn(s: Stmt): ReadonlySet<string> {
  const before = known.get(s);
  if (before) return before;
  const names = new Set(expressionsOf(s).flatMap(variablesOf));
  for (const block of blocksOf(s))
    for (const inner of block) for (const name of namesIn(inner)) names.add(name);
  known.set(s, names);
  return names;
}

const reads = (e: NestExpr): boolean => e.kind === "load" || operandsOf(e).some(reads);
