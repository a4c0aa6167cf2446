// The variables at the top of a module. A binding has one number throughout a file, but a launch that only
// reads it and a launch that adds to it need variables of different types, so it may have several names.

import { createNames } from "../../generators/emit/names.ts";
import { countElements } from "../../generators/emit/printer.ts";
import type { BufferText } from "../../generators/emit/target.ts";
import type { Block, BufferDecl, Nest } from "../../generators/ir/nest.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { reserved } from "./reserved.ts";

const safe = createNames(reserved);

type Mode = "read" | "read_write" | "atomic";

/** A `var` of a module. */
export interface Variable {
  readonly name: string;
  readonly mode: Mode;
  readonly decl: BufferDecl;
}

/** All launches of a file. */
export const nestsOf = (plans: readonly Plan[]): readonly Nest[] =>
  plans.flatMap((plan) => plan.steps.flatMap((s) => (s.kind === "launch" ? [s.nest] : [])));

function addsTo(block: Block, buffer: string): boolean {
  return block.some((s) => {
    switch (s.kind) {
      case "accumulate":
        return s.mode !== "plain" && s.buffer === buffer;
      case "for":
        return addsTo(s.body, buffer);
      case "if":
        return addsTo(s.then, buffer) || addsTo(s.else, buffer);
      default:
        return false;
    }
  });
}

function modeOf(nest: Nest, decl: BufferDecl): Mode {
  if (addsTo(nest.body, decl.name)) return "atomic";
  return decl.access === "read" ? "read" : "read_write";
}

/** All buffers in device memory as the module declares them, in the order of their first use. */
export function globalVariables(plans: readonly Plan[]): readonly Variable[] {
  const found: Variable[] = [];
  for (const nest of nestsOf(plans))
    for (const decl of nest.buffers) {
      if (decl.place !== "global") continue;
      const mode = modeOf(nest, decl);
      const same = found.filter((v) => v.decl.name === decl.name);
      if (same.some((v) => v.mode === mode)) continue;
      const name = safe(decl.name);
      found.push({ name: same.length === 0 ? name : `${name}_${mode}`, mode, decl });
    }
  return found;
}

const sharedOf = ({ buffers }: Nest): readonly BufferDecl[] =>
  buffers.filter(({ place }) => place === "shared");

const isSameArray = (a: BufferDecl, b: BufferDecl): boolean =>
  a.name === b.name && a.dtype === b.dtype && countElements(a) === countElements(b);

/** The arrays that a group shares. Entry points with equal ones use one variable: each group has its own. */
export function sharedVariables(
  plans: readonly Plan[],
): readonly { name: string; decl: BufferDecl }[] {
  const nests = nestsOf(plans);
  const taken = new Set([
    ...globalVariables(plans).map(({ name }) => name),
    ...nests.map(({ name }) => safe(name)),
  ]);
  const found: { name: string; decl: BufferDecl }[] = [];
  for (const decl of nests.flatMap(sharedOf)) {
    if (found.some((other) => isSameArray(other.decl, decl))) continue;
    let name = safe(decl.name);
    for (let number = 2; taken.has(name); number++) name = `${decl.name}_${number}`;
    taken.add(name);
    found.push({ name, decl });
  }
  return found;
}

/** How the body of `nest` names a buffer. */
export function variableOf(nest: Nest, decl: BufferDecl, plans: readonly Plan[]): BufferText {
  if (decl.place === "shared") {
    const shared = sharedVariables(plans).find((v) => isSameArray(v.decl, decl));
    if (!shared) throw new Error(`${nest.name}: ${decl.name} is not declared in its module.`);
    return { name: shared.name, decl, atomic: false };
  }
  if (decl.place === "register") return { name: safe(decl.name), decl, atomic: false };
  const mode = modeOf(nest, decl);
  const variable = globalVariables(plans).find((v) => v.decl.name === decl.name && v.mode === mode);
  if (!variable) throw new Error(`${nest.name}: ${decl.name} is not declared in its module.`);
  return { name: variable.name, decl, atomic: mode === "atomic" };
}

/** A uniform block: plans that have the same scalars share one. */
export interface Uniform {
  readonly name: string;
  readonly type: string;
  readonly scalars: Plan["scalars"];
}

/** The numbers of a plan's launches: the call's, then those of a turn. */
export function uniformScalars({ scalars, repeats = [] }: Plan): Uniform["scalars"] {
  const names = new Set(repeats.flatMap(({ numbers }) => numbers.map(({ name }) => name)));
  return [...scalars, ...[...names].map((name) => ({ name, type: "i32", from: "size" }) as const)];
}

const scalarKey = (plan: Plan): string =>
  uniformScalars(plan)
    .map(({ name, type }) => `${name}: ${type}`)
    .join();

/** The uniform blocks of a file. They have one binding: no entry point uses two. */
export function uniforms(plans: readonly Plan[]): readonly Uniform[] {
  const found = new Map<string, Uniform>();
  for (const plan of plans) {
    const key = scalarKey(plan);
    if (found.has(key)) continue;
    const number = found.size === 0 ? "" : `${found.size + 1}`;
    found.set(key, {
      name: `params${number}`,
      type: `Params${number}`,
      scalars: uniformScalars(plan),
    });
  }
  return [...found.values()];
}

/** The uniform block of a plan. */
export function uniformOf(plan: Plan, plans: readonly Plan[]): Uniform {
  const key = scalarKey(plan);
  const at = [...new Set(plans.map(scalarKey))].indexOf(key);
  return uniforms(plans)[at]!;
}
