// Expressions become statements. Each value is computed once, in the outermost scope that binds all it
// depends on, so hoisting and common subexpressions need no rule of their own. tidy.ts then puts back what
// is used once.

import { extentOf, make, partOf, select } from "../ir/build.ts";
import { type Expr, index, type Kind, kindOf, type Loop, unreachable } from "../ir/expr.ts";
import {
  type NestExpr,
  type NestOp,
  type Scalar,
  type Stmt,
  typeOf,
  variable,
} from "../ir/nest.ts";
import { isNonNegative } from "../ir/ranges.ts";
import { children, freeLoops } from "../ir/walk.ts";
import { access } from "./address.ts";
import { type Context, type Contexts, isInside } from "./contexts.ts";
import type { Names } from "./names.ts";
import {
  deepest,
  innermostGuard,
  innerScope,
  leaveBranches,
  outermostBinding,
  outwards,
  type Placed,
  type Scope,
  withinGuards,
} from "./scope.ts";

/** What reads refer to. */
export interface Source {
  /** The buffer that holds a part of its elements. */
  readonly buffer: (part: number) => string;
  readonly dtype: Exclude<Scalar, "bool">;
  /** Its axes and their extents, where a read does not name them (stages). */
  readonly axes: readonly string[];
  readonly extents: readonly Expr[];
}

export interface Placer {
  /** The value of `e`, usable anywhere in `here`; what it needs is added to `here` and scopes around it. */
  readonly lower: (e: Expr, here: Scope) => NestExpr;
  /** Opens `loops` inside `here`, innermost last; `close` appends them. */
  readonly openLoops: (loops: readonly Loop[], here: Scope) => { scope: Scope; close: () => void };
  readonly declare: (scope: Scope, hint: string, value: NestExpr) => NestExpr;
}

export interface PlacerOptions {
  readonly root: Scope;
  readonly names: Names;
  readonly contexts: Contexts;
  readonly sources: ReadonlyMap<string, Source>;
  readonly types: Readonly<Record<Exclude<Kind, "data">, Scalar>>;
  /** Called for each launch-time scalar and build-time constant that is used. */
  readonly onScalar: (name: string, type: "i32" | "f32") => void;
  readonly onConstant: (name: string) => void;
}

type For = Extract<Stmt, { kind: "for" }>;
type Local = Extract<Stmt, { kind: "local" }>;
type Case<K extends Expr["kind"]> = Extract<Expr, { kind: K }>;

const zeroOf = (type: Scalar): NestExpr => ({ kind: "const", type, value: 0 });
const operation = (op: NestOp, type: Scalar, ...args: readonly NestExpr[]): NestExpr => ({
  kind: "op",
  op,
  args,
  type,
});
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
const not = (arg: NestExpr): NestExpr => operation("not", "bool", arg);

export function createPlacer(options: PlacerOptions): Placer {
  const { root, names, sources, types, contexts } = options;
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

  const place = (e: Expr, here: Scope): Placed => {
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
        return computeRead(e, here);
      case "select":
        return computeSelect(e, here);
      case "part":
        return computeReduce(e, here);
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

  function computeOp(e: Case<"op">, here: Scope): Placed {
    const [a, b, c, d] = e.args;
    if (e.op === "owner") return place(make("idiv", a!, make("idiv", b!, c!)), here);
    if (e.op === "member")
      return place(make("add", make("mul", a!, make("idiv", c!, d!)), b!), here);
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

  function sourceOf(from: string): Source {
    const source = sources.get(from);
    if (!source) throw new Error(`nothing to read named ${from}`);
    return source;
  }

  const addressOf = (e: Case<"read">) => {
    const source = sourceOf(e.from);
    const tensor = e.axes.length > 0;
    const axes = tensor ? e.axes : source.axes;
    const found = access(e.from, e.at, tensor ? axes.map(extentOf) : source.extents, axes);
    for (const [part, hint] of found.hints) if (!hints.has(part)) hints.set(part, hint);
    return found;
  };

  function computeRead(e: Case<"read">, here: Scope): Placed {
    const { address, exists } = addressOf(e);
    const placed = place(address, here);
    const test = e.border === "zero" && exists ? place(exists, here) : undefined;
    const scope = deepest(
      [placed.scope, innermostGuard(here), ...(test ? [test.scope] : [])],
      root,
    );
    return define(
      e,
      loadFrom(e, placed.value, test?.value),
      withinGuards(scope, here),
      `${e.from}_value`,
    );
  }

  function loadFrom(e: Case<"read">, address: NestExpr, exists?: NestExpr): NestExpr {
    const source = sourceOf(e.from);
    const to = typeFor(e.type);
    const load: NestExpr = {
      kind: "load",
      buffer: source.buffer(e.part),
      address,
      type: source.dtype,
      width: 1,
    };
    const value: NestExpr = source.dtype === to ? load : { kind: "cast", to, arg: load };
    return exists ? { kind: "select", cond: exists, then: value, else: zeroOf(to) } : value;
  }

  /** Does `e` need a read or a walk that is needed in `branch` only, and not done yet? */
  function isHeavy(e: Expr, branch: Context, here: Scope): boolean {
    const context = contexts.of(e);
    if (find(e, here) || (context && !isInside(context, branch))) return false;
    if (e.kind === "read" || e.kind === "part") return true;
    return children(e).some((arg) => isHeavy(arg, branch, here));
  }

  const isHeavySelect = (e: Case<"select">, here: Scope): boolean =>
    isHeavy(e.then, contexts.branch(e, "then"), here) ||
    isHeavy(e.else, contexts.branch(e, "else"), here);

  /** Is `e` to be written as an `if`? */
  const needsBranches = (e: Case<"select">, here: Scope): boolean =>
    !find(e, here) &&
    find(e.cond, here)?.value.kind !== "const" &&
    isHeavySelect(e, here) &&
    !oneOfTwoElements(e);

  function computeSelect(e: Case<"select">, here: Scope): Placed {
    const known = find(e.cond, here)?.value;
    if (known?.kind === "const") return place(known.value !== 0 ? e.then : e.else, here);
    if (!isHeavySelect(e, here)) {
      const [cond, then, otherwise] = [e.cond, e.then, e.else].map((arg) => place(arg, here));
      const scopes = [cond!.scope, then!.scope, otherwise!.scope];
      const value: NestExpr = {
        kind: "select",
        cond: cond!.value,
        then: then!.value,
        else: otherwise!.value,
      };
      return define(e, value, withinGuards(deepest(scopes, root), here));
    }
    const one = oneOfTwoElements(e);
    if (one) {
      const cond = place(e.cond, here);
      const address = place(one.address, here);
      const scope = deepest([cond.scope, address.scope, innermostGuard(here)], root);
      return define(e, loadFrom(one.read, address.value), scope, `${one.read.from}_value`);
    }
    return computeBranches(e, here);
  }

  /** Two elements of one tensor: read one, at the address of the branch taken. */
  function oneOfTwoElements(e: Case<"select">) {
    const { then, else: other } = e;
    if (then.kind !== "read" || other.kind !== "read") return undefined;
    if (then.from !== other.from || then.part !== other.part) return undefined;
    const [a, b] = [addressOf(then), addressOf(other)];
    if ((then.border === "zero" && a.exists) || (other.border === "zero" && b.exists))
      return undefined;
    return { read: then, address: select(e.cond, a.address, b.address) };
  }

  function computeBranches(e: Case<"select">, here: Scope): Placed {
    const scope = outermostBinding(here, freeLoops(e), innermostGuard(here));
    const cond = place(e.cond, scope).value;
    const type = typeFor(kindOf(e));
    const name = names.fresh(names.of(e) ?? "value");
    const init: NestExpr = e.else.kind === "const" ? place(e.else, scope).value : zeroOf(type);
    const local = { kind: "local", name, type, init } as const;
    scope.body.push(local);
    branchInto(local, e, cond, scope);
    const value = variable(name, type);
    scope.values.set(e, value);
    return { value, scope };
  }

  /** Sets `local` to the value of `e`, branch by branch; a branch that is a choice itself needs no variable. */
  function branchInto(local: Local, e: Case<"select">, cond: NestExpr, scope: Scope): void {
    const branch = (taken: "then" | "else"): Stmt[] => {
      const inner = innerScope(scope, "guarded", contexts.branch(e, taken));
      assume(e.cond, taken === "then" ? 1 : 0, inner);
      const value = e[taken];
      if (value.kind === "select" && needsBranches(value, inner) && isOwn(value, inner))
        branchInto(local, value, place(value.cond, inner).value, inner);
      else {
        const result = place(value, inner).value;
        const same = result.kind === "const" && local.init.kind === "const";
        if (!(same && result.value === local.init.value))
          inner.body.push({ kind: "set", name: local.name, value: result });
      }
      return inner.body;
    };
    const then = branch("then");
    scope.body.push({ kind: "if", cond, then, else: branch("else") });
  }

  /** Is `e` needed in the branch of `inner` only? */
  const isOwn = (e: Expr, inner: Scope): boolean => {
    const context = contexts.of(e);
    return context !== undefined && inner.context !== undefined && isInside(context, inner.context);
  };

  /** In a branch the condition is known, and so are the parts of a conjunction that holds. */
  function assume(cond: Expr, holds: 0 | 1, scope: Scope): void {
    scope.values.set(cond, { kind: "const", type: "bool", value: holds });
    if (cond.kind === "op" && cond.op === (holds ? "and" : "or"))
      for (const arg of cond.args) assume(arg, holds, scope);
  }

  function computeReduce(e: Case<"part">, here: Scope): Placed {
    const { of } = e;
    const scope = outermostBinding(here, freeLoops(e), innermostGuard(here));
    const accumulators = of.bodies.map((body, i): Extract<NestExpr, { kind: "var" }> => {
      const type = typeFor(kindOf(body));
      const init = place(of.from[i]!, scope).value;
      const name = names.fresh(names.of(partOf(of, i)) ?? (of.op === "sum" ? "sum" : "best"));
      scope.body.push({ kind: "local", name, type, init });
      return { kind: "var", name, type };
    });
    const found = of.op === "max" ? names.fresh("found") : undefined;
    if (found !== undefined)
      scope.body.push({ kind: "local", name: found, type: "bool", init: zeroOf("bool") });

    const { scope: inside, close } = openLoops(of.over, scope);
    for (const body of of.bodies) if (!hints.has(body)) hints.set(body, "term");
    const bodies = of.bodies.map((body) => place(body, inside).value);
    const update = accumulators.map((to, i): Stmt => {
      const value = of.op === "sum" ? operation("add", to.type, to, bodies[i]!) : bodies[i]!;
      return { kind: "set", name: to.name, value };
    });
    if (found === undefined) inside.body.push(...update);
    else {
      const greater = operation("lt", "bool", accumulators[0]!, bodies[0]!);
      const cond = operation("or", "bool", not(variable(found, "bool")), greater);
      const yes: NestExpr = { kind: "const", type: "bool", value: 1 };
      const seen: Stmt = { kind: "set", name: found, value: yes };
      inside.body.push({ kind: "if", cond, then: [...update, seen], else: [] });
    }
    close();
    for (const [i, value] of accumulators.entries()) scope.values.set(partOf(of, i), value);
    return { value: accumulators[e.part]!, scope };
  }

  function openLoops(loops: readonly Loop[], here: Scope) {
    const opened: { outer: Scope; inner: Scope; header: Omit<For, "body"> }[] = [];
    let scope = here;
    for (const l of loops) {
      const [lo, hi] = [place(l.lo, scope).value, place(l.hi, scope).value];
      const name = names.fresh(names.of(l) ?? l.axis.toLowerCase());
      const inner = innerScope(scope, [l]);
      inner.values.set(index(l), variable(name));
      opened.push({
        outer: scope,
        inner,
        header: { kind: "for", variable: name, lo, hi, by: "serial" },
      });
      scope = inner;
    }
    const close = () => {
      for (const { outer, inner, header } of opened.toReversed())
        outer.body.push({ ...header, body: inner.body });
    };
    return { scope, close };
  }

  return { lower: (e, here) => place(e, here).value, openLoops, declare };
}
