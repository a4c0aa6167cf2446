// Where commands print, and how tables look.

import type { ProgressStream } from "./progress.ts";

/** The two outputs of a command: results, and what is said beside them. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Where progress is shown; nowhere if there is none. */
  readonly progress?: ProgressStream;
}

/** The process' own outputs. */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  progress: process.stderr,
};

/** Prints a value for programs: JSON with two spaces. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** How the cells of a column stand. */
export type Align = "left" | "right";

/** Rows as aligned columns two spaces apart, without trailing blanks; `head` gets a rule below it. */
export function formatTable(
  rows: readonly (readonly string[])[],
  options: { readonly head?: readonly string[]; readonly align?: readonly Align[] } = {},
): string {
  const { head, align = [] } = options;
  const all = head === undefined ? rows : [head, ...rows];
  const widths: number[] = [];
  for (const row of all)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        align[i] === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!),
      )
      .join("  ")
      .trimEnd();
  const lines = rows.map(line);
  if (head !== undefined) lines.unshift(line(head), widths.map((w) => "─".repeat(w)).join("  "));
  return lines.map((text) => `${text}\n`).join("");
}

/** Columns of the terminal that results go to; 100 elsewhere. */
export const terminalWidth = (): number => process.stdout.columns || 100;

/** A table whose last column is broken into lines that stand below each other. */
export function formatNotes(
  rows: readonly (readonly string[])[],
  options: {
    readonly head?: readonly string[];
    readonly align?: readonly Align[];
    readonly width?: number;
  } = {},
): string {
  const { head, align = [], width = terminalWidth() } = options;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const taken = Array.from({ length: columns - 1 }, (_, i) =>
    Math.max(...[head ?? [], ...rows].map((row) => row[i]?.length ?? 0)),
  ).reduce((sum, n) => sum + n + 2, 0);
  const lines = rows.flatMap((row) => {
    const [first = "", ...rest] = wrapText(row.at(-1) ?? "", Math.max(30, width - taken));
    const blank = Array.from({ length: columns - 1 }, () => "");
    return [[...row.slice(0, -1), first], ...rest.map((line) => [...blank, line])];
  });
  return formatTable(lines, head === undefined ? { align } : { head, align });
}

/** Text broken between words into lines of at most `width` characters. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

/** A number of bytes in the unit people read. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** A duration: milliseconds below a second, seconds above. */
export function formatTime(milliseconds: number): string {
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `1 file`, `2 files`. */
export const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;
