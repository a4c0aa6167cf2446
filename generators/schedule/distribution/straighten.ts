// Conditions whose outcome differs between the iterations of a loop become selects, so that what is inside can run
// for several iterations at once.

import { type Block, type NestExpr, type Stmt, typeOf, variable } from "../../ir/nest.ts";
import { mapExprs, visitBlock } from "../../ir/nestWalk.ts";
import { type Fresh, mapBlock, replace } from "./names.ts";
import { loadsOf, type Variance } from "./varying.ts";

type If = Extract<Stmt, { kind: "if" }>;

/**
 * Flags that a condition's own failure shows to be set already, are set without it: in
 * `if (!found || a < b) { …; found = true }` the flag no longer differs between iterations.
 */
export const freeFlags = (body: Block): Block =>
  mapBlock(body, (s) => {
    if (s.kind !== "if" || s.else.length > 0) return [s];
    const flags = disjuncts(s.cond).flatMap((e) => {
      const [arg] = e.kind === "op" && e.op === "not" ? e.args : [];
      return arg?.kind === "var" ? [arg.name] : [];
    });
    const isFree = (inner: Stmt): boolean =>
      inner.kind === "set" &&
      flags.includes(inner.name) &&
      inner.value.kind === "const" &&
      inner.value.value === 1;
    const free = s.then.filter(isFree);
    return free.length === 0 ? [s] : [{ ...s, then: s.then.filter((x) => !isFree(x)) }, ...free];
  });

/** Conditions that differ between iterations as selects, where both sides are safe to compute. */
export const convertConditions = (body: Block, { varies }: Variance, fresh: Fresh): Block =>
  mapBlock(body, (s) => {
    if (s.kind !== "if" || !varies(s.cond)) return [s];
    if (![...s.then, ...s.else].every(isSafe)) return [s];
    const tests = disjuncts(s.cond);
    const same = disjunction(tests.filter((e) => !varies(e)));
    return selectInto(s, same, disjunction(tests.filter(varies))!, fresh);
  });

const disjuncts = (e: NestExpr): readonly NestExpr[] =>
  e.kind === "op" && e.op === "or" ? e.args.flatMap(disjuncts) : [e];

const disjunction = (tests: readonly NestExpr[]): NestExpr | undefined =>
  tests.length === 0
    ? undefined
    : tests.reduce((a, b) => ({ kind: "op", op: "or", args: [a, b], type: "bool" }));

/** May a statement be run where its condition does not hold, but for what it sets? */
function isSafe(s: Stmt): boolean {
  if (s.kind !== "let" && s.kind !== "set") return false;
  return loadsOf(s.value).length === 0 && !divides(s.value);
}

const divides = (e: NestExpr): boolean =>
  e.kind === "op" && (e.op === "quot" || e.op === "rem" || e.op === "idiv" || e.op === "mod")
    ? true
    : e.kind === "op"
      ? e.args.some(divides)
      : e.kind === "cast"
        ? divides(e.arg)
        : e.kind === "select" && [e.cond, e.then, e.else].some(divides);

/** Both sides one after another; what is set keeps its value where its side is not taken. */
function selectInto(s: If, same: NestExpr | undefined, apart: NestExpr, fresh: Fresh): Block {
  const name = fresh("chosen");
  const choose = (cond: NestExpr, then: NestExpr, other: NestExpr): NestExpr => ({
    kind: "select",
    cond,
    then,
    else: other,
  });
  const side = (block: Block, taken: boolean): Block =>
    block.map((inner): Stmt => {
      if (inner.kind !== "set") return inner;
      const old = variable(inner.name, typeOf(inner.value));
      const [then, other] = taken ? [inner.value, old] : [old, inner.value];
      const value = choose(variable(name, "bool"), then, other);
      return { ...inner, value: same ? choose(same, then, value) : value };
    });
  return [
    { kind: "let", name, type: "bool", value: apart },
    ...side(s.then, true),
    ...side(s.else, false),
  ];
}

/** A block in which variables that are never set are the numbers that they start with. */
export function settleUnset(body: Block): Block {
  const set = new Set<string>();
  const starts = new Map<string, NestExpr>();
  visitBlock(body, (s) => {
    if (s.kind === "set") set.add(s.name);
    if (s.kind === "local" && s.init.kind === "const") starts.set(s.name, s.init);
  });
  for (const name of set) starts.delete(name);
  return mapBlock(body, (s) =>
    s.kind === "local" && starts.has(s.name) ? [] : [mapExprs(s, (e) => replace(e, starts))],
  );
}
