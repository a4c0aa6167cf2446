// Conditions and lists of values as files write them, in Python, as our data.

import { TuningError } from "../space/error.ts";
import { evaluate, parametersOf } from "../space/evaluate.ts";
import type { BinaryOp, Expr, Value } from "../space/expr.ts";
import { isValue } from "./measured.ts";
import {
  type Binary,
  type Comprehension,
  type Node,
  parsePython,
  quote,
  type Unary,
} from "./parse.ts";

/** The expression that a text means. */
export function readExpr(text: string): Expr {
  return toExpr(parsePython(text), text);
}

/** The values that a text lists, such as `[16, 32]` or `list(range(1, 9))`. */
export function readValues(text: string): readonly Value[] {
  return toList(parsePython(text), text, {});
}

/** Names of a comprehension with their values. */
type Names = Readonly<Record<string, Value>>;

const unknown = (what: string, text: string): TuningError =>
  new TuningError(`${quote(text)} has ${what}, which is not understood`);

const binaryOps: Readonly<Record<string, BinaryOp>> = {
  "+": "+",
  "-": "-",
  "*": "*",
  "/": "/",
  "//": "//",
  "%": "%",
  "**": "**",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
  "==": "==",
  "!=": "!=",
  and: "and",
  or: "or",
};

function toExpr(node: Node, text: string): Expr {
  const go = (of: unknown): Expr => toExpr(of as Node, text);
  switch (node.type) {
    case "Literal": {
      const { value } = node;
      if (typeof value === "number" || typeof value === "boolean" || typeof value === "string")
        return { kind: "value", value };
      throw unknown(String(node.raw), text);
    }
    case "Identifier":
      return { kind: "parameter", name: String(node.name) };
    case "Group":
      return go(node.of);
    case "UnaryExpression": {
      const { operator, argument } = node as unknown as Unary;
      const of = go(argument);
      if (operator === "not") return { kind: "not", of };
      if (operator === "+") return of;
      const { kind } = of;
      return kind === "value" && typeof of.value === "number"
        ? { kind, value: 0 - of.value }
        : { kind: "negate", of };
    }
    case "Chain":
      return { kind: "binary", op: "and", left: go(node.left), right: go(node.right) };
    case "BinaryExpression":
      return toBinary(node as unknown as Binary, text);
    case "CallExpression":
      return toExtreme(node, text);
    case "ConditionalExpression":
    case "Compound":
      throw new TuningError(`${quote(text)} is not one expression`);
    default:
      throw unknown(nameOf(node), text);
  }
}

function toBinary({ operator, left, right }: Binary, text: string): Expr {
  if (operator === "in" || operator === "not in") {
    const of = toExpr(left, text);
    const inside: Expr = { kind: "in", of, values: toList(right, text, {}) };
    return operator === "in" ? inside : { kind: "not", of: inside };
  }
  const op = Object.hasOwn(binaryOps, operator) ? binaryOps[operator] : undefined;
  if (op === undefined) throw unknown(`the operator ${operator}`, text);
  return { kind: "binary", op, left: toExpr(left, text), right: toExpr(right, text) };
}

/** `min` and `max` of two or more. */
function toExtreme(node: Node, text: string): Expr {
  const name = nameOf(node);
  const given = (node.arguments as readonly Node[]).map((argument) => toExpr(argument, text));
  if ((name !== "min" && name !== "max") || given.length < 2) throw unknown(`${name}(…)`, text);
  return given.reduce((left, right) => ({ kind: "binary", op: name, left, right }));
}

function nameOf(node: Node): string {
  if (node.type === "Identifier") return String(node.name);
  if (node.type === "CallExpression") return nameOf(node.callee as Node);
  if (node.type === "ArrayExpression" || node.type === "Comprehension") return "a list";
  if (node.type === "MemberExpression") {
    const of = nameOf(node.object as Node);
    return node.computed === true ? `${of}[…]` : `${of}.${nameOf(node.property as Node)}`;
  }
  return `a part of the kind ${node.type}`;
}

/** More values than this are a mistake in a file. */
const most = 65_536;

function toList(node: Node, text: string, names: Names): readonly Value[] {
  const values = listOf(node, text, names);
  if (values.length > most) throw new TuningError(`${quote(text)} lists more than ${most} values`);
  return values;
}

function listOf(node: Node, text: string, names: Names): readonly Value[] {
  switch (node.type) {
    case "Group":
      return listOf(node.of as Node, text, names);
    case "ArrayExpression":
      return (node.elements as readonly Node[]).map((item) => constantOf(item, text, names));
    case "Comprehension": {
      const { element, variable, list, condition } = node as Comprehension;
      return toList(list, text, names).flatMap((value) => {
        const inner = { ...names, [variable]: value };
        const taken = condition === undefined || constantOf(condition, text, inner);
        return taken ? [constantOf(element, text, inner)] : [];
      });
    }
    case "BinaryExpression": {
      const { operator, left, right } = node as unknown as Binary;
      if (operator !== "+") throw unknown(`the operator ${operator} of lists`, text);
      return [...listOf(left, text, names), ...listOf(right, text, names)];
    }
    case "CallExpression": {
      const given = node.arguments as readonly Node[];
      switch (nameOf(node)) {
        case "list":
        case "tuple":
          if (given.length === 1) return listOf(given[0]!, text, names);
          break;
        case "range":
          return range(
            given.map((item) => constantOf(item, text, names)),
            text,
          );
      }
      throw unknown(`${nameOf(node)}(…)`, text);
    }
    default:
      throw new TuningError(`${quote(text)} lists no values; a list is allowed, such as [16, 32]`);
  }
}

function range(given: readonly Value[], text: string): readonly number[] {
  const whole = given.filter((value): value is number => Number.isInteger(value));
  const [start, end, step] =
    whole.length === 1 ? [0, whole[0]!, 1] : [whole[0], whole[1], whole[2] ?? 1];
  const wrong = whole.length < given.length || given.length > 3 || step === 0;
  if (wrong || start === undefined || end === undefined)
    throw new TuningError(`${quote(text)} has a range that is not of one to three whole numbers`);
  const length = Math.max(0, Math.ceil((end - start) / step));
  if (length > most) throw new TuningError(`${quote(text)} lists more than ${most} values`);
  return Array.from({ length }, (_, i) => start + i * step);
}

function constantOf(node: Node, text: string, names: Names): Value {
  const expr = toExpr(node, text);
  for (const name of parametersOf(expr))
    if (!Object.hasOwn(names, name)) throw unknown(`the name ${name}`, text);
  const value = evaluate(expr, names);
  if (!isValue(value)) throw unknown(`the value ${String(value)}`, text);
  return value;
}
