// One expression of the tensor IR as a line of text: infix, with the author's names where there are
// any.

import { type Expr, isZero, kindOf, type Loop, type Reduce, unreachable } from "./expr.ts";
import type { OpName } from "./ops.ts";

/** How things are called in a text. */
export interface Names {
  /** The name of a value that has a line of its own, which then stands for it. */
  readonly value: (e: Expr) => string | undefined;
  readonly loop: (l: Loop) => string;
  readonly reduce: (r: Reduce) => string | undefined;
  /** The author's word for a value of an option; without it options are compared with numbers. */
  readonly choice?: (option: string, value: number) => string | undefined;
  /** For readers of formulas: signs of mathematics, and nothing of the kinds of values. */
  readonly mathematics?: boolean;
}

/** How tightly an operator binds; a call binds tightest. */
const infix: Partial<Readonly<Record<OpName, readonly [text: string, level: number]>>> = {
  or: ["||", 2],
  and: ["&&", 3],
  eq: ["==", 4],
  lt: ["<", 5],
  le: ["<=", 5],
  add: ["+", 6],
  sub: ["-", 6],
  mul: ["*", 7],
  div: ["/", 7],
};

const signs: Partial<Readonly<Record<OpName, string>>> = {
  or: "or",
  and: "and",
  eq: "=",
  le: "≤",
  mul: "·",
  neg: "−",
  sub: "−",
  not: "not ",
};

/** Functions that formulas call otherwise. */
const called: Partial<Readonly<Record<OpName, string>>> = {
  minimum: "min",
  maximum: "max",
  floorf: "floor",
  ceilf: "ceil",
  roundf: "round",
  rintf: "rint",
};

/** Of f32: a number is finite where it is not beyond it. */
const largest = 3.4028234663852886e38;

/** A number as text, exactly: a real one always with a point, so that kinds can be told apart. */
export function showNumber(value: number, real: boolean): string {
  if (Object.is(value, -0)) return real ? "-0.0" : "-0";
  return real && Number.isInteger(value) && Math.abs(value) < 1e15
    ? value.toFixed(1)
    : String(value);
}

/** `e` as text; `level` is how tightly what stands around it binds. */
export function showExpr(e: Expr, names: Names, level = 0): string {
  const name = names.value(e);
  return name === undefined ? showNode(e, names, level) : name;
}

/**
 * Like `showExpr`, but writes `e` itself out although it may have a name: the right side of its own
 * line.
 */
export function showNode(e: Expr, names: Names, level = 0): string {
  const show = (x: Expr): string => showExpr(x, names);
  const wrap = (text: string, own: number): string => (own < level ? `(${text})` : text);
  switch (e.kind) {
    case "const":
      if (e.type === "bool") return e.value === 0 ? "false" : "true";
      return names.mathematics
        ? String(e.value).replace("-", "−")
        : showNumber(e.value, e.type !== "int");
    case "attr":
      return e.name;
    case "option":
      return `option ${e.name}`;
    case "size":
      return e.axis;
    case "index":
      return names.loop(e.loop);
    case "read": {
      const border = e.border === "inside" ? "" : `.${e.border}`;
      const which = e.part === 0 ? "" : `.${e.part}`;
      return `${e.from}${border}[${e.at.map(show).join(", ")}]${which}`;
    }
    case "op": {
      const how = infix[e.op];
      const [a, b] = e.args;
      const sign = names.mathematics ? signs[e.op] : undefined;
      if (names.mathematics && e.op === "le" && a?.kind === "op" && a.op === "abs")
        if (b?.kind === "const" && b.value === largest)
          return wrap(`${showExpr(a.args[0]!, names, 6)} is finite`, 5);
      if (e.op === "eq" && a?.kind === "option" && b?.kind === "const") {
        const word = names.choice?.(a.name, b.value);
        if (word !== undefined) return wrap(`${a.name} == ${word}`, 4);
      }
      if (how && a && b) {
        const [text, own] = how;
        const left = showExpr(a, names, own);
        return wrap(`${left} ${sign ?? text} ${showExpr(b, names, own + 1)}`, own);
      }
      if (e.op === "neg" || e.op === "not")
        return `${sign ?? (e.op === "neg" ? "-" : "!")}${showExpr(a!, names, 8)}`;
      return `${(names.mathematics ? called[e.op] : undefined) ?? e.op}(${e.args.map(show).join(", ")})`;
    }
    case "cast":
      // Any arithmetic turns data into acc: not worth saying.
      if (names.mathematics || (e.to === "acc" && kindOf(e.arg) === "data"))
        return showExpr(e.arg, names, level);
      return `${e.to}(${show(e.arg)})`;
    case "select": {
      const [cond, then, otherwise] = [e.cond, e.then, e.else].map((x) => showExpr(x, names, 2));
      if (names.mathematics) return wrap(`${then} if ${cond}, else ${otherwise}`, 1);
      return wrap(`${cond} ? ${then} : ${otherwise}`, 1);
    }
    case "part": {
      const of = names.reduce(e.of) ?? showHead(e.of, names);
      return e.of.bodies.length > 1 ? `${of}.${e.part}` : of;
    }
    default:
      return unreachable(e);
  }
}

/** What a reduction walks, e.g. `sum over k < I, i < KH from 0.0`. */
export function showHead(r: Reduce, names: Names): string {
  const over = r.over.map((l) => showRange(l, names)).join(", ");
  const from = r.from.map((start) => showExpr(start, names)).join(", ");
  if (!names.mathematics) return `${r.op} over ${over} from ${from}`;
  return r.op === "sum"
    ? `Σ over ${over} of${r.from.every(isZero) ? "" : ` ${from} and`}`
    : `max over ${over} (${from} where there is none) of`;
}

/** A loop as text: `k < K`, or `k in lo .. hi` (hi not included) where it does not start at 0. */
export function showRange(l: Loop, names: Names): string {
  const hi = showExpr(l.hi, names, 6);
  const range = isZero(l.lo)
    ? `${names.loop(l)} < ${hi}`
    : `${names.loop(l)} in ${showExpr(l.lo, names)} .. ${hi}`;
  return l.cover && !names.mathematics ? `${range} (cover)` : range;
}
