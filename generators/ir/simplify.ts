// Exact simplifications beyond build.ts' folding: of integers, block owners, and loops of one step.
// Each holds for every value its operands may have; none changes how a real number is rounded.

import { fold, make } from "./build.ts";
import { type Expr, int, kindOf, type Loop, part, type Reduce, reduceNode } from "./expr.ts";
import { rewrite, substitute } from "./walk.ts";

type Const = Extract<Expr, { kind: "const" }>;
type Op = Extract<Expr, { kind: "op" }>;

const isConst = (e: Expr | undefined): e is Const => e?.kind === "const";
const is = (e: Expr | undefined, value: number): boolean => isConst(e) && e.value === value;

/** The node itself or an equal, simpler one; operands are simplified already. */
export function simplify(e: Expr): Expr {
  const folded = fold(e);
  if (folded !== e) return folded;
  if (e.kind === "part") return dropSingleSteps(e.of, e.part);
  if (e.kind !== "op") return e;
  if (e.op === "minimum" || e.op === "maximum") return e.args[0] === e.args[1] ? e.args[0]! : e;
  return kindOf(e) === "int" ? simplifyInt(e) : e;
}

function simplifyInt(e: Op): Expr {
  const [a, b, c, d] = e.args;
  switch (e.op) {
    case "mul":
      return is(a, 0) || is(b, 0) ? int(0) : e;
    case "sub":
      if (a === b) return int(0);
      return isConst(b) ? addConstant(e, a!, -b.value) : e;
    case "add":
      if (isConst(b)) return addConstant(e, a!, b.value);
      return isConst(a) ? addConstant(e, b!, a.value) : e;
    case "mod":
      return is(b, 1) ? int(0) : e;
    case "owner":
      // One block, or blocks of one element.
      if (is(c, 1)) return int(0);
      return b === c ? a! : e;
    case "member":
      if (is(a, 0) || is(d, 1)) return b!;
      return c === d ? make("add", a!, b!) : e;
    default:
      return e;
  }
}

/** `a + by`, where `a` may itself be a sum with a constant; `e` where nothing gets simpler. */
function addConstant(e: Op, a: Expr, by: number): Expr {
  if (a.kind !== "op" || (a.op !== "add" && a.op !== "sub")) return e;
  const [x, y] = a.args;
  if (!isConst(y)) return e;
  const total = by + (a.op === "add" ? y.value : -y.value);
  if (Math.abs(total) >= 2 ** 31) return e;
  return total < 0 ? make("sub", x!, int(-total)) : make("add", x!, int(total));
}

const isSingle = (l: Loop): boolean =>
  isConst(l.lo) && isConst(l.hi) && l.hi.value - l.lo.value === 1;

/** A reduction without its loops of one step: their index is a constant. */
function dropSingleSteps(r: Reduce, which: number): Expr {
  const single = r.over.filter(isSingle);
  if (single.length === 0) return part(r, which);
  const index = new Map(single.map((l) => [l, l.lo] as const));
  const renamed = new Map<Loop, Loop | Expr>(index);
  const over: Loop[] = [];
  for (const l of r.over) {
    if (index.has(l)) continue;
    const [lo, hi] = substitute([l.lo, l.hi], renamed) as [Expr, Expr];
    // Bounds that used a dropped index would need a new loop; such a reduction stays as it is.
    if (lo !== l.lo || hi !== l.hi) return part(r, which);
    over.push(l);
  }
  const bodies = rewrite(substitute(r.bodies, renamed), simplify);
  if (over.length > 0) return part(reduceNode({ ...r, over, bodies }), which);
  return r.op === "max" ? bodies[which]! : make("add", r.from[which]!, bodies[which]!);
}
