// A unit of a distributed loop as strips of several iterations at once, and what remains one by one.

import { type Block, i32, type NestExpr, type Stmt, variable } from "../../ir/nest.ts";
import {
  expressionsOf,
  mapExprs,
  mapOperands,
  operandsOf,
  variablesOf,
} from "../../ir/nestWalk.ts";
import { copyBlock, type Fresh } from "./names.ts";

/** How far a loop runs, and in strips of how many iterations. */
export interface Range {
  readonly variable: string;
  readonly lo: NestExpr;
  readonly hi: NestExpr;
  readonly by: number;
  /** The first strip, the one after the last whole one, and where the rest begins. */
  readonly first: NestExpr;
  readonly strips: NestExpr;
  readonly rest: NestExpr;
  readonly fresh: Fresh;
}

const int = (op: "add" | "mul", a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op,
  args: [a, b],
  type: "i32",
});

type Binding = Extract<Stmt, { kind: "for" }>["by"];
const loop = (name: string, lo: NestExpr, hi: NestExpr, by: Binding, body: Block): Stmt => ({
  kind: "for",
  variable: name,
  lo,
  hi,
  by,
  body,
});

/** `body` for each iteration, one after another. */
export function runSerially(range: Range, body: Block, lo: NestExpr = range.lo): Block {
  if (body.length === 0) return [];
  const name = range.fresh(range.variable);
  const inside = copyBlock(body, range.fresh, new Map([[range.variable, variable(name)]]));
  return [loop(name, lo, range.hi, "serial", inside)];
}

/** `body` for each iteration, `by` at once. */
function runInStrips(range: Range, body: Block): Block {
  const { fresh, by, first, strips, rest, hi } = range;
  if (body.length === 0) return [];
  if (by === 1) return runSerially(range, body);
  const [strip, lane] = [fresh("strip"), fresh("lane")];
  const at = int("add", int("mul", variable(strip), i32(by)), variable(lane));
  const inside = copyBlock(body, fresh, new Map([[range.variable, at]]));
  const vector = loop(lane, i32(0), i32(by), "vector", inside);
  const whole = loop(strip, first, strips, "serial", [vector]);
  if (hi.kind === "const" && hi.value % by === 0) return [whole];
  return [whole, ...runSerially(range, body, rest)];
}

// Tests that are looked at together: text doubles once, however many they are.
const mostTests = 8;

/**
 * The same, with the tests that all iterations share looked at once: where all have their usual outcome, no choice
 * is left inside. `isOpen` says of a test whether it can change while the launch runs.
 */
export function runUnswitched(range: Range, body: Block, isOpen: (e: NestExpr) => boolean): Block {
  const own = new Set([range.variable, ...body.flatMap((s) => (s.kind === "let" ? [s.name] : []))]);
  const varies = (e: NestExpr): boolean => [...variablesOf(e)].some((name) => own.has(name));
  const tests = new Map<string, { readonly cond: NestExpr; readonly usual: 0 | 1 }>();
  const look = (e: NestExpr): void => {
    if (e.kind === "select" && !varies(e.cond) && isOpen(e.cond)) {
      const key = JSON.stringify(e.cond);
      if (!tests.has(key)) tests.set(key, { cond: e.cond, usual: e.else.kind === "const" ? 1 : 0 });
    }
    operandsOf(e).forEach(look);
  };
  for (const s of body) expressionsOf(s).forEach(look);
  if (tests.size === 0 || tests.size > mostTests) return runInStrips(range, body);
  const settle = (e: NestExpr): NestExpr => {
    const known = e.kind === "select" ? tests.get(JSON.stringify(e.cond)) : undefined;
    if (e.kind === "select" && known) return settle(known.usual === 1 ? e.then : e.else);
    return mapOperands(e, settle);
  };
  const usual = [...tests.values()].map(({ cond, usual }): NestExpr => {
    if (usual === 1) return cond;
    if (cond.kind === "op" && cond.op === "not") return cond.args[0]!;
    return { kind: "op", op: "not", args: [cond], type: "bool" };
  });
  const all = usual.reduce((a, b) => ({ kind: "op", op: "and", args: [a, b], type: "bool" }));
  return [
    {
      kind: "if",
      cond: all,
      then: runInStrips(
        range,
        body.map((s) => mapExprs(s, settle)),
      ),
      else: runInStrips(range, body),
    },
  ];
}
