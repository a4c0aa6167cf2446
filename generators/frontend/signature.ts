// What a declaration's types say: the operator's function, its tensors, the forms of its attributes.

import { ts } from "ts-morph";
import { isFixedSize } from "../ir/expr.ts";
import type { AttrDecl, TensorDecl } from "../ir/kernel.ts";
import { failAt } from "./diagnostics.ts";
import type { Checked } from "./project.ts";
import { parseDims } from "./values.ts";

/** The forms an attribute can have in TypeScript, and the types in `meta` that fit. */
export const attrForms = {
  number: ["int", "real"],
  pair: ["pair"],
  sides: ["sides"],
  boolean: ["bool"],
  string: ["choice"],
} as const satisfies Readonly<Record<string, readonly AttrDecl["type"][]>>;

/** A TypeScript type that an attribute may have. */
export type AttrForm = keyof typeof attrForms;

/** What the operator's function takes, from its types. */
export interface Signature {
  readonly name: string;
  readonly node: ts.FunctionDeclaration;
  /** What the author says above the function. */
  readonly notes: string;
  readonly tensors: readonly TensorDecl[];
  readonly attrs: ReadonlyMap<string, AttrForm>;
}

/** The one exported function of a file, with its parameters' types. */
export function readSignature({ file, checker }: Checked): Signature {
  const [node, second] = exportedFunctions(file);
  if (!node)
    return failAt(
      "WW101",
      emptyAt(file),
      "no function is exported: an operator is written as `export function`",
    );
  if (second)
    return failAt(
      "WW101",
      second.name ?? second,
      `a file declares one operator, which is ${node.name?.text ?? "another"}: ` +
        "do not export helper functions",
    );
  if (!node.name || !/^[A-Za-z][A-Za-z0-9_]*$/.test(node.name.text))
    return failAt("WW101", node.name ?? node, "an operator is named by letters, digits and _");
  const [first, attrs, , fourth] = node.parameters;
  if (!first)
    return failAt("WW102", node.name, "the first parameter of an operator is its tensors");
  if (fourth) return failAt("WW102", fourth, "an operator has at most three parameters");
  return {
    name: node.name.text,
    node,
    notes: notesOf(node, checker),
    tensors: readTensors(first, checker),
    attrs: attrs ? readForms(attrs, checker) : new Map(),
  };
}

/** The functions that a file exports as `export function`: one, in a declaration. */
export const exportedFunctions = (file: ts.SourceFile): readonly ts.FunctionDeclaration[] =>
  file.statements.filter(
    (s): s is ts.FunctionDeclaration => ts.isFunctionDeclaration(s) && isExported(s) && !!s.body,
  );

const isExported = (s: ts.FunctionDeclaration): boolean =>
  !!s.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);

/** A file without what is looked for is pointed at by its first statement. */
const emptyAt = (file: ts.SourceFile): ts.Node => file.statements[0] ?? file.endOfFileToken;

function readTensors(parameter: ts.ParameterDeclaration, checker: ts.TypeChecker): TensorDecl[] {
  const properties = checker.getTypeAtLocation(parameter).getProperties();
  if (properties.length === 0)
    return failAt("WW102", parameter, "the first parameter is an object of tensors");
  return properties.map((property) => {
    const at = property.valueDeclaration ?? parameter;
    const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(property, parameter));
    const names = typeOfKey(type, "named", parameter, checker);
    const text = names?.isStringLiteral() ? names.value : undefined;
    const wrong = text === undefined ? unnamed : explainAxes(text);
    if (text === undefined || wrong !== undefined)
      return failAt("WW103", at, `${property.name} ${wrong}`);
    const dims = parseDims(text)!;
    return {
      name: property.name,
      dims,
      type: typeOfKey(type, "positions", parameter, checker) ? "coord" : "data",
      optional: (property.flags & ts.SymbolFlags.Optional) !== 0,
      doc: docOf(property, checker),
    };
  });
}

const unnamed = 'is declared as Tensor<"N C H W"> or Coords<"N C H W">, axes by name';

/** What is wrong with a string of axes, to be said after the tensor's name; undefined where nothing is. */
export function explainAxes(text: string): string | undefined {
  const wrong = text.split(/[\s()]+/).find((axis) => !/^(?:[A-Za-z_]\w*|[1-9]\d*)?$/.test(axis));
  if (wrong !== undefined)
    return `has the axis "${wrong}": an axis is a word or a positive size, and several that make up one dimension stand in brackets, "(G KH KW)"`;
  const dims = parseDims(text);
  if (!dims) return unnamed;
  const axes = dims.flat().filter((axis) => !isFixedSize(axis));
  return new Set(axes).size === axes.length ? undefined : `names an axis twice: "${text}"`;
}

/** The type under a unique symbol of dsl/types.ts. */
function typeOfKey(
  type: ts.Type,
  symbol: "named" | "positions",
  at: ts.Node,
  checker: ts.TypeChecker,
): ts.Type | undefined {
  const property = type
    .getProperties()
    .find((p) => String(p.escapedName).startsWith(`__@${symbol}@`));
  return property && checker.getTypeOfSymbolAtLocation(property, at);
}

const docOf = (symbol: ts.Symbol, checker: ts.TypeChecker): string =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\s+/g, " ").trim();

function notesOf(node: ts.FunctionDeclaration, checker: ts.TypeChecker): string {
  const symbol = node.name && checker.getSymbolAtLocation(node.name);
  return symbol ? docOf(symbol, checker) : "";
}

function readForms(
  parameter: ts.ParameterDeclaration,
  checker: ts.TypeChecker,
): ReadonlyMap<string, AttrForm> {
  const properties = checker.getTypeAtLocation(parameter).getProperties();
  return new Map(
    properties.map((property) => {
      const type = checker.getTypeOfSymbolAtLocation(property, parameter);
      const form = formOf(type);
      if (form && !(property.flags & ts.SymbolFlags.Optional)) return [property.name, form];
      const at = property.valueDeclaration ?? parameter;
      const allowed = "a number, a boolean, a choice of strings, YX or Sides, and is not optional";
      return failAt("WW102", at, `the attribute ${property.name} is ${allowed}`);
    }),
  );
}

function formOf(type: ts.Type): AttrForm | undefined {
  if (type.flags & ts.TypeFlags.Number) return "number";
  if (type.flags & ts.TypeFlags.Boolean) return "boolean";
  if (type.isStringLiteral()) return "string";
  if (type.isUnion()) return type.types.every((t) => t.isStringLiteral()) ? "string" : undefined;
  const keys = type
    .getProperties()
    .map((p) => p.name)
    .sort()
    .join(" ");
  if (keys === "x y") return "pair";
  return keys === "bottom left right top" ? "sides" : undefined;
}
