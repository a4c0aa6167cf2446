// A loop's body as pieces: what is the same for all iterations, and what each of them does for itself.

import { type Block, type NestExpr, type Stmt, variable } from "../../ir/nest.ts";
import { blocksOf, expressionsOf } from "../../ir/nestWalk.ts";
import { mentions } from "./names.ts";
import { loadsOf, type Variance } from "./varying.ts";

/** Statements one after another that each iteration runs: several iterations at once, or one after another. */
export interface Unit {
  readonly kind: "unit";
  readonly by: "vector" | "serial";
  readonly body: Block;
}

/** A part of a body, in order. */
export type Piece =
  | Unit
  /** Runs once for all iterations. */
  | { readonly kind: "same"; readonly statement: Stmt }
  /** A loop or condition that is the same for all iterations, around what is not. */
  | {
      readonly kind: "around";
      readonly statement: Extract<Stmt, { kind: "for" | "if" }>;
      readonly inner: readonly (readonly Piece[])[];
    };

/** What a value is made of where it is used: what may be made anew takes the place of its name. */
export type Resolve = (e: NestExpr) => NestExpr;

/** Is a `let` made anew where it is used? */
export type IsAnew = (name: string) => boolean;

/** The pieces of a loop's body. */
export function cutBlock(
  block: Block,
  variance: Variance,
  resolve: Resolve,
  isAnew: IsAnew,
): readonly Piece[] {
  const out: Piece[] = [];
  let pending: Stmt[] = [];
  const flush = () => {
    out.push(...unitsOf(pending, variance, resolve));
    pending = [];
  };
  const cut = (inner: Block) => cutBlock(inner, variance, resolve, isAnew);
  for (const s of block) {
    if (s.kind === "let" && isAnew(s.name)) continue;
    if (s.kind === "for" || s.kind === "if") {
      flush();
      if (!isOwn(s, variance)) out.push({ kind: "same", statement: s });
      else if (expressionsOf(s).some(variance.varies))
        out.push({ kind: "unit", by: "serial", body: [s] });
      else out.push({ kind: "around", statement: s, inner: blocksOf(s).map(cut) });
    } else if (isOwn(s, variance)) pending.push(s);
    else {
      if (s.kind === "set" && pending.some((x) => mentions(x, s.name))) flush();
      out.push({ kind: "same", statement: s });
    }
  }
  flush();
  return out;
}

/** Does each iteration run a statement, or something in it, for itself? */
function isOwn(s: Stmt, variance: Variance): boolean {
  switch (s.kind) {
    case "let":
    case "local":
    case "set":
      return variance.varies(variable(s.name));
    case "store":
    case "accumulate":
      return true;
    case "barrier":
      return false;
    case "for":
    case "if":
      return (
        expressionsOf(s).some(variance.varies) ||
        blocksOf(s).some((block) => block.some((inner) => isOwn(inner, variance)))
      );
    default:
      return s satisfies never;
  }
}

/**
 * Plain statements as units. What reads memory apart, and needs nothing of the others, comes first, and what writes
 * memory apart comes last, so that what is between runs at once.
 */
function unitsOf(block: readonly Stmt[], variance: Variance, resolve: Resolve): readonly Unit[] {
  const made = new Set(block.flatMap((s) => ("name" in s ? [s.name] : [])));
  const first = new Set<string>();
  const rank = (s: Stmt): number => {
    if (isAtOnce(s, variance, resolve)) return 1;
    if (s.kind === "store" || s.kind === "accumulate") return 2;
    const needs = [...made].some((name) => !first.has(name) && s.kind === "let" && uses(s, name));
    if (s.kind !== "let" || needs) return 1;
    first.add(s.name);
    return 0;
  };
  const uses = (s: Stmt, name: string): boolean =>
    expressionsOf(s).some((e) => mentions({ kind: "set", name: "", value: resolve(e) }, name));
  const ranked = block.map((s) => ({ s, rank: rank(s) }));
  const units: { kind: "unit"; by: Unit["by"]; body: Stmt[] }[] = [];
  for (const { s } of ranked.toSorted((a, b) => a.rank - b.rank)) {
    const by = isAtOnce(s, variance, resolve) ? "vector" : "serial";
    const last = units.at(-1);
    if (last?.by === by) last.body.push(s);
    else units.push({ kind: "unit", by, body: [s] });
  }
  return units;
}

/** Can several iterations run a plain statement at once? */
function isAtOnce(s: Stmt, { stride, varies }: Variance, resolve: Resolve): boolean {
  const exprs = expressionsOf(s).map(resolve);
  const loads = exprs.flatMap(loadsOf);
  if (loads.some(({ address }) => stride(address) !== 0 && stride(address) !== 1)) return false;
  if (s.kind === "accumulate" && s.mode !== "plain") return false;
  if (s.kind === "store" || s.kind === "accumulate")
    return stride(exprs[0]!) === 1 && isPlain(exprs[1]!, varies, stride);
  return exprs.every((e) => isPlain(e, varies, stride));
}

/** Is the loop's own index used in addresses only, and no whole number divided? */
function isPlain(e: NestExpr, varies: Variance["varies"], stride: Variance["stride"]): boolean {
  if (!varies(e) || e.kind === "load") return true;
  // A number that moves with the index is one made of it.
  if (e.kind === "var") return stride(e) === undefined;
  const go = (x: NestExpr) => isPlain(x, varies, stride);
  switch (e.kind) {
    case "const":
      return true;
    case "op":
      return !divisions.has(e.op) && e.args.every(go);
    case "cast":
      return go(e.arg);
    case "select":
      return [e.cond, e.then, e.else].every(go);
    case "lane":
      return false;
    default:
      return e satisfies never;
  }
}
const divisions: ReadonlySet<string> = new Set(["quot", "rem", "idiv", "mod"]);
