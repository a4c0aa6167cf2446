// Values that only one branch of a condition uses are computed there.

import type { Block, NestExpr, Stmt } from "../../ir/nest.ts";
import {
  blocksOf,
  expressionsOf,
  mapExprs,
  mapOperands,
  operandsOf,
  variablesOf,
} from "../../ir/nestWalk.ts";

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
  const side = then ? "then" : "else";
  const settled = settle(value.value, s.cond, then ? 1 : 0);
  if (settled.kind === "var" || settled.kind === "const")
    return { ...s, [side]: replace(s[side], value.name, settled) };
  return { ...s, [side]: [{ ...value, value: settled }, ...s[side]] };
}

/** A value where it is known of `test` that it holds (1) or not (0): what chooses by it is chosen. */
function settle(e: NestExpr, test: NestExpr, holds: 0 | 1): NestExpr {
  if (e.kind === "select" && test.kind === "var" && e.cond.kind === "var")
    if (e.cond.name === test.name) return settle(holds === 1 ? e.then : e.else, test, holds);
  return mapOperands(e, (inner) => settle(inner, test, holds));
}

/** `block` with `value` for a name. */
function replace(block: Block, name: string, value: NestExpr): Block {
  const within = (e: NestExpr): NestExpr =>
    e.kind === "var" && e.name === name ? value : mapOperands(e, within);
  return block.map((stmt): Stmt => {
    const s = mapExprs(stmt, within);
    if (s.kind === "for") return { ...s, body: replace(s.body, name, value) };
    if (s.kind !== "if") return s;
    return { ...s, then: replace(s.then, name, value), else: replace(s.else, name, value) };
  });
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
