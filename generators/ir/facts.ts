// What a kernel's equations and demands say about its sizes: enough to cut an axis into whole
// blocks.

import { conjuncts, extentOf, make } from "./build.ts";
import { type Expr, int } from "./expr.ts";
import type { Kernel } from "./kernel.ts";
import { rewrite } from "./walk.ts";

/** What is certain of a kernel's whole numbers, from its demands and derived axes. */
export interface Facts {
  /** Does `blocks` certainly divide `whole`? */
  readonly divides: (blocks: Expr, whole: Expr) => boolean;
  /** Are the two ints certainly equal? */
  readonly same: (a: Expr, b: Expr) => boolean;
  /** Are `count` indices from `first` certainly part of an axis of `whole` indices? */
  readonly isSlab: (first: Expr, count: Expr, whole: Expr) => boolean;
}

const known = new WeakMap<Kernel, Facts>();

/** The facts of a kernel, whose demands are taken to hold. */
export function factsOf(kernel: Kernel): Facts {
  const facts = known.get(kernel) ?? findFacts(kernel);
  known.set(kernel, facts);
  return facts;
}

function findFacts(kernel: Kernel): Facts {
  const definitions = new Map(kernel.axes.map(({ axis, size }) => [axis, size]));
  const defined = (e: Expr): Expr => {
    if (e.kind !== "size") return e;
    const definition = definitions.get(e.axis);
    return definition ? expand(definition) : e;
  };
  /** `e` in terms of sizes that no equation gives. */
  const expand = (e: Expr): Expr => rewrite([e], defined)[0]!;

  const demanded = new Set<Expr>();
  for (const { holds } of kernel.demands) for (const e of conjuncts(expand(holds))) demanded.add(e);

  const divides = (blocks: Expr, whole: Expr): boolean => {
    const [b, w] = [expand(blocks), expand(whole)];
    if (b === w || b === int(1)) return true;
    if (b.kind === "const" && w.kind === "const") return b.value > 0 && w.value % b.value === 0;
    const rest = make("mod", w, b);
    if (demanded.has(make("eq", rest, int(0))) || demanded.has(make("eq", int(0), rest)))
      return true;
    // w / x divides w where x does.
    const [over, x] = b.kind === "op" && b.op === "idiv" ? b.args : [];
    return over === w && x !== undefined && divides(x, w);
  };

  const same = (a: Expr, b: Expr): boolean => {
    if (a === b) return true;
    const [x, y] = [expand(a), expand(b)];
    return x === y || inverse(x, y) || inverse(y, x);
  };
  /** w / (w / x) is x where x divides w. */
  const inverse = (a: Expr, x: Expr): boolean => {
    if (a.kind !== "op" || a.op !== "idiv") return false;
    const [w, by] = a.args;
    return by?.kind === "op" && by.op === "idiv" && by.args[0] === w && by.args[1] === x
      ? divides(x, w!)
      : false;
  };
  const isSlab = (first: Expr, count: Expr, whole: Expr): boolean =>
    (kernel.slabs ?? []).some(
      (slab) =>
        first === extentOf(slab.first) && count === extentOf(slab.count) && same(slab.whole, whole),
    );
  return { divides, same, isSlab };
}
