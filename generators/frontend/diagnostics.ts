// Diagnostics: where in the author's text something is wrong, and what is allowed instead.

import { relative, sep } from "node:path";
import { ts } from "ts-morph";
import type { Code } from "./codes.ts";
import { packageRoot } from "./paths.ts";

/** One thing that is wrong, and where. */
export interface Problem {
  /** A key of `codes`, or TypeScript's own, e.g. `TS2345`. */
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The source line, and how many characters of it are meant. */
  readonly text: string;
  readonly length: number;
}

/** A declaration that cannot be compiled; its message is for the author. */
export class DeclarationError extends Error {
  override readonly name = "DeclarationError";
  readonly userFacing = true;
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(renderProblem).join("\n"));
    this.problems = problems;
  }
  /** The code of the first problem. */
  get code(): string {
    return this.problems[0]?.code ?? "";
  }
}

/** `file:line:column code sentence`, then the source line with the place underlined. */
export function renderProblem(p: Problem): string {
  const head = `${p.file}:${p.line}:${p.column} ${p.code} ${p.message}`;
  if (p.text.trim() === "") return head;
  const gutter = String(p.line);
  // Tabs stay tabs, so that the carets stand below what they mean.
  const indent = p.text.slice(0, p.column - 1).replaceAll(/[^\t]/g, " ");
  const blank = " ".repeat(gutter.length);
  return `${head}\n  ${gutter} | ${p.text}\n  ${blank} | ${indent}${"^".repeat(p.length)}`;
}

/** The path as it is shown: from the package's root for the language's files, else from the current folder. */
export function shownPath(path: string): string {
  const own = relative(packageRoot, path);
  const isOwn = own.startsWith(`dsl${sep}`);
  return (isOwn ? own : relative(process.cwd(), path)).replaceAll("\\", "/");
}

/** A problem with `length` characters from `start` of a file. */
export function problemAt(
  file: ts.SourceFile,
  start: number,
  length: number,
  code: string,
  message: string,
): Problem {
  const at = ts.getLineAndCharacterOfPosition(file, start);
  const text = file.text.split(/\r?\n/)[at.line] ?? "";
  return {
    code,
    message,
    file: shownPath(file.fileName),
    line: at.line + 1,
    column: at.character + 1,
    text,
    length: Math.max(1, Math.min(length, text.length - at.character)),
  };
}

/** Stops with a problem at a node of the author's text. */
export function failAt(code: Code, node: ts.Node, message: string): never {
  const file = node.getSourceFile();
  const start = node.getStart(file);
  throw new DeclarationError([problemAt(file, start, node.getEnd() - start, code, message)]);
}
