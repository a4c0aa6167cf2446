// The space of a kernel on a target: which structure its schedule has, and with which sizes. It follows from the
// transforms; nothing is written for one operator or one target.

import { limitsOf } from "../../compile.ts";
import type { Target } from "../../emit/target.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { Tiles } from "../../schedule/contract/tiles.ts";
import type { NamedSchedule } from "../../schedule/defaults.ts";
import { applySchedule, type Limits, type Schedule } from "../../schedule/index.ts";
import { evaluate, parametersOf } from "../space/evaluate.ts";
import type { Expr, Value } from "../space/expr.ts";
import type { Configuration, Constraint, Parameter, Space } from "../space/space.ts";
import { expressions, isOneOf } from "./algebra.ts";
import { type Extra, findExtras, insertStep } from "./extras.ts";
import { type Family, findFamilies, usual } from "./families.ts";
import type { Condition, Knob } from "./parameters.ts";
import { type Left, type Sized, trim } from "./trim.ts";

/** A kernel's choices on a target. */
export interface KernelSpace {
  readonly space: Space;
  /** What kernels have where nothing is chosen: the default schedule. */
  readonly default: Configuration;
  /** The schedule that a configuration means. */
  scheduleFor(configuration: Configuration): NamedSchedule | { readonly refused: string };
}

/** The same, with what is known of it. */
export interface DetailedSpace extends KernelSpace {
  /** The tiles of groups of threads in the schedule that a configuration means. */
  tilesOf(configuration: Configuration): readonly Tiles[];
  /** What is not in the space, because it would be too large. */
  readonly left: Left;
}

/** The parameter that says which structure a schedule has; the others are sizes of some of them. */
export const structure = "family";

/** The space of a kernel on a target, or on a device of it that allows more or less than all of them do. */
export function spaceOf(
  kernel: Kernel,
  target: Target,
  limits: Limits = limitsOf(target),
): DetailedSpace {
  const found = findFamilies(kernel, target.capabilities, limits);
  const { families, extras, left } = trim(
    found,
    target.capabilities.updates ? findExtras(found, limits) : [],
    limits,
  );
  const sizes = [...collectParameters(families), ...extras.map(describeExtra)];
  const usually: Configuration = {
    [structure]: usual,
    ...Object.fromEntries(sizes.map(({ name, pinned }) => [name, pinned])),
  };
  const space: Space = {
    name: [kernel.operator, kernel.role, ...kernel.present, target.name].join(" "),
    parameters: [
      { name: structure, values: families.map(({ name }) => name) },
      ...sizes.map(({ name, values }) => ({ name, values })),
    ],
    constraints: [
      ...sizes.flatMap((size) => pinUnused(families, size)),
      ...guardConditions(families, usually),
    ],
  };
  return {
    space,
    default: usually,
    left,
    tilesOf(configuration) {
      const family = families.find(({ name }) => name === configuration[structure]);
      return family === undefined ? [] : tilesIn(family, configuration);
    },
    scheduleFor(configuration) {
      const refused = refuseValues(space, configuration);
      if (refused !== undefined) return { refused };
      const family = families.find(({ name }) => name === configuration[structure])!;
      const taken = extras.filter(({ name, values }) => configuration[name] !== values[0]);
      const schedule = scheduleOf(family, taken, configuration);
      const result = applySchedule(kernel, schedule.steps, limits);
      return "refused" in result ? { refused: result.refused } : schedule;
    },
  };
}

/** A parameter of some families, with what it is where it says nothing. */
interface Shared extends Parameter {
  readonly pinned: Value;
  readonly users: readonly string[];
}

/** The sizes of all families; equal names are one parameter. */
function collectParameters(families: readonly Sized[]): readonly Shared[] {
  const all = new Map<string, { readonly family: string; readonly knob: Knob }[]>();
  for (const { name, knobs } of families)
    for (const knob of knobs)
      all.set(knob.name, [...(all.get(knob.name) ?? []), { family: name, knob }]);
  return [...all].map(([name, uses]) => {
    const values = new Set(uses.flatMap(({ knob }) => knob.values));
    return {
      name,
      values: [...values].toSorted((a, b) => Number(a) - Number(b)),
      pinned: uses[0]!.knob.usual,
      users: [...new Set(uses.map(({ family }) => family))],
    };
  });
}

const describeExtra = ({ name, values, families }: Extra): Shared => ({
  name,
  values,
  pinned: values[0],
  users: families,
});

/** What a family has no use for has one value in it, so that no two points are one schedule. */
function pinUnused(
  families: readonly Family[],
  { name, pinned, users }: Shared,
): readonly Constraint[] {
  if (families.every((family) => users.includes(family.name))) return [];
  const holds = expressions.or(isOneOf(structure, users), isOneOf(name, [pinned]));
  return [{ holds, why: `${unusedWhy} ${name}` }];
}

/** How the reasons of such constraints begin. */
export const unusedWhy = "no other structure has a use for";

/** The conditions of all families, each where it is asked for. */
function guardConditions(
  families: readonly Sized[],
  usually: Configuration,
): readonly Constraint[] {
  const found = new Map<string, { readonly condition: Condition; readonly in: Set<string> }>();
  for (const { name, conditions } of families)
    for (const condition of conditions) {
      const key = JSON.stringify(condition);
      const known = found.get(key) ?? { condition, in: new Set<string>() };
      found.set(key, known);
      known.in.add(name);
    }
  return [...found.values()].map(({ condition: { holds, why }, in: asking }) => {
    const free = families.flatMap(({ name }) => (asking.has(name) ? [] : [name]));
    return { holds: guard(holds, free, usually), why };
  });
}

/** A condition that some families are free of; where pinned parameters fulfil it, they need no mention. */
function guard(holds: Expr, free: readonly string[], usually: Configuration): Expr {
  if (free.length === 0) return holds;
  const isFulfilled = parametersOf(holds).size > 0 && evaluate(holds, usually) === true;
  return isFulfilled ? holds : expressions.or(isOneOf(structure, free), holds);
}

/** Why a configuration is none of a space's, where a value is not among those of its parameter. */
function refuseValues(
  { name: of, parameters }: Space,
  configuration: Configuration,
): string | undefined {
  for (const { name, values } of parameters) {
    const value = configuration[name];
    if (value === undefined || !values.includes(value))
      return `${name} of ${of} is one of ${values.join(", ")}, not ${value}`;
  }
  const known = new Set(parameters.map(({ name }) => name));
  const unknown = Object.keys(configuration).find((name) => !known.has(name));
  return unknown === undefined ? undefined : `${of} has no parameter ${unknown}`;
}

/** The tiles that steps of a family make, with the sizes chosen. */
function tilesIn({ steps, drafts, knobs }: Sized, configuration: Configuration): readonly Tiles[] {
  return steps.flatMap(([, params], at) => {
    const loops = drafts[at + 1]!.loops.get(String(params?.stage));
    const isNew = loops !== drafts[at]!.loops.get(String(params?.stage));
    if (loops?.by !== "tiles" || !isNew) return [];
    const own = knobs.filter(({ step }) => step === at);
    const chosen = own.map(({ choice, name }) => [choice, configuration[name]] as const);
    return [{ ...loops.tiles, ...Object.fromEntries(chosen) }];
  });
}

/** The schedule of a family with sizes, and some steps more. */
function scheduleOf(
  family: Sized,
  extras: readonly Extra[],
  configuration: Configuration,
): NamedSchedule {
  const sized = family.steps.map((step, at): Schedule[number] => {
    const changed = family.knobs.filter(
      (knob) => knob.step === at && configuration[knob.name] !== knob.usual,
    );
    if (changed.length === 0) return step;
    const own = changed.map(({ choice, name }) => [choice, configuration[name]!] as const);
    return [step[0], { ...step[1], ...Object.fromEntries(own) }];
  });
  const more = extras.map(({ name, step }) => step(configuration[name]!));
  return {
    name: [family.schedule, ...more.map(([name]) => name)].join(", "),
    steps: more.reduce(insertStep, sized),
  };
}
