// Mutants: kernels that are wrong in one place. A check that cannot tell one from the right kernel does not
// see that place; such survivors are listed, and a test fails on each that is not known to be equivalent.

import { constant, type Expr, kindOf, op, read, select } from "../ir/expr.ts";
import { interpretKernel } from "../ir/interpret.ts";
import { type Kernel, rootsOf, type Stage } from "../ir/kernel.ts";
import type { OpName } from "../ir/ops.ts";
import { rewrite, visit } from "../ir/walk.ts";
import type { Case } from "./cases.ts";
import { compare } from "./compare.ts";
import { type Judgement, judge } from "./judge.ts";
import type { Rules } from "./rules.ts";

/** What an operation is mistaken for; a new operation needs a row, each a different function. */
export const mistakes: Readonly<Record<OpName, readonly OpName[]>> = {
  add: ["sub"],
  sub: ["add"],
  mul: ["add"],
  div: ["mul"],
  idiv: ["mod"],
  mod: ["idiv"],
  owner: [],
  member: [],
  minimum: ["maximum"],
  maximum: ["minimum"],
  neg: ["abs"],
  abs: ["neg"],
  floor: ["ceil", "round"],
  ceil: ["floor", "round"],
  round: ["floor", "ceil"],
  floorf: ["ceilf", "roundf"],
  ceilf: ["floorf", "roundf"],
  roundf: ["floorf", "ceilf"],
  rintf: ["floorf", "ceilf", "roundf"],
  sqrt: ["abs"],
  exp: ["log"],
  log: ["exp"],
  sin: ["cos"],
  cos: ["sin"],
  tanh: ["sin"],
  lt: ["le", "eq"],
  le: ["lt", "eq"],
  eq: ["le"],
  and: ["or"],
  or: ["and"],
  not: [],
};

/** A kernel with one fault, and what the fault is. */
export interface Mutant {
  readonly what: string;
  /** The node that was replaced. */
  readonly node: Expr;
  readonly kernel: Kernel;
}

/** What may stand in a node's place, by name: other operations, dropped conjuncts, other border rules. */
function faultsOf(e: Expr): readonly { readonly what: string; readonly as: (e: Expr) => Expr }[] {
  switch (e.kind) {
    case "op": {
      const others = mistakes[e.op]
        .filter((other) => !(other === "sqrt" || other === "log") || kindOf(e) !== "int")
        .map((other) => ({
          what: `${e.op} as ${other}`,
          as: (x: Expr) => (x.kind === "op" ? op(other, ...x.args) : x),
        }));
      const operand = (i: number) => ({
        what: `${e.op} without operand ${1 - i}`,
        as: (x: Expr) => (x.kind === "op" ? x.args[i]! : x),
      });
      // A conjunct of a range test, a limit of a clamp.
      const dropped = ["and", "or", "minimum", "maximum", "not"].includes(e.op)
        ? e.args.length === 2
          ? [operand(0), operand(1)]
          : [{ what: `${e.op} left out`, as: operand(0).as }]
        : [];
      return [...others, ...dropped];
    }
    case "read": {
      const other = e.border === "zero" ? "clamp" : e.border === "clamp" ? "zero" : undefined;
      if (!other) return [];
      const as = (x: Expr) => (x.kind === "read" ? read({ ...x, border: other }) : x);
      return [{ what: `border of ${e.from}: ${e.border} as ${other}`, as }];
    }
    case "select":
      return [
        {
          what: "select with its branches exchanged",
          as: (x: Expr) => (x.kind === "select" ? select(x.cond, x.else, x.then) : x),
        },
      ];
    case "const":
    case "attr":
    case "option":
    case "size":
    case "index":
    case "cast":
    case "part":
      return [];
    default:
      return e satisfies never;
  }
}

/** Nodes that only bound a covering loop: such bounds are generous, so another may be as right. */
function onlyInCovers(roots: readonly Expr[]): ReadonlySet<Expr> {
  const elsewhere = new Set<Expr>();
  const everywhere = new Set<Expr>();
  visit(roots, (e) => everywhere.add(e));
  const go = (e: Expr): void => {
    if (elsewhere.has(e)) return;
    elsewhere.add(e);
    if (e.kind === "read") e.at.forEach(go);
    else if (e.kind === "op") e.args.forEach(go);
    else if (e.kind === "cast") go(e.arg);
    else if (e.kind === "select") [e.cond, e.then, e.else].forEach(go);
    else if (e.kind === "part") {
      for (const l of e.of.over) if (!l.cover) [l.lo, l.hi].forEach(go);
      [...e.of.bodies, ...e.of.from].forEach(go);
    }
  };
  roots.forEach(go);
  return new Set([...everywhere].filter((e) => !elsewhere.has(e)));
}

/** Every mutant of a kernel's stages, bounds of covering loops left out. */
export function mutate(kernel: Kernel): readonly Mutant[] {
  return kernel.stages.flatMap((stage, at) => {
    const roots = rootsOf(stage);
    const covers = onlyInCovers(roots);
    const mutants: Mutant[] = [];
    visit(roots, (node) => {
      if (covers.has(node)) return;
      for (const { what, as } of faultsOf(node)) {
        const changed = rewrite(roots, (e) => (e === node ? as(e) : e));
        const stages = kernel.stages.with(at, withRoots(stage, changed));
        mutants.push({ what: `${stage.name}: ${what}`, node, kernel: { ...kernel, stages } });
      }
    });
    return mutants;
  });
}

function withRoots(stage: Stage, roots: readonly Expr[]): Stage {
  if (stage.kind === "gather") return { ...stage, parts: roots };
  const n = stage.at.length;
  const [when] = roots;
  return { ...stage, when: when!, at: roots.slice(1, n + 1), values: roots.slice(n + 1) };
}

/** The mutants that no case tells from the right kernel. A case is of the kernel's own variant. */
export function findSurvivors(
  kernel: Kernel,
  mutants: readonly Mutant[],
  cases: readonly Case[],
  rules: Rules,
): readonly Mutant[] {
  const judged = cases.map((of) => ({ of, by: judge(kernel, of.inputs, of.numbers, rules) }));
  for (const { of, by } of judged)
    if (isKilled(kernel, of, by)) throw new Error(`the right kernel fails case ${of.id}`);
  // Cases that killed lately go first.
  return mutants.filter((mutant) => {
    const killer = judged.findIndex(({ of, by }) => isKilled(mutant.kernel, of, by));
    if (killer > 0) judged.unshift(...judged.splice(killer, 1));
    return killer < 0;
  });
}

function isKilled(kernel: Kernel, of: Case, by: Judgement): boolean {
  const { sizes, attrs, options } = of.numbers;
  let outputs: ReturnType<typeof interpretKernel>;
  try {
    outputs = interpretKernel(kernel, of.inputs, sizes, attrs, options);
  } catch {
    // Reads out of range, for one, are found before any value is.
    return true;
  }
  return Object.entries(by.outputs).some(([name, verdicts]) =>
    verdicts.some((verdict, part) => {
      const data = outputs[name]!.parts[part]!;
      return !compare(verdict, { data }, of.expects).passed;
    }),
  );
}

/** A kernel whose rounded quotients are off by this share, as division may be on a target. */
export function bendQuotients(kernel: Kernel, by: number): Kernel {
  const bend = (e: Expr): Expr => {
    const [quotient] = e.kind === "op" && e.op === "floorf" ? e.args : [];
    if (quotient?.kind !== "op" || quotient.op !== "div") return e;
    return op("floorf", op("mul", quotient, constant(1 + by, "coord")));
  };
  const stages = kernel.stages.map((stage) => withRoots(stage, rewrite(rootsOf(stage), bend)));
  return { ...kernel, stages };
}
