// The author's names of values and indices, kept so that generated code can use them. An index stands for
// itself only until the reduction around it is built, so what was named inside is renamed with it.

import { type Expr, type Loop, loop } from "../ir/expr.ts";
import { freeLoops, substitute, visit } from "../ir/walk.ts";

const isLoop = (key: Expr | Loop): key is Loop => !("kind" in key);

/** Leaves have names of their own. */
const isLeaf = (e: Expr): boolean =>
  e.kind === "const" || e.kind === "attr" || e.kind === "option" || e.kind === "size";

/** Which name of the author's stands for which expression, for dumps and generated text. */
export class Names {
  #entries: { readonly key: Expr | Loop; readonly name: string }[] = [];

  /** How much is named so far; see `rename`. */
  get mark(): number {
    return this.#entries.length;
  }

  /** Notes a name. An index is named by whatever first binds it, other values by their `const`. */
  record(name: string, e: Expr, isConst: boolean): void {
    if (!/^[A-Za-z]\w*$/.test(name)) return; // some target could not spell it
    if (e.kind === "index") this.#entries.push({ key: e.loop, name });
    else if (isConst && !isLeaf(e)) this.#entries.push({ key: e, name });
  }

  /** Follows loops that became others, in all that was named since `mark`. */
  rename(mark: number, from: readonly Loop[], to: readonly Loop[]): void {
    const became = new Map(from.map((l, d) => [l, to[d]!]));
    const moved = (e: Expr): Expr =>
      [...freeLoops(e)].some((l) => became.has(l)) ? substitute([e], became)[0]! : e;
    this.#entries = this.#entries.map((entry, i) => {
      if (i < mark) return entry;
      const { key, name } = entry;
      if (!isLoop(key)) return { key: moved(key), name };
      const known = became.get(key);
      if (known) return { key: known, name };
      const [lo, hi] = [moved(key.lo), moved(key.hi)];
      return lo === key.lo && hi === key.hi ? entry : { key: loop({ ...key, lo, hi }), name };
    });
  }

  /** The first name of each value and loop that `roots` still use. */
  among(roots: readonly Expr[], loops: readonly Loop[]): ReadonlyMap<Expr | Loop, string> {
    const used = new Set<Expr | Loop>(loops);
    visit(roots, (e) => {
      used.add(e);
      if (e.kind === "part") for (const l of e.of.over) used.add(l);
    });
    const names = new Map<Expr | Loop, string>();
    for (const { key, name } of this.#entries)
      if (used.has(key) && !names.has(key)) names.set(key, name);
    return names;
  }
}
