// The space of a kernel on a target: which structure its schedule has, and with which sizes. It follows from the
// transforms; nothing is written for one operator or one target.

import { limitsOf } from "../../compile.ts";
import type { Target } from "../../emit/target.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { NamedSchedule } from "../../schedule/defaults.ts";
import { applySchedule, type Limits, type Params } from "../../schedule/index.ts";
import { evaluate, parametersOf } from "../space/evaluate.ts";
import type { Expr, Value } from "../space/expr.ts";
import type { Configuration, Constraint, Parameter, Space } from "../space/space.ts";
import { expressions, isOneOf } from "./algebra.ts";
import { type Family, findFamilies, usual } from "./families.ts";
import { type Condition, findSizes, type Knob, type Sizes } from "./parameters.ts";
import { findSteps, writtenOut } from "./unrolling.ts";

/** A kernel's choices on a target. */
export interface KernelSpace {
  readonly space: Space;
  /** What kernels have where nothing is chosen: the default schedule. */
  readonly default: Configuration;
  /** The schedule that a configuration means. */
  scheduleFor(configuration: Configuration): NamedSchedule | { readonly refused: string };
}

/** Which structure a schedule has; the other parameters are sizes of some of them. */
const structure = "family";

interface Sized extends Family, Sizes {}

/** The space of a kernel on a target, or on a device of it that allows more or less than all of them do. */
export function spaceOf(
  kernel: Kernel,
  target: Target,
  limits: Limits = limitsOf(target),
): KernelSpace {
  const families = findFamilies(kernel, target.capabilities, limits).map(
    (family): Sized => ({ ...family, ...findSizes(family, limits) }),
  );
  const sizes = collectParameters(families);
  const steps = findSteps(families);
  const parameters: readonly Parameter[] = [
    { name: structure, values: families.map(({ name }) => name) },
    ...sizes.map(({ name, values }) => ({ name, values })),
    ...(steps.length > 1 ? [{ name: writtenOut, values: steps }] : []),
  ];
  const usually: Configuration = {
    [structure]: usual,
    ...Object.fromEntries(sizes.map(({ name, pinned }) => [name, pinned])),
    ...(steps.length > 1 && { [writtenOut]: 0 }),
  };
  const space: Space = {
    name: [kernel.operator, kernel.role, ...kernel.present, target.name].join(" "),
    parameters,
    constraints: [
      ...sizes.flatMap((size) => pinUnused(families, size)),
      ...guardConditions(families, usually),
    ],
  };
  return {
    space,
    default: usually,
    scheduleFor: (configuration) => scheduleOf(kernel, limits, space, families, configuration),
  };
}

/** A parameter of some families, with what it is where it says nothing. */
interface Shared extends Parameter {
  readonly pinned: Value;
  readonly users: readonly string[];
}

/** The sizes of all families; equal names are one parameter. */
function collectParameters(families: readonly Sized[]): readonly Shared[] {
  const all = new Map<string, readonly { readonly family: string; readonly knob: Knob }[]>();
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

/** What a family has no use for has one value in it, so that no two points are one schedule. */
function pinUnused(
  families: readonly Family[],
  { name, pinned, users }: Shared,
): readonly Constraint[] {
  if (users.length === families.length) return [];
  const holds = expressions.or(isOneOf(structure, users), isOneOf(name, [pinned]));
  return [{ holds, why: `no other structure has a use for ${name}` }];
}

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
  return [...found.values()].map(({ condition: { holds, why }, in: asking }) => ({
    holds: guard(
      holds,
      families.map((f) => f.name).filter((f) => !asking.has(f)),
      usually,
    ),
    why,
  }));
}

/** A condition that some families are free of; where pinned parameters fulfil it, they need no mention. */
function guard(holds: Expr, free: readonly string[], usually: Configuration): Expr {
  if (free.length === 0) return holds;
  const isFulfilled = parametersOf(holds).size > 0 && evaluate(holds, usually) === true;
  return isFulfilled ? holds : expressions.or(isOneOf(structure, free), holds);
}

function scheduleOf(
  kernel: Kernel,
  limits: Limits,
  { name: of, parameters }: Space,
  families: readonly Sized[],
  configuration: Configuration,
): NamedSchedule | { readonly refused: string } {
  for (const { name, values } of parameters) {
    const value = configuration[name];
    if (value === undefined || !values.includes(value))
      return { refused: `${name} of ${of} is one of ${values.join(", ")}, not ${value}` };
  }
  const family = families.find(({ name }) => name === configuration[structure])!;
  const steps = family.steps.map(([name, params], at) => {
    const changed = family.knobs.filter(
      (knob) => knob.step === at && configuration[knob.name] !== knob.usual,
    );
    const own = changed.map(({ choice, name }) => [choice, configuration[name]!] as const);
    if (own.length === 0)
      return params === undefined ? ([name] as const) : ([name, params] as const);
    return [name, { ...params, ...Object.fromEntries(own) } as Params] as const;
  });
  const count = configuration[writtenOut] ?? 0;
  const all = count === 0 ? steps : [...steps, ["unroll", { steps: count }] as const];
  const result = applySchedule(kernel, all, limits);
  if ("refused" in result) return { refused: result.refused };
  return { name: count === 0 ? family.schedule : `${family.schedule}, unroll`, steps: all };
}
