// Who imports whom, read from the source texts, and what is wrong with it.

import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { ts } from "ts-morph";

/** One import, of a value or only of types; `to` is a path of the project, or a package's name. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly isPackage: boolean;
  readonly typeOnly: boolean;
}

/** What a folder may import beside itself; a row holds for the folders below it that have no row. */
export interface Row {
  readonly may?: readonly string[];
  /** Only the types of these. */
  readonly types?: readonly string[];
}

export type Table = Readonly<Record<string, Row | "anything">>;

const root = new URL("..", import.meta.url).pathname;

/** The text of a file of the project. */
export const readText = (path: string): string => readFileSync(root + path, "utf8");

/** The folders directly in a folder. */
export const listFolders = (folder: string): readonly string[] =>
  readdirSync(root + folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

/** TypeScript and JavaScript files in and below folders, by their paths. */
export const listSources = (folders: readonly string[]): readonly string[] =>
  folders
    .flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /(?<!\.d)\.(ts|js)$/.test(entry.name))
        .map((entry) => posix.join(entry.parentPath, entry.name).slice(root.length))
        // Folders may have packages of their own.
        .filter((path) => !path.includes("/node_modules/")),
    )
    .sort();

const parse = (path: string, text: string) =>
  ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** All imports of a file: declarations, exports from elsewhere, `import("…")` of values and of types. */
export function importsOf(path: string, text: string): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const { text: name } = specifier;
    const isPackage = !name.startsWith(".");
    const to = isPackage ? name : posix.join(posix.dirname(path), name);
    found.push({ from: path, to, isPackage, typeOnly });
  };
  walk(parse(path, text), (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeImport(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
  });
  return found;
}

/** `import type { … }`, or `import { type … }` of nothing else. */
function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((e) => e.isTypeOnly);
}

/** The row that holds for a file: that of the longest folder above it. */
function rowOf(table: Table, path: string): string {
  const rows = Object.keys(table).filter((row) => path.startsWith(`${row}/`));
  return rows.reduce((a, b) => (b.length > a.length ? b : a), "");
}

/** The imports that a table does not allow, as sentences. */
export function findForbidden(table: Table, imports: readonly Import[]): readonly string[] {
  return imports.flatMap(({ from, to, isPackage, typeOnly }) => {
    if (isPackage) return [];
    const [own, other] = [rowOf(table, from), rowOf(table, to)];
    const row = table[own];
    if (row === undefined) return [`${from} lies in no folder of the table`];
    if (row === "anything" || own === other || row.may?.includes(other)) return [];
    if (typeOnly && row.types?.includes(other)) return [];
    return [`${from} imports ${to}, which ${own} may not`];
  });
}

/** Files that load each other in a circle, as `a → b → a`. Types are erased, so they make none. */
export function findCycles(imports: readonly Import[]): readonly string[] {
  const edges = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports)
    if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const go = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push([...path.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const to of edges.get(file) ?? []) go(to, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) go(file, []);
  return cycles;
}

/** All that a file loads when it runs: files of the project, and packages. */
export function findLoaded(start: string, imports: readonly Import[]): readonly string[] {
  const found = new Set([start]);
  // A set that grows is walked to its end.
  for (const file of found)
    for (const { from, to, typeOnly } of imports) if (from === file && !typeOnly) found.add(to);
  return [...found];
}

/** Where a file compares anything with one of these names. */
export function findComparisons(
  path: string,
  text: string,
  names: readonly string[],
): readonly string[] {
  const source = parse(path, text);
  const found: string[] = [];
  const isName = (node: ts.Node) => ts.isStringLiteralLike(node) && names.includes(node.text);
  const comparing = [
    ts.SyntaxKind.EqualsEqualsToken,
    ts.SyntaxKind.EqualsEqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ];
  walk(source, (node) => {
    const compared =
      (ts.isBinaryExpression(node) &&
        comparing.includes(node.operatorToken.kind) &&
        (isName(node.left) || isName(node.right))) ||
      (ts.isCaseClause(node) && isName(node.expression));
    if (!compared) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${path}:${line + 1}: ${node.getText().split("\n")[0]}`);
  });
  return found;
}
