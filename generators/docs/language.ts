// The reference of the declaration language, read from what dsl/index.ts exports: nobody writes it.

import { basename } from "node:path";
import { ts } from "ts-morph";
import { hostOnly } from "../frontend/primitives.ts";
import { checkFiles } from "../frontend/project.ts";

/** A row of the reference: something that declarations import, or a member of it. */
export interface Entry {
  readonly name: string;
  readonly signature: string;
  readonly meaning: string;
}

/** What one file of the language exports. */
export interface Group {
  readonly title: string;
  readonly file: string;
  /** The sentences at the top of the file. */
  readonly about: string;
  readonly entries: readonly Entry[];
}

/** The files of the language in the order of the reference, and what each is about. */
const titles: ReadonlyMap<string, string> = new Map([
  ["tensor", "Results and stages"],
  ["types", "Tensors, axes, positions"],
  ["core", "Numbers, sums and maxima"],
  ["sampling", "Sampling"],
  ["boxes", "Boxes"],
  ["aggregation", "Grids of points that move"],
  ["meta", "What is said beside a declaration"],
]);

/** The name of a file of the language in `titles`. */
const keyOf = (source: ts.SourceFile): string => {
  const key = basename(source.fileName, ".ts");
  if (!titles.has(key)) throw new Error(`the reference has no place for ${source.fileName}`);
  return key;
};

const printer = ts.createPrinter({ removeComments: true });
const line = (text: string): string => text.replace(/\s+/g, " ").trim();

/** The text of a node on one line, without comments. */
const print = (node: ts.Node): string =>
  line(printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()));

const listOf = (nodes: readonly ts.Node[] | undefined, open: string, close: string): string =>
  nodes === undefined ? "" : open + nodes.map(print).join(", ") + close;

/** `name<…>(…): …` of what can be called. */
const printCall = (name: string, call: ts.SignatureDeclaration): string =>
  name +
  listOf(call.typeParameters, "<", ">") +
  listOf(call.parameters, "(", ")") +
  (call.type ? `: ${print(call.type)}` : "");

/** Does no member have a sentence of its own? Then they stand in the signature. */
const isPlain = (node: ts.InterfaceDeclaration): boolean =>
  node.members.every((member) => ts.getJSDocCommentsAndTags(member).length === 0);

/** What is declared, as a caller writes it; a type's members have rows of their own. */
function signatureOf(name: string, node: ts.Declaration): string {
  if (ts.isFunctionDeclaration(node)) return printCall(name, node);
  if (ts.isVariableDeclaration(node) && node.initializer && ts.isArrowFunction(node.initializer))
    return printCall(name, node.initializer);
  if (ts.isInterfaceDeclaration(node)) {
    const body = isPlain(node) ? ` { ${node.members.map(print).join(" ")} }` : "";
    return name + listOf(node.typeParameters, "<", ">") + body;
  }
  if (ts.isTypeAliasDeclaration(node)) {
    const choices = ts.isUnionTypeNode(node.type) ? ` = ${print(node.type)}` : "";
    return name + listOf(node.typeParameters, "<", ">") + choices;
  }
  throw new Error(`the reference has no form for ${ts.SyntaxKind[node.kind]} ${name}`);
}

function memberSignature(name: string, node: ts.Declaration): string {
  if (ts.isMethodSignature(node)) return printCall(name, node);
  if (ts.isPropertySignature(node) && node.type)
    return `${name}${node.questionToken ? "?" : ""}: ${print(node.type)}`;
  throw new Error(`the reference has no form for the member ${name}`);
}

const meaningOf = (symbol: ts.Symbol | ts.Signature, checker: ts.TypeChecker): string =>
  line(ts.displayPartsToString(symbol.getDocumentationComment(checker)));

/** The lines of `//` at the top of a file. */
function aboutOf(file: ts.SourceFile): string {
  const lines = file.text.split("\n");
  const end = lines.findIndex((text) => !text.startsWith("//"));
  return line(
    lines
      .slice(0, end)
      .map((text) => text.slice(2))
      .join(" "),
  );
}

/** The members of a type that are declared in the language; `seen` holds those that an earlier type has. */
function membersOf(
  name: string,
  symbol: ts.Symbol,
  seen: Set<ts.Node>,
  checker: ts.TypeChecker,
): readonly Entry[] {
  const own = symbol.declarations![0]!;
  if (!ts.isInterfaceDeclaration(own) && !ts.isTypeAliasDeclaration(own)) return [];
  if (ts.isInterfaceDeclaration(own) && isPlain(own)) {
    for (const member of own.members) seen.add(member);
    return [];
  }
  const isNew = (node: ts.Node): boolean => !seen.has(node) && seen.add(node) === seen;
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const calls = type
    .getCallSignatures()
    .filter((signature) => isNew(signature.getDeclaration()))
    .map((signature) => ({
      name: `${name}(…)`,
      signature: printCall("", signature.getDeclaration()),
      meaning: meaningOf(signature, checker),
    }));
  const members = type.getProperties().flatMap((property) => {
    const node = property.valueDeclaration;
    // Keys in brackets exist for the type checker only; what numbers and strings have is TypeScript's.
    if (!node || !ts.isTypeElement(node) || node.getSourceFile().isDeclarationFile) return [];
    if ((node.name && ts.isComputedPropertyName(node.name)) || !isNew(node)) return [];
    return [
      {
        name: `${name}.${property.name}`,
        signature: memberSignature(property.name, node),
        meaning: meaningOf(property, checker),
      },
    ];
  });
  return [...calls, ...members];
}

/** What the language's index exports, by file, in the order of the sources. */
export function describeLanguage(index: string): readonly Group[] {
  const [{ file, checker }] = checkFiles([index]) as [ReturnType<typeof checkFiles>[number]];
  const symbols = checker
    .getExportsOfModule(checker.getSymbolAtLocation(file)!)
    .map((s) => (s.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(s) : s))
    // What the reference run alone may call is no part of a declaration.
    .filter(({ name }) => !(hostOnly as readonly string[]).includes(name));
  const seen = new Set<ts.Node>();
  const fileOf = (symbol: ts.Symbol) => symbol.declarations![0]!.getSourceFile();
  const rank = (source: ts.SourceFile): number => [...titles.keys()].indexOf(keyOf(source));
  const sources = [...new Set(symbols.map(fileOf))].sort((a, b) => rank(a) - rank(b));
  return sources.map((source) => ({
    title: titles.get(keyOf(source))!,
    file: `dsl/${basename(source.fileName)}`,
    about: aboutOf(source),
    entries: symbols
      .filter((symbol) => fileOf(symbol) === source)
      .toSorted((a, b) => a.declarations![0]!.pos - b.declarations![0]!.pos)
      .flatMap((symbol) => {
        const { name } = symbol;
        const own = {
          name,
          signature: signatureOf(name, symbol.declarations![0]!),
          meaning: meaningOf(symbol, checker),
        };
        return [own, ...membersOf(name, symbol, seen, checker)];
      }),
  }));
}
