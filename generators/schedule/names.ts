// Names in a nest: the author's where there is one, each used once in a function.

import type { Expr, Loop } from "../ir/expr.ts";

export interface Names {
  /** The author's name. */
  readonly of: (node: Expr | Loop) => string | undefined;
  /** A name not used yet, made from `hint`. */
  readonly fresh: (hint: string) => string;
  /** The constant that stands for an option, e.g. `OFFSET_ORDER`. */
  readonly constant: (option: string) => string;
  /** Marks a name as the author's, to be kept in the output though it may be used once. */
  readonly keep: (name: string) => void;
  readonly kept: ReadonlySet<string>;
  /** The hint a name was made from. */
  readonly baseOf: (name: string) => string;
}

/** `taken` are the names of buffers and parameters. */
export function createNames(
  authors: ReadonlyMap<Expr | Loop, string>,
  taken: Iterable<string>,
): Names {
  const used = new Set(taken);
  const bases = new Map<string, string>();
  const kept = new Set<string>();
  const fresh = (hint: string): string => {
    let name = hint;
    for (let n = 2; used.has(name); n++) name = `${hint}${n}`;
    used.add(name);
    bases.set(name, hint);
    return name;
  };
  return {
    of: (node) => authors.get(node),
    fresh,
    constant: (option) => option.toUpperCase(),
    keep: (name) => kept.add(name),
    kept,
    baseOf: (name) => bases.get(name) ?? name,
  };
}
