// Reductions become loops around locals.

import { partOf } from "../ir/build.ts";
import { index, kindOf, type Loop } from "../ir/expr.ts";
import { type NestExpr, type Stmt, variable } from "../ir/nest.ts";
import { freeLoops } from "../ir/walk.ts";
import { loopName } from "./names.ts";
import { type Case, operation, type Placing, zeroOf } from "./placing.ts";
import { innermostGuard, innerScope, outermostBinding, type Placed, type Scope } from "./scope.ts";

type For = Extract<Stmt, { kind: "for" }>;

const not = (arg: NestExpr): NestExpr => operation("not", "bool", arg);

export function createWalks({ options, hints, typeFor, place }: Placing) {
  const { names } = options;

  function computeReduce(e: Case<"part">, here: Scope): Placed {
    const { of } = e;
    const scope = outermostBinding(here, freeLoops(e), innermostGuard(here));
    const accumulators = of.bodies.map((body, i): Extract<NestExpr, { kind: "var" }> => {
      const type = typeFor(kindOf(body));
      const init = place(of.from[i]!, scope).value;
      const name = names.fresh(names.of(partOf(of, i)) ?? (of.op === "sum" ? "sum" : "best"));
      scope.body.push({ kind: "local", name, type, init });
      return { kind: "var", name, type };
    });
    const found = of.op === "max" ? names.fresh("found") : undefined;
    if (found !== undefined)
      scope.body.push({ kind: "local", name: found, type: "bool", init: zeroOf("bool") });

    const { scope: inside, close } = openLoops(of.over, scope);
    for (const body of of.bodies) if (!hints.has(body)) hints.set(body, "term");
    const bodies = of.bodies.map((body) => place(body, inside).value);
    const update = accumulators.map((to, i): Stmt => {
      const value = of.op === "sum" ? operation("add", to.type, to, bodies[i]!) : bodies[i]!;
      return { kind: "set", name: to.name, value };
    });
    if (found === undefined) inside.body.push(...update);
    else {
      const greater = operation("lt", "bool", accumulators[0]!, bodies[0]!);
      const cond = operation("or", "bool", not(variable(found, "bool")), greater);
      const yes: NestExpr = { kind: "const", type: "bool", value: 1 };
      const seen: Stmt = { kind: "set", name: found, value: yes };
      inside.body.push({ kind: "if", cond, then: [...update, seen], else: [] });
    }
    close();
    for (const [i, value] of accumulators.entries()) scope.values.set(partOf(of, i), value);
    return { value: accumulators[e.part]!, scope };
  }

  function openLoops(loops: readonly Loop[], here: Scope) {
    const opened: { outer: Scope; inner: Scope; header: Omit<For, "body"> }[] = [];
    let scope = here;
    for (const l of loops) {
      const [lo, hi] = [place(l.lo, scope).value, place(l.hi, scope).value];
      const name = names.fresh(loopName(names, l));
      const inner = innerScope(scope, [l]);
      inner.values.set(index(l), variable(name));
      opened.push({
        outer: scope,
        inner,
        header: { kind: "for", variable: name, lo, hi, by: "serial" },
      });
      scope = inner;
    }
    const close = () => {
      for (const { outer, inner, header } of opened.toReversed())
        outer.body.push({ ...header, body: inner.body });
    };
    return { scope, close };
  }

  return { computeReduce, openLoops };
}
