import type { Helper } from "./target.ts";

/** The texts of helpers and of those they call, each after what it calls. */
export function closeHelpers(
  names: Iterable<string>,
  helpers: Readonly<Record<string, Helper>>,
): readonly string[] {
  const found = new Map<string, string>();
  const add = (name: string): void => {
    const helper = helpers[name];
    if (!helper) throw new Error(`There is no helper ${name}.`);
    if (found.has(name)) return;
    for (const other of helper.needs ?? []) add(other);
    found.set(name, helper.text);
  };
  for (const name of names) add(name);
  return [...found.values()];
}
