// How large the whole numbers of a kernel can become, as formulas: kernels count with 32 bits, and attributes
// such as a stride multiply indices. Sizes alone need no bound here: arrays have as many elements.

import type { Formula } from "../../targets/contract/program.ts";
import { type Expr, kindOf } from "../ir/expr.ts";
import { type AttrDecl, type Kernel, optionValues, rootsOf } from "../ir/kernel.ts";
import type { OpName } from "../ir/ops.ts";
import { children, visit } from "../ir/walk.ts";

/** A formula that is at least the absolute value; undefined where it depends on data or real numbers. */
type Magnitude = Formula | undefined;

function combine(args: readonly Magnitude[], write: (...texts: string[]) => string): Magnitude {
  return args.every((arg) => arg !== undefined) ? write(...(args as readonly string[])) : undefined;
}

const larger = (a: string, b: string): string => (a === b ? a : `max(${a}, ${b})`);

const largestOption = (attr: AttrDecl): number => optionValues(attr).length - 1;

function createMeasure({ attrs }: Kernel): (e: Expr) => Magnitude {
  const known = new Map<Expr, Magnitude>();
  const measure = (e: Expr): Magnitude => {
    if (!known.has(e)) known.set(e, kindOf(e) === "int" ? find(e) : undefined);
    return known.get(e);
  };
  const find = (e: Expr): Magnitude => {
    switch (e.kind) {
      case "const":
        return String(Math.abs(e.value));
      case "size":
        return e.axis;
      case "option":
        return String(Math.max(0, ...attrs.filter((a) => a.name === e.name).map(largestOption)));
      case "attr":
        return `abs(${e.name.replaceAll(".", "_")})`;
      case "index":
        return combine([measure(e.loop.lo), measure(e.loop.hi)], (lo, hi) =>
          lo === "0" ? hi : larger(lo, hi),
        );
      case "select":
        return combine([measure(e.then), measure(e.else)], larger);
      case "cast":
        return kindOf(e.arg) === "bool" ? "1" : measure(e.arg);
      case "op":
        return findOp(e);
      case "read":
      case "part":
        return undefined;
      default:
        return e satisfies never;
    }
  };
  const findOp = ({ op, args }: Extract<Expr, { kind: "op" }>): Magnitude => {
    const all = args.map(measure);
    switch (op) {
      case "add":
      case "sub":
        return combine(all, (a, b) => `(${a} + ${b})`);
      case "mul":
        return combine(all, (a, b) => `${a} * ${b}`);
      case "minimum":
      case "maximum":
        return combine(all, larger);
      case "neg":
      case "abs":
      case "idiv":
        return all[0];
      case "mod":
        return all[1];
      case "owner":
      case "member":
        return all[2]; // the axis that it lies on
      default:
        return undefined; // made of a real number: it saturates
    }
  };
  return measure;
}

/** Where the result is in bounds, the operands are. */
const growing: ReadonlySet<OpName> = new Set<OpName>(["add", "sub", "mul", "neg", "abs"]);

/** Formulas over sizes and attributes, each of which must be at most 2^31 - 1. */
export function boundsOf(kernel: Kernel): readonly Formula[] {
  const measure = createMeasure(kernel);
  const computed: Expr[] = [];
  const inside = new Set<Expr>();
  visit(kernel.stages.flatMap(rootsOf), (e) => {
    if (e.kind !== "op" || measure(e) === undefined) return;
    computed.push(e);
    if (growing.has(e.op)) for (const child of children(e)) inside.add(child);
  });
  const outermost = computed.filter((e) => !inside.has(e)).map((e) => measure(e)!);
  return [...new Set(outermost)].filter((formula) => formula.includes("abs("));
}
