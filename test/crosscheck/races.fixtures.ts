// Every operator's kernels, forward and backward, under every schedule that applies to them, with cases to run.

import { type Case, drawCase } from "../../generators/check/cases.ts";
import { allVariants, nameVariant, type Subject } from "../../generators/check/variants.ts";
import { gradientSubject } from "../../generators/cli/gradients.ts";
import { otherLowerings } from "../../generators/cli/lowerings.ts";
import { openOperators } from "../../generators/cli/operators.ts";
import { type ChosenSchedule, limitsOf, scheduleOn } from "../../generators/compile.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { isOption, type Kernel, optionValues } from "../../generators/ir/kernel.ts";
import type { NamedSchedule } from "../../generators/schedule/defaults.ts";
import { applySchedule, type Schedule } from "../../generators/schedule/index.ts";
import type { Entry, Job } from "../../targets/contract/program.ts";

/** The kernels of one role of an operator, one for each choice of optional tensors. */
export interface Role {
  readonly name: string;
  readonly operator: Operator;
  readonly subject: Subject;
  readonly kernels: readonly Kernel[];
}

const roleOf = (operator: Operator, subject: Subject): Role => ({
  name: subject.name,
  operator,
  subject,
  kernels: (subject.variants.length > 0 ? subject.variants : [[]]).map(subject.kernel),
});

/** Those of all operators of the package. */
export const roles: readonly Role[] = openOperators([]).flatMap((operator) => {
  const gradients = gradientSubject(operator);
  return [roleOf(operator, operator), ...(gradients ? [roleOf(operator, gradients)] : [])];
});

/** The role of this name. */
export function findRole(name: string): Role {
  const found = roles.find((role) => role.name === name);
  if (!found) throw new Error(`no operator has kernels named ${name}`);
  return found;
}

/** One schedule for all kernels of a role. */
export interface Way {
  readonly name: string;
  readonly schedule: ChosenSchedule;
}

const innerStages = ({ stages, outputs }: Kernel): Schedule =>
  stages
    .filter((stage) => stage.kind === "gather" && !outputs.includes(stage.name))
    .map(({ name }) => ["materialise", { stage: name }] as const);

/** Schedules that no operator has by itself, and to which kernels they apply. */
const furtherSchedules: Readonly<Record<string, (kernel: Kernel) => Schedule>> = {
  pointwise: () => [["pointwise", { group: 32 }]],
  "materialise, pointwise": (kernel) => [...innerStages(kernel), ["pointwise", { group: 32 }]],
  lanes: (kernel) => [...innerStages(kernel), ["lanes", { lanes: 8 }], ["pointwise"]],
};

/** A schedule of every kernel of a role; nothing where it does not apply to one of them. */
function applied(
  target: Target,
  { kernels }: Role,
  name: string,
  steps: (kernel: Kernel) => Schedule,
): readonly Way[] {
  const refused = kernels.some(
    (kernel) => "refused" in applySchedule(kernel, steps(kernel), limitsOf(target)),
  );
  const named = (kernel: Kernel): NamedSchedule => ({ name, steps: steps(kernel) });
  const schedule: ChosenSchedule = {
    nameFor: () => name,
    plan: (kernel) => scheduleOn(target, named(kernel)).plan(kernel),
  };
  return refused ? [] : [{ name, schedule }];
}

const ways = new WeakMap<Role, Map<Target, readonly Way[]>>();

/** All schedules of a role on a target: its own, other ways of adding, and further ones where there are threads. */
export function waysOf(role: Role, target: Target): readonly Way[] {
  const known = ways.get(role) ?? new Map<Target, readonly Way[]>();
  ways.set(role, known);
  const all = known.get(target) ?? findWays(role, target);
  known.set(target, all);
  return all;
}

function findWays(role: Role, target: Target): readonly Way[] {
  const { kernels } = role;
  const others = otherLowerings(kernels, target).flatMap(({ by, schedule }) =>
    "refused" in schedule ? [] : [{ name: by, schedule }],
  );
  const further = Object.entries(furtherSchedules).flatMap(([name, steps]) =>
    target.capabilities.groups ? applied(target, role, name, steps) : [],
  );
  return [{ name: "default", schedule: scheduleOn(target) }, ...others, ...further];
}

/**
 * Of a role's schedules on a target, its own and those in which its turn comes: each other schedule is in turn with
 * `share` of the roles that it applies to, spread over all of them.
 */
export function waysInTurn(role: Role, target: Target, share: number): readonly Way[] {
  return waysOf(role, target).filter(({ name }) => {
    if (name === "default") return true;
    const applies = roles.filter((one) => waysOf(one, target).some((way) => way.name === name));
    const step = Math.ceil(applies.length / share);
    return applies.indexOf(role) % step === 0;
  });
}

/** Options with which each value of each occurs: first all defaults, then all second values, and so on. */
export function optionSets({ subject }: Role): readonly Readonly<Record<string, number>>[] {
  const options = subject.attrs.filter(isOption);
  const most = Math.max(1, ...options.map((attr) => optionValues(attr).length));
  return Array.from({ length: most }, (_, k) =>
    Object.fromEntries(options.map((attr) => [attr.name, k % optionValues(attr).length])),
  );
}

/** Cases of a kernel, of awkward sizes; none where it does not allow these options. */
export function casesOf(
  { subject }: Role,
  { present }: Kernel,
  options: Readonly<Record<string, number>>,
  names: readonly string[] = ["primes/0", "uneven/0"],
): readonly Case[] {
  const variants = allVariants(subject);
  const chosen = nameVariant(subject, { present, options });
  if (!variants.some((variant) => nameVariant(subject, variant) === chosen)) return [];
  return names.map((name) => {
    const drawn = drawCase(subject, `${chosen}/${name}`, variants);
    if ("undrawn" in drawn) throw new Error(`${subject.name} ${drawn.id}: ${drawn.undrawn}`);
    return drawn;
  });
}

/** A case as a target's executor takes it. */
export function jobOf(entry: Entry, { inputs, numbers }: Case): Job {
  const { sizes, attrs, options } = numbers;
  const named = Object.entries(attrs).map(([name, value]) => [name.replaceAll(".", "_"), value]);
  const taken = entry.tensors.filter(({ role }) => role === "input");
  return {
    inputs: Object.fromEntries(taken.map(({ name }) => [name, inputs[name]!.data])),
    scalars: { ...sizes, ...Object.fromEntries(named) },
    constants: Object.fromEntries(
      entry.constants.flatMap(({ name, option }) =>
        options[option] === undefined ? [] : [[name, options[option]!]],
      ),
    ),
  };
}
