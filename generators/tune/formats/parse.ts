// The syntax of Python's expressions, by jsep: what it knows of JavaScript is put right here.

import jsep from "jsep";
import { TuningError } from "../space/error.ts";

/** A node of a parsed text; only what the readers ask for is looked at. */
export interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** `[element for variable in list if condition]`, as a node. */
export interface Comprehension extends Node {
  readonly type: "Comprehension";
  readonly element: Node;
  readonly variable: string;
  readonly list: Node;
  readonly condition?: Node;
}

/** Operators from loose to tight; all but powers go from left to right. */
const levels: readonly (readonly string[])[] = [
  ["or"],
  ["and"],
  ["in", "not in", "==", "!=", "<=", ">=", "<", ">"],
  ["+", "-"],
  ["*", "/", "//", "%"],
  ["**"],
];
const comparisons: ReadonlySet<string> = new Set(levels[2]);

function configure(): void {
  jsep.removeAllBinaryOps();
  jsep.removeAllUnaryOps();
  jsep.removeAllLiterals();
  for (const [level, operators] of levels.entries())
    for (const op of operators) jsep.addBinaryOp(op, level + 1, op === "**");
  for (const op of ["not", "-", "+"]) jsep.addUnaryOp(op);
  jsep.addLiteral("True", true);
  jsep.addLiteral("False", false);
  jsep.hooks.add("gobble-token", function (env) {
    const isAt = (text: string): boolean => this.expr.startsWith(text, this.index);
    // What stands in parentheses is not taken apart again.
    if (isAt("(")) {
      this.index++;
      const group = this.gobbleExpressions(")".charCodeAt(0));
      this.gobbleSpaces();
      if (!isAt(")")) this.throwError("Unclosed (");
      this.index++;
      const tuple = group.length !== 1 || /,\s*\)$/.test(this.expr.slice(0, this.index));
      env.node = tuple
        ? { type: "ArrayExpression", elements: group }
        : { type: "Group", of: group[0]! };
    } else if (isAt("[")) {
      const start = this.index++;
      const element = this.gobbleExpression();
      const head = /^for\s+([A-Za-z_]\w*)\s+in\b/.exec(this.expr.slice(this.index));
      if (!element || head === null) {
        this.index = start;
        return;
      }
      this.index += head[0].length;
      const list = this.gobbleExpression();
      const conditional = /^if\b/.test(this.expr.slice(this.index));
      if (conditional) this.index += 2;
      const condition = conditional ? this.gobbleExpression() : undefined;
      if (!list || !isAt("]")) this.throwError("Unclosed [");
      this.index++;
      const node = { type: "Comprehension", element, variable: head[1]!, list };
      env.node = condition === undefined ? node : { ...node, condition };
    }
  });
}
configure();

/** What means a letter in Python, and jsep takes as it is written, such as `\x41`. */
const strangeEscape = /\\[^'"bfnrtv]/;

/** The tree of an expression of Python, or one sentence about what is wrong with it. */
export function parsePython(text: string): Node {
  const found = strangeEscape.exec(text.replaceAll("\\\\", ""));
  if (found !== null)
    throw new TuningError(`${quote(text)} has the escape ${found[0]}, which is not understood`);
  try {
    return arrange(jsep(text.replaceAll(/\bnot\s+in\b/g, "not in")) as unknown as Node);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = error instanceof RangeError ? "it is nested too deeply" : error.message;
    throw new TuningError(`${quote(text)} is no expression that is understood: ${why}`);
  }
}

/** A text in a message: its beginning, where it is long. */
export const quote = (text: string): string =>
  text.length > 100 ? `"${text.slice(0, 99)}…"` : `"${text}"`;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value;

/** Puts operators where Python has them: `not` and `-` bind looser than here, comparisons chain. */
function arrange(node: Node): Node {
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    isNode(value) ? arrange(value) : Array.isArray(value) ? value.map(arrangeItem) : value,
  ]);
  const inner = Object.fromEntries(entries) as Node;
  return inner.type === "BinaryExpression" ? rotate(inner) : inner;
}

function arrangeItem(item: unknown): unknown {
  // What jsep leaves between two commas.
  if (item === null) throw new TypeError("Nothing stands before a comma");
  return isNode(item) ? arrange(item) : item;
}

function rotate(node: Node): Node {
  const { operator, left, right } = node as unknown as Binary;
  if (left.type === "UnaryExpression") {
    const { operator: unary, argument } = left as unknown as Unary;
    const looser = unary === "not" ? operator !== "and" && operator !== "or" : operator === "**";
    if (looser) return { ...left, argument: rotate({ ...node, left: argument }) } satisfies Node;
  }
  if (!comparisons.has(operator)) return node;
  // a < b < c: both, with b once; `last` is what the next comparison of a chain begins with.
  if (left.type === "BinaryExpression" && comparisons.has((left as unknown as Binary).operator))
    return chain(left, (left as unknown as Binary).right, operator, right);
  if (left.type === "Chain")
    return chain(left, (left as unknown as { last: Node }).last, operator, right);
  return node;
}

const chain = (before: Node, middle: Node, operator: string, right: Node): Node => ({
  type: "Chain",
  left: before,
  right: { type: "BinaryExpression", operator, left: middle, right },
  last: right,
});

/** A node of an operator between two operands. */
export interface Binary {
  readonly operator: string;
  readonly left: Node;
  readonly right: Node;
}

/** A node of an operator before its operand. */
export interface Unary {
  readonly operator: string;
  readonly argument: Node;
}
