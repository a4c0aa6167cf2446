// A space that is checked, with its constraints as functions, in the order that refuses earliest.

import { TuningError } from "./error.ts";
import { compileExpr, type Evaluator, parametersOf } from "./evaluate.ts";
import type { Value } from "./expr.ts";
import type { Constraint, Space } from "./space.ts";

/** A constraint over the numbers of its parameters, whose answers are kept where they are few. */
export interface Check {
  readonly constraint: Constraint;
  /** Numbers of the parameters that it reads. */
  readonly reads: readonly number[];
  /** Whether it holds for the chosen values, of which only those that it reads must be there. */
  holds(digits: ArrayLike<number>): boolean;
}

const mostAnswers = 2 ** 20;

/** Throws a sentence for what makes a space meaningless. */
export function checkSpace(space: Space): void {
  const of = `the space ${space.name}`;
  if (space.parameters.length === 0) throw new TuningError(`${of} has no parameters`);
  const names = new Set<string>();
  for (const { name, values } of space.parameters) {
    if (names.has(name)) throw new TuningError(`${of} has the parameter ${name} twice`);
    names.add(name);
    if (values.length === 0) throw new TuningError(`${of}: the parameter ${name} has no values`);
    if (values.length > 65_536)
      throw new TuningError(`${of}: the parameter ${name} has more than 65536 values`);
    if (new Set(values).size < values.length)
      throw new TuningError(`${of}: the parameter ${name} has a value twice`);
  }
  for (const { holds } of space.constraints)
    for (const name of parametersOf(holds))
      if (!names.has(name))
        throw new TuningError(`${of}: a constraint reads ${name}, which is no parameter`);
}

/** The constraints of a space as functions. */
export function prepareChecks(space: Space): readonly Check[] {
  const { parameters } = space;
  const numbers = new Map(parameters.map(({ name }, i) => [name, i]));
  return space.constraints.map((constraint) => {
    const reads = [...parametersOf(constraint.holds)].map((name) => numbers.get(name)!);
    const values = reads.map((number) => parameters[number]!.values);
    const slots = new Map(reads.map((number, slot) => [parameters[number]!.name, slot]));
    const run = compileExpr(constraint.holds, (name) => slots.get(name)!);
    return { constraint, reads, holds: remember(run, reads, values) };
  });
}

/** A function of digits that evaluates once for each choice of what it reads. */
function remember(
  run: Evaluator,
  reads: readonly number[],
  values: readonly (readonly Value[])[],
): (digits: ArrayLike<number>) => boolean {
  const current: Value[] = values.map((all) => all[0]!);
  const compute = (digits: ArrayLike<number>): boolean => {
    for (let i = 0; i < reads.length; i++) current[i] = values[i]![digits[reads[i]!]!]!;
    return Boolean(run(current));
  };
  const count = values.reduce((product, all) => product * all.length, 1);
  if (count > mostAnswers) return compute;
  const [unknown, yes, no] = [0, 1, 2];
  const answers = new Uint8Array(count);
  return (digits) => {
    let index = 0;
    for (let i = 0; i < reads.length; i++) index = index * values[i]!.length + digits[reads[i]!]!;
    if (answers[index] === unknown) answers[index] = compute(digits) ? yes : no;
    return answers[index] === yes;
  };
}

/**
 * The order in which parameters are chosen: next are always those that complete the constraint
 * with the fewest choices left, so that wrong choices are left early.
 */
export function orderParameters(space: Space, checks: readonly Check[]): readonly number[] {
  const sizes = space.parameters.map(({ values }) => values.length);
  const order: number[] = [];
  const left = new Set(checks);
  const open = (check: Check): readonly number[] =>
    check.reads.filter((number) => !order.includes(number));
  const choices = (check: Check): number =>
    open(check).reduce((product, number) => product * sizes[number]!, 1);
  while (left.size > 0) {
    const [first, ...rest] = left;
    const next = rest.reduce((a, b) => (choices(b) < choices(a) ? b : a), first!);
    order.push(...[...open(next)].sort((a, b) => sizes[a]! - sizes[b]!));
    left.delete(next);
  }
  return [...order, ...sizes.keys()].filter((number, i, all) => all.indexOf(number) === i);
}
