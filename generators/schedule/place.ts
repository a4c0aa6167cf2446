// Expressions become statements. Each value is computed once, in the outermost scope that binds all it
// depends on, so hoisting and common subexpressions need no rule of their own. tidy.ts then puts back what
// is used once.

import { make } from "../ir/build.ts";
import { type Expr, type Kind, kindOf, unreachable } from "../ir/expr.ts";
import { type NestExpr, type Scalar, typeOf, variable } from "../ir/nest.ts";
import { isNonNegative } from "../ir/ranges.ts";
import { freeLoops } from "../ir/walk.ts";
import { createChoices } from "./choices.ts";
import type { Names } from "./names.ts";
import {
  type Case,
  type Known,
  operation,
  type Placer,
  type PlacerOptions,
  type Placing,
} from "./placing.ts";
import { createReads } from "./reads.ts";
import {
  deepest,
  leaveBranches,
  outwards,
  type Placed,
  type Scope,
  withinGuards,
} from "./scope.ts";
import { createWalks } from "./walks.ts";

/** What to call a value that the author did not name. */
function hintFor(e: Case<"op">, value: NestExpr, names: Names): string {
  const [a, b] = e.args;
  if (e.op === "eq" && a?.kind === "option" && b?.kind === "const")
    return names.choice(a.name, b.value);
  if (e.op === "idiv" && a?.kind === "size" && b?.kind === "size") return `${a.axis}_per_${b.axis}`;
  if (e.op === "sub" && a?.kind === "size") return `last_${a.axis.toLowerCase()}`;
  return plainHint(value);
}
const plainHint = (value: NestExpr): string => {
  const type = typeOf(value);
  return type === "bool" ? "test" : type === "i32" ? "at" : "v";
};

/** Places values in scopes: each is computed once, as far out as its loops and guards allow. */
export function createPlacer(options: PlacerOptions): Placer {
  const { root, names, types, contexts } = options;
  const typeFor = (kind: Kind): Scalar => types[kind === "data" ? "acc" : kind];

  /** What to call values that the author did not name. */
  const hints = new Map<Expr, string>();

  const find = (e: Expr, here: Scope): Placed | undefined => {
    for (const scope of outwards(here)) {
      const value = scope.values.get(e);
      if (value) return { value, scope };
    }
    return undefined;
  };

  const declare = (scope: Scope, hint: string, value: NestExpr): NestExpr => {
    const name = names.fresh(hint);
    const type = typeOf(value);
    scope.body.push({ kind: "let", name, type, value });
    return variable(name, type);
  };

  /** Gives the value of `e` a name in `scope`. */
  const define = (e: Expr, value: NestExpr, scope: Scope, hint = plainHint(value)): Placed => {
    const named = declareNamed(e, scope, value, hint);
    scope.values.set(e, named);
    return { value: named, scope };
  };
  const declareNamed = (e: Expr, scope: Scope, value: NestExpr, hint: string): NestExpr => {
    const authors = names.of(e);
    const result = declare(scope, authors ?? hint, value);
    if (authors !== undefined && result.kind === "var") names.keep(result.name);
    return result;
  };

  /** Whether a test is known to hold in `here`, from the conditions around, and in which of them. */
  const knownTest = (e: Expr, here: Scope): Known | undefined => {
    const found = find(e, here);
    if (found?.value.kind === "const")
      return { holds: found.value.value === 0 ? 0 : 1, scope: found.scope };
    // A test computed outside is known inside where its parts are.
    if (e.kind !== "op") return undefined;
    if (e.op !== "and" && e.op !== "or" && e.op !== "not") return undefined;
    const args = e.args.map((arg) => knownTest(arg, here));
    const [first] = args;
    if (e.op === "not") return first && { holds: first.holds === 1 ? 0 : 1, scope: first.scope };
    const decisive = e.op === "and" ? 0 : 1;
    const one = args.find((arg) => arg?.holds === decisive);
    if (one) return one;
    const scopes = args.flatMap((arg) => (arg ? [arg.scope] : []));
    if (scopes.length < args.length) return undefined;
    return { holds: decisive === 0 ? 1 : 0, scope: deepest(scopes, root) };
  };

  const place = (e: Expr, here: Scope): Placed => {
    const test = knownTest(e, here);
    if (test)
      return { value: { kind: "const", type: "bool", value: test.holds }, scope: test.scope };
    const known = find(e, here);
    if (known) return known;
    const context = contexts.of(e);
    return compute(e, context ? leaveBranches(here, context, freeLoops(e)) : here);
  };

  function compute(e: Expr, here: Scope): Placed {
    switch (e.kind) {
      case "const":
        return { value: { kind: "const", type: typeFor(e.type), value: e.value }, scope: root };
      case "size":
        return scalar(e.axis, "i32");
      case "attr":
        return scalar(e.name.replaceAll(".", "_"), e.type === "int" ? "i32" : "f32");
      case "option":
        options.onConstant(e.name);
        return { value: variable(names.constant(e.name)), scope: root };
      case "index":
        throw new Error(`the index over ${e.loop.axis} is used outside its loop`);
      case "cast":
        return computeCast(e, here);
      case "op":
        return computeOp(e, here);
      case "read":
        return reads.computeRead(e, here);
      case "select":
        return choices.computeSelect(e, here);
      case "part":
        return walks.computeReduce(e, here);
      default:
        return unreachable(e);
    }
  }

  const scalar = (name: string, type: "i32" | "f32"): Placed => {
    options.onScalar(name, type);
    return { value: variable(name, type), scope: root };
  };

  function computeCast(e: Case<"cast">, here: Scope): Placed {
    const arg = place(e.arg, here);
    const to = typeFor(e.to);
    if (typeOf(arg.value) === to) return arg;
    return { value: { kind: "cast", to, arg: arg.value }, scope: arg.scope };
  }

  /** What `e` stands for, under the author's name for it. */
  function placeAs(e: Expr, meaning: Expr, here: Scope): Placed {
    const name = names.of(e);
    if (name !== undefined) hints.set(meaning, name);
    return place(meaning, here);
  }

  function computeOp(e: Case<"op">, here: Scope): Placed {
    const [a, b, c, d] = e.args;
    if (e.op === "owner") return placeAs(e, make("idiv", a!, make("idiv", b!, c!)), here);
    if (e.op === "member")
      return placeAs(e, make("add", make("mul", a!, make("idiv", c!, d!)), b!), here);
    const plain = isNonNegative(a!) && (b === undefined || isNonNegative(b));
    const name = plain && e.op === "idiv" ? "quot" : plain && e.op === "mod" ? "rem" : e.op;
    const args = e.args.map((arg) => place(arg, here));
    const base = deepest(
      args.map((arg) => arg.scope),
      root,
    );
    const value = operation(name, typeFor(kindOf(e)), ...args.map((arg) => arg.value));
    return define(e, value, withinGuards(base, here), hints.get(e) ?? hintFor(e, value, names));
  }

  const placing: Placing = { options, hints, typeFor, find, knownTest, place, define };
  const reads = createReads(placing);
  const choices = createChoices(placing, reads);
  const walks = createWalks(placing);
  return {
    lower: (e, here) => place(e, here).value,
    openLoops: walks.openLoops,
    declare,
    assume: choices.assume,
  };
}
