// Names in a nest: the author's where there is one, each used once in a function.

import type { Expr, Loop } from "../ir/expr.ts";
import type { AttrDecl } from "../ir/kernel.ts";

/** Names for values in the nest, each given once. */
export interface Names {
  /** The author's name. */
  readonly of: (node: Expr | Loop) => string | undefined;
  /** A name not used yet, made from `hint`. */
  readonly fresh: (hint: string) => string;
  /** The constant that stands for an option, e.g. `OFFSET_ORDER`. */
  readonly constant: (option: string) => string;
  /** The test for an option's choice, e.g. `is_zeros`; for one that is on or off, the option's name. */
  readonly choice: (option: string, value: number) => string;
  /** Marks a name as the author's, to be kept in the output though it may be used once. */
  readonly keep: (name: string) => void;
  readonly kept: ReadonlySet<string>;
  /** Was a name given here, and not by the launch's parameters? */
  readonly isMade: (name: string) => boolean;
  /** The hint a name was made from. */
  readonly baseOf: (name: string) => string;
}

/** `taken` are the names of buffers and parameters. */
export function createNames(
  authors: ReadonlyMap<Expr | Loop, string>,
  attrs: readonly AttrDecl[],
  taken: Iterable<string>,
): Names {
  const used = new Set(taken);
  const bases = new Map<string, string>();
  const kept = new Set<string>();
  /** The number that the next name of a hint gets; names are never given back. */
  const next = new Map<string, number>();
  const fresh = (hint: string): string => {
    let name = hint;
    let n = next.get(hint) ?? 2;
    while (used.has(name)) name = `${hint}${n++}`;
    next.set(hint, n);
    used.add(name);
    bases.set(name, hint);
    return name;
  };
  return {
    of: (node) => authors.get(node),
    fresh,
    choice: (name, value) => {
      const attr = attrs.find((a) => a.name === name);
      if (attr?.type === "bool") return value === 1 ? name : `not_${name}`;
      return `is_${attr?.values?.[value] ?? value}`;
    },
    constant: (option) => option.toUpperCase(),
    keep: (name) => kept.add(name),
    kept,
    isMade: (name) => bases.has(name),
    baseOf: (name) => bases.get(name) ?? name,
  };
}

/** What to call the variable of a loop; a fixed size is no name. */
export const loopName = (names: Names, l: Loop): string =>
  names.of(l) ?? (/^\d/.test(l.axis) ? "part" : l.axis.toLowerCase());
