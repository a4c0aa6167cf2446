// The programs of the folder baselines as modules: what stands before their main loops, with names
// exported.

import { readFile } from "node:fs/promises";

/**
 * Imports the part of a program before `until`, with some texts replaced, and with more text after
 * it.
 */
export async function importBaseline<T>(
  name: string,
  until: string,
  replaced: Readonly<Record<string, string>>,
  after: string,
): Promise<T> {
  const text = await readFile(new URL(`../baselines/${name}`, import.meta.url), "utf8");
  const end = text.indexOf(until);
  if (end < 0) throw new Error(`baselines/${name} has no "${until.trim()}" any more`);
  let head = text.slice(0, end);
  for (const [from, to] of Object.entries(replaced)) head = head.replaceAll(from, to);
  const source = Buffer.from(`${head}\n${after}`).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)) as T;
}
