// Results that can be added to: a plan that overwrites its outputs becomes one that a constant makes add to them.

import { i32, type Nest, type NestExpr, type Stmt, typeOf, variable } from "../ir/nest.ts";
import { expressionsOf, visitBlock, visitNestExpr } from "../ir/nestWalk.ts";
import type { Plan, PlanStep } from "../ir/plan.ts";

/** The constant that says whether outputs are overwritten (0) or added to (1). */
export const accumulateConstant = "ACCUMULATE";

const isAdding: NestExpr = {
  kind: "op",
  op: "eq",
  args: [variable(accumulateConstant), i32(1)],
  type: "bool",
};

/**
 * The plan with one more option: where it is chosen, stores to outputs add to what is there, and outputs that
 * are added to anyway are not filled first.
 */
export function makeAdditive(plan: Plan): Plan {
  const outputs = new Set(plan.buffers.filter((b) => b.role === "output").map((b) => b.name));
  const steps = plan.steps.map((step): PlanStep => {
    if (step.kind === "launch") return { ...step, nest: addInNest(step.nest, outputs) };
    return outputs.has(step.buffer) ? { ...step, unless: accumulateConstant } : step;
  });
  const option = {
    name: "accumulate",
    constant: accumulateConstant,
    values: ["overwrite", "add"],
    default: 0,
  };
  return { ...plan, accumulate: accumulateConstant, options: [...plan.options, option], steps };
}

/** A nest that adds to what is in its one result, which it stores each element of once. */
export function addAlways(nest: Nest, outputs: ReadonlySet<string>): Nest {
  requireUnread(nest, outputs);
  const replace = (block: readonly Stmt[]): readonly Stmt[] =>
    block.map((s) => {
      if (s.kind === "for") return { ...s, body: replace(s.body) };
      if (s.kind === "if") return { ...s, then: replace(s.then), else: replace(s.else) };
      if (s.kind !== "store" || !outputs.has(s.buffer)) return s;
      const { buffer, address, value } = s;
      return { kind: "accumulate", buffer, address, value, mode: "plain" };
    });
  return {
    ...nest,
    buffers: nest.buffers.map((b) => (outputs.has(b.name) ? { ...b, access: "update" } : b)),
    body: replace(nest.body),
  };
}

function addInNest(nest: Nest, outputs: ReadonlySet<string>): Nest {
  requireUnread(nest, outputs);
  const stored = new Set<string>();
  visitBlock(nest.body, (s) => {
    if (s.kind === "store" && outputs.has(s.buffer)) stored.add(s.buffer);
  });
  if (stored.size === 0) return nest;
  const fresh = freshNames(nest);
  return {
    ...nest,
    constants: [...nest.constants, { name: accumulateConstant, type: "i32" }],
    buffers: nest.buffers.map((b) => (stored.has(b.name) ? { ...b, access: "update" } : b)),
    body: nest.body.flatMap((s) => addInStmt(s, stored, fresh)),
  };
}

/** What is added to an output is no longer the result by itself, so nothing may be computed from it. */
function requireUnread(nest: Nest, outputs: ReadonlySet<string>): void {
  const look = (e: NestExpr) =>
    visitNestExpr(e, (x) => {
      if (x.kind === "load" && outputs.has(x.buffer))
        throw new Error(
          `${nest.name} reads the output ${x.buffer}, to which results may be added.`,
        );
    });
  visitBlock(nest.body, (s) => expressionsOf(s).forEach(look));
}

function addInStmt(
  s: Stmt,
  stored: ReadonlySet<string>,
  fresh: (hint: string) => string,
): readonly Stmt[] {
  const inside = (block: readonly Stmt[]) => block.flatMap((x) => addInStmt(x, stored, fresh));
  switch (s.kind) {
    case "for":
      // Lanes hold no branches, so these choose between loops over lanes.
      if (s.by === "vector" && storesSome(s.body, stored)) {
        const adding = { ...s, body: addInLanes(s.body, stored) };
        return [{ kind: "if", cond: isAdding, then: [adding], else: [s] }];
      }
      return [{ ...s, body: inside(s.body) }];
    case "if":
      return [{ ...s, then: inside(s.then), else: inside(s.else) }];
    case "store": {
      if (!stored.has(s.buffer)) return [s];
      if (s.width !== 1) throw new Error(`${s.buffer} is stored ${s.width} at a time`);
      const lets: Stmt[] = [];
      // Both branches name it, so it is computed before them.
      const named = (e: NestExpr, hint: string): NestExpr => {
        if (e.kind === "var" || e.kind === "const") return e;
        const [name, type] = [fresh(hint), typeOf(e)];
        lets.push({ kind: "let", name, type, value: e });
        return variable(name, type);
      };
      const address = named(s.address, "place");
      // What is rounded where it is stored is added to before that.
      const rounded = roundingOf(s.value);
      const value = named(rounded?.arg ?? s.value, "gradient");
      return [
        ...lets,
        {
          kind: "if",
          cond: isAdding,
          then: [addTo(s, address, value)],
          else: [{ ...s, address, value: rounded ? { ...rounded, arg: value } : value }],
        },
      ];
    }
    default:
      return [s];
  }
}

function storesSome(body: readonly Stmt[], buffers: ReadonlySet<string>): boolean {
  let found = false;
  visitBlock(body, (s) => {
    if (s.kind === "store" && buffers.has(s.buffer)) found = true;
  });
  return found;
}

/** The plain statements of lanes, with additions to what they store. */
const addInLanes = (body: readonly Stmt[], stored: ReadonlySet<string>): readonly Stmt[] =>
  body.map((s) =>
    s.kind === "store" && stored.has(s.buffer)
      ? addTo(s, s.address, roundingOf(s.value)?.arg ?? s.value)
      : s,
  );

/** The conversion to 16 bits that a value ends with, if it does. */
const roundingOf = (e: NestExpr): Extract<NestExpr, { kind: "cast" }> | undefined =>
  e.kind === "cast" && (e.to === "f16" || e.to === "bf16") ? e : undefined;

/** Adds to an element that no other thread adds to; the sum is rounded once where elements are narrow. */
function addTo(
  { buffer, value: stored }: Extract<Stmt, { kind: "store" }>,
  address: NestExpr,
  value: NestExpr,
): Stmt {
  const rounded = roundingOf(stored);
  if (!rounded) return { kind: "accumulate", buffer, address, value, mode: "plain" };
  const { to } = rounded;
  const type = typeOf(value);
  const there: NestExpr = { kind: "load", buffer, address, type: to, width: 1 };
  const args: readonly NestExpr[] = [{ kind: "cast", to: type, arg: there }, value];
  const sum: NestExpr = { kind: "op", op: "add", args, type };
  return { kind: "store", buffer, address, value: { ...rounded, arg: sum }, width: 1 };
}

/** Names that nothing of a nest has. */
function freshNames(nest: Nest): (hint: string) => string {
  const taken = new Set([...nest.buffers, ...nest.scalars, ...nest.constants].map((p) => p.name));
  visitBlock(nest.body, (s) => {
    if (s.kind === "for") taken.add(s.variable);
    else if (s.kind === "let" || s.kind === "local") taken.add(s.name);
  });
  return (hint) => {
    let name = hint;
    for (let n = 2; taken.has(name); n++) name = `${hint}_${n}`;
    taken.add(name);
    return name;
  };
}
