// Names replaced by values, and what then is known of whole numbers computed.

import type { Block, NestExpr, Scalar, Stmt } from "../ir/nest.ts";
import { typeOf } from "../ir/nest.ts";
import { mapExprs, mapOperands } from "../ir/nestWalk.ts";
import { ops } from "../ir/ops.ts";

/** What names become. */
export type Replacements = ReadonlyMap<string, NestExpr>;

const wholes: ReadonlySet<Scalar> = new Set<Scalar>(["i32", "bool"]);

const isConst = (e: NestExpr | undefined, value: number): boolean =>
  e?.kind === "const" && e.value === value;

/** `e` with names replaced; parts that are known whole numbers or truths are computed. */
export function substitute(e: NestExpr, by: Replacements): NestExpr {
  if (e.kind === "var") return by.get(e.name) ?? e;
  return compute(mapOperands(e, (x) => substitute(x, by)));
}

function compute(e: NestExpr): NestExpr {
  if (e.kind === "select" && e.cond.kind === "const") return e.cond.value ? e.then : e.else;
  if (e.kind !== "op" || !wholes.has(e.type)) return e;
  const [a, b] = e.args;
  if (!a || !wholes.has(typeOf(a))) return e;
  if (e.args.every((x) => x.kind === "const")) {
    const values = e.args.map((x) => (x.kind === "const" ? x.value : 0));
    const value = evaluateWhole(e.op, values);
    if (value !== undefined) return { kind: "const", type: e.type, value };
  }
  switch (e.op) {
    case "add":
      if (isConst(a, 0)) return b!;
      if (isConst(b, 0)) return a;
      // (x + 1) + 2 is x + 3.
      if (b?.kind === "const" && a.kind === "op" && a.op === "add") {
        const [x, c] = a.args;
        if (c?.kind === "const")
          return compute({ ...e, args: [x!, { ...c, value: c.value + b.value }] });
      }
      return e;
    case "sub":
      return isConst(b, 0) ? a : e;
    case "mul":
      if (isConst(a, 1)) return b!;
      if (isConst(b, 1)) return a;
      return isConst(a, 0) || isConst(b, 0) ? { kind: "const", type: e.type, value: 0 } : e;
    case "and":
      return isConst(a, 1) ? b! : isConst(b, 1) ? a : e;
    case "or":
      return isConst(a, 0) ? b! : isConst(b, 0) ? a : e;
    default:
      return e;
  }
}

/** The value of an operation on whole numbers; undefined where a machine would not compute it so. */
function evaluateWhole(op: Extract<NestExpr, { kind: "op" }>["op"], of: readonly number[]) {
  if (op === "total") return undefined;
  const [a = 0, b = 0] = of;
  const plain = op === "quot" || op === "rem";
  if ((plain || op === "idiv" || op === "mod") && (b <= 0 || (plain && a < 0))) return undefined;
  const value = plain
    ? op === "quot"
      ? Math.trunc(a / b)
      : a % b
    : Number((ops[op].value as (...x: readonly number[]) => number)(...of));
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value + 0 : undefined;
}

/**
 * The statements of `block` with names replaced. What it defines is called as `rename` says; values that become
 * known numbers are not named at all.
 */
export function substituteBlock(
  block: Block,
  by: Replacements,
  rename: (name: string) => string,
): Block {
  const known = new Map(by);
  return block.flatMap((s): Stmt[] => {
    const next = mapExprs(s, (e) => substitute(e, known));
    switch (next.kind) {
      case "let": {
        const { name, type, value, lanes } = next;
        if (value.kind === "const" && lanes === undefined && wholes.has(type)) {
          known.set(name, value);
          return [];
        }
        return [defined(next, known, rename)];
      }
      case "local":
        return [defined(next, known, rename)];
      case "set": {
        const target = known.get(next.name);
        return [target?.kind === "var" ? { ...next, name: target.name } : next];
      }
      case "for": {
        const variable = rename(next.variable);
        const inside = new Map(known).set(next.variable, {
          kind: "var",
          name: variable,
          type: "i32",
        });
        return [{ ...next, variable, body: substituteBlock(next.body, inside, rename) }];
      }
      case "if": {
        const then = substituteBlock(next.then, known, rename);
        const otherwise = substituteBlock(next.else, known, rename);
        if (next.cond.kind === "const") {
          const taken = next.cond.value ? then : otherwise;
          // What defines names keeps its braces.
          if (!taken.some((x) => x.kind === "let" || x.kind === "local")) return [...taken];
        }
        return [{ ...next, then, else: otherwise }];
      }
      default:
        return [next];
    }
  });
}

function defined<S extends Extract<Stmt, { kind: "let" | "local" }>>(
  s: S,
  known: Map<string, NestExpr>,
  rename: (name: string) => string,
): S {
  const { type, lanes } = s;
  const name = rename(s.name);
  known.set(s.name, { kind: "var", name, type, ...(lanes !== undefined && { lanes }) });
  return { ...s, name };
}

/** Gives names that nothing in a nest has yet, made of others. */
export function freshNames(taken: Iterable<string>): (base: string) => string {
  const all = new Set(taken);
  return (base) => {
    let name = base;
    for (let n = 2; all.has(name); n++) name = `${base}_${n}`;
    all.add(name);
    return name;
  };
}
