// TypeScript's view of a declaration: one ts-morph project for all files, so that the language and the
// standard library are parsed once.

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Project, ts } from "ts-morph";
import { DeclarationError, type Problem, problemAt, shownPath } from "./diagnostics.ts";
import { isLanguage, languageFile } from "./paths.ts";
import { explainAxes } from "./signature.ts";

/** A declaration's file: a path, or a path and the text to read instead of the file's. */
export type Input = string | { readonly path: string; readonly text: string };

/** A type-checked file. */
export interface Checked {
  readonly file: ts.SourceFile;
  /** The file and all that it imports; those of which nothing changed are the same objects again. */
  readonly files: readonly ts.SourceFile[];
  readonly checker: ts.TypeChecker;
}

/** How declarations are type-checked; a user's own tsconfig does not enter. */
export const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2023.d.ts"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  paths: { warpweave: [languageFile.replaceAll("\\", "/")] },
};

let shared: Project | undefined;
/** What declarations read so far import: TypeScript loaded these files by itself. */
const helpers = new Set<string>();

const openProject = (): Project => {
  shared ??= new Project({
    compilerOptions,
    skipAddingFilesFromTsConfig: true,
    skipFileDependencyResolution: true,
  });
  return shared;
};

/** Type-checks declarations and what they import; throws the errors of the first bad one, up to ten. */
export function checkFiles(inputs: readonly Input[]): readonly Checked[] {
  const project = openProject();
  const paths = inputs.map((input) => resolve(typeof input === "string" ? input : input.path));
  // Other files may have changed since they were read, or were texts without a file.
  for (const path of [...project.getSourceFiles().map((f) => f.getFilePath()), ...helpers]) {
    if (isLanguage(path) || paths.includes(path)) continue;
    const known = project.getSourceFile(path);
    if (existsSync(path)) known?.refreshFromFileSystemSync();
    else known?.forget();
  }
  inputs.forEach((input, i) => {
    if (typeof input === "string") readFromDisk(project, paths[i]!, input);
    else project.createSourceFile(paths[i]!, input.text, { overwrite: true });
  });
  const program = project.getProgram().compilerObject;
  const checker = project.getTypeChecker().compilerObject;
  return paths.map((path) => {
    const file = program.getSourceFile(path);
    if (!file) throw unreadable(path, "it is not a TypeScript file");
    const files = importedFrom(file, checker);
    for (const each of files) if (each !== file) helpers.add(each.fileName);
    const problems = files.flatMap((each) => [
      ...program.getSyntacticDiagnostics(each),
      ...program.getSemanticDiagnostics(each),
    ]);
    if (problems.length > 0) {
      // What is not an axis is no member of a tensor either: only the cause is said.
      const causes = files.flatMap(findWrongAxes);
      throw new DeclarationError(causes.length > 0 ? causes : problems.slice(0, 10).map(toProblem));
    }
    return { file, files, checker };
  });
}

function readFromDisk(project: Project, path: string, shown: string): void {
  if (!existsSync(path)) throw unreadable(shown, "there is no such file");
  if (!statSync(path).isFile()) throw unreadable(shown, "it is not a file");
  if (!/\.[cm]?ts$/.test(path)) throw unreadable(shown, "a declaration is a TypeScript file (.ts)");
  const known = project.getSourceFile(path);
  if (known) known.refreshFromFileSystemSync();
  else project.addSourceFileAtPath(path);
}

const unreadable = (path: string, why: string): DeclarationError =>
  new DeclarationError([
    {
      code: "WW100",
      message: `${path} cannot be read as a declaration: ${why}`,
      file: shownPath(resolve(path)),
      line: 1,
      column: 1,
      text: "",
      length: 1,
    },
  ]);

/** The file and those it imports, however indirectly, but for the language itself. */
export function importedFrom(file: ts.SourceFile, checker: ts.TypeChecker): ts.SourceFile[] {
  const found = new Set([file]);
  for (const each of found)
    for (const statement of each.statements) {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
      if (!statement.moduleSpecifier) continue;
      const target = checker.getSymbolAtLocation(statement.moduleSpecifier)?.valueDeclaration;
      if (target && ts.isSourceFile(target) && !isOutside(target)) found.add(target);
    }
  return [...found];
}

const isOutside = (file: ts.SourceFile): boolean =>
  file.isDeclarationFile || isLanguage(file.fileName);

/** Tensors whose axes no string of the language names, which TypeScript reports where they are used. */
function findWrongAxes(file: ts.SourceFile): readonly Problem[] {
  const found: Problem[] = [];
  const visit = (node: ts.Node): void => {
    const axes = ts.isTypeReferenceNode(node) ? node.typeArguments?.[0] : undefined;
    if (axes && /^(Tensor|Coords)$/.test((axes.parent as ts.TypeReferenceNode).typeName.getText()))
      if (ts.isLiteralTypeNode(axes) && ts.isStringLiteral(axes.literal)) {
        const wrong = explainAxes(axes.literal.text);
        const start = axes.getStart(file);
        if (wrong !== undefined)
          found.push(
            problemAt(file, start, axes.getEnd() - start, "WW103", `this tensor ${wrong}`),
          );
      }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Where TypeScript would have other packages installed or libraries included, which declarations cannot use. */
const elsewhere = new Set([2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593]);

function toProblem(d: ts.Diagnostic): Problem {
  const told = ts.flattenDiagnosticMessageText(d.messageText, "\n").replaceAll("\n", "\n    ");
  const message = elsewhere.has(d.code)
    ? `${told.split(". ")[0]}: a declaration uses what it imports from "warpweave", and functions written with it`
    : told;
  const code = `TS${d.code}`;
  if (d.file && d.start !== undefined)
    return problemAt(d.file, d.start, d.length ?? 1, code, message);
  return { code, message, file: "", line: 1, column: 1, text: "", length: 1 };
}
