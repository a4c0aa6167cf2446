// TypeScript's view of a declaration: one ts-morph project for all files, so that the language and the
// standard library are parsed once.

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Project, ts } from "ts-morph";
import { DeclarationError, type Problem, problemAt, shownPath } from "./diagnostics.ts";
import { isLanguage, languageFile } from "./paths.ts";

/** A declaration's file: a path, or a path and the text to read instead of the file's. */
export type Input = string | { readonly path: string; readonly text: string };

/** A type-checked file. */
export interface Checked {
  readonly file: ts.SourceFile;
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
  paths: { warpweave: [languageFile] },
};

let shared: Project | undefined;

const openProject = (): Project => {
  shared ??= new Project({
    compilerOptions,
    skipAddingFilesFromTsConfig: true,
    skipFileDependencyResolution: true,
  });
  return shared;
};

/** Type-checks a declaration and what it imports; throws all of TypeScript's errors, up to ten. */
export function checkFile(input: Input): Checked {
  const project = openProject();
  const path = resolve(typeof input === "string" ? input : input.path);
  // A file may have changed since it was last read, and a text may have replaced one.
  for (const known of project.getSourceFiles())
    if (!isLanguage(known.getFilePath()) && known.getFilePath() !== path)
      if (existsSync(known.getFilePath())) known.refreshFromFileSystemSync();
      else known.forget();
  if (typeof input === "string") readFromDisk(project, path, input);
  else project.createSourceFile(path, input.text, { overwrite: true });

  const program = project.getProgram().compilerObject;
  const checker = project.getTypeChecker().compilerObject;
  const file = program.getSourceFile(path);
  if (!file) throw unreadable(path, "it is not a TypeScript file");
  const problems = importedFrom(file, checker).flatMap((each) => [
    ...program.getSyntacticDiagnostics(each),
    ...program.getSemanticDiagnostics(each),
  ]);
  if (problems.length > 0) throw new DeclarationError(problems.slice(0, 10).map(toProblem));
  return { file, checker };
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

function toProblem(d: ts.Diagnostic): Problem {
  const message = ts.flattenDiagnosticMessageText(d.messageText, "\n").replaceAll("\n", "\n    ");
  const code = `TS${d.code}`;
  if (d.file && d.start !== undefined)
    return problemAt(d.file, d.start, d.length ?? 1, code, message);
  return { code, message, file: "", line: 1, column: 1, text: "", length: 1 };
}
