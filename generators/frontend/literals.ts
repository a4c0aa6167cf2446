// Literals of `meta`, with their places: strings, numbers, booleans, arrays and objects of them, functions.

import { ts } from "ts-morph";
import { failAt } from "./diagnostics.ts";

/** A literal of TypeScript with the place it stands at, for diagnostics. */
export type Literal = { readonly node: ts.Node } & (
  | { readonly is: "number"; readonly value: number }
  | { readonly is: "string"; readonly value: string }
  | { readonly is: "boolean"; readonly value: boolean }
  | { readonly is: "array"; readonly items: readonly Literal[] }
  | { readonly is: "object"; readonly fields: ReadonlyMap<string, Literal> }
  | { readonly is: "function"; readonly of: ts.ArrowFunction | ts.FunctionExpression }
);

/** A literal of this kind. */
export type Of<Is extends Literal["is"]> = Extract<Literal, { is: Is }>;

/** Reads a literal; anything computed is refused. */
export function readLiteral(node: ts.Expression): Literal {
  if (
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isParenthesizedExpression(node)
  )
    return readLiteral(node.expression);
  if (ts.isStringLiteralLike(node)) return { node, is: "string", value: node.text };
  if (ts.isNumericLiteral(node)) return { node, is: "number", value: Number(node.text) };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { node, is: "boolean", value: true };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { node, is: "boolean", value: false };
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node))
    return { node, is: "function", of: node };
  if (ts.isArrayLiteralExpression(node))
    return { node, is: "array", items: node.elements.map(readLiteral) };
  if (ts.isObjectLiteralExpression(node))
    return { node, is: "object", fields: new Map(node.properties.map(readField)) };
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const of = readLiteral(node.operand);
    if (of.is === "number") return { node, is: "number", value: -of.value };
  }
  return failAt("WW151", node, "meta is read, not run: it holds literals and functions only");
}

function readField(property: ts.ObjectLiteralElementLike): [string, Literal] {
  const { name } = property;
  if (!ts.isPropertyAssignment(property) || !name)
    return failAt("WW151", property, "meta is read, not run: say `name: literal`");
  if (ts.isIdentifier(name) || ts.isStringLiteral(name))
    return [name.text, readLiteral(property.initializer)];
  return failAt("WW151", name, "meta is read, not run: fields have plain names");
}

/** The literal as one of a form, or a diagnostic that says which. */
export function expect<Is extends Literal["is"]>(literal: Literal, is: Is, what: string): Of<Is> {
  if (literal.is === is) return literal as Of<Is>;
  const article = /^[ao]/.test(is) ? "an" : "a";
  return failAt("WW152", literal.node, `${what} is ${article} ${is}, not ${describe(literal)}`);
}

const describe = (l: Literal): string => (/^[ao]/.test(l.is) ? `an ${l.is}` : `a ${l.is}`);

/** The fields of an object, none but those named; those marked `?` may be missing. */
export function fieldsOf<const Names extends readonly string[]>(
  literal: Literal,
  what: string,
  names: Names,
): { readonly [N in Names[number] as Bare<N>]: FieldOf<N> } {
  const { fields, node } = expect(literal, "object", what);
  const bare = names.map((name) => name.replace("?", ""));
  for (const [name, field] of fields)
    if (!bare.includes(name))
      failAt("WW152", field.node, `${what} has no field ${name}: it has ${bare.join(", ")}`);
  for (const name of names)
    if (!name.endsWith("?") && !fields.has(name))
      failAt("WW152", firstLine(node), `${what} has no ${name}, which it must have`);
  return Object.fromEntries(bare.map((name) => [name, fields.get(name)])) as never;
}

type Bare<N extends string> = N extends `${infer B}?` ? B : N;
type FieldOf<N extends string> = N extends `${string}?` ? Literal | undefined : Literal;

/** An object that lacks something is pointed at by its opening brace. */
const firstLine = (node: ts.Node): ts.Node => node.getFirstToken() ?? node;

/** The strings of an array. */
export const stringsOf = (literal: Literal, what: string): readonly Of<"string">[] =>
  expect(literal, "array", what).items.map((item) => expect(item, "string", `each of ${what}`));
