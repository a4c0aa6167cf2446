// All valid configurations of a space, by choosing parameters one after another and turning back
// as soon as a constraint fails.

import { TuningError } from "./error.ts";
import type { Value } from "./expr.ts";
import { createPoints, type Rows } from "./points.ts";
import { type Check, checkSpace, orderParameters, prepareChecks } from "./prepare.ts";
import type { Configuration, Points, Space } from "./space.ts";

/** More points than this are refused: none would be found again among them. */
export const mostPoints = 2 ** 24;

/** More choices than this are not looked at: conditions that refuse only at the last of many parameters take for ever. */
export const mostChoices = 2 ** 28;

/** The valid configurations of a space, in the order of its parameters and their values. */
export function enumerate(space: Space, most = mostPoints, choices = mostChoices): Points {
  checkSpace(space);
  const checks = prepareChecks(space);
  const order = orderParameters(space, checks);
  const rows = collect(space, order, checks, most, choices);
  return createPoints(space, order.every((number, i) => number === i) ? rows : sort(space, rows));
}

/** The points that are listed instead of following from constraints, such as those of a recording. */
export function pointsOf(space: Space, configurations: readonly Configuration[]): Points {
  checkSpace(space);
  const { parameters } = space;
  const width = parameters.length;
  const digits = new Uint16Array(configurations.length * width);
  const names = new Set(parameters.map(({ name }) => name));
  const numbers = parameters.map(
    ({ values }) => new Map<Value, number>(values.map((value, i) => [value, i])),
  );
  for (const [row, configuration] of configurations.entries()) {
    const extra = Object.keys(configuration).find((name) => !names.has(name));
    if (extra !== undefined)
      throw new TuningError(
        `the space ${space.name}: a configuration has ${extra}, which is no parameter`,
      );
    for (const [i, { name }] of parameters.entries()) {
      const value = configuration[name];
      const digit = value === undefined ? undefined : numbers[i]!.get(value);
      if (digit === undefined)
        throw new TuningError(
          `the space ${space.name}: a configuration has ${name} = ${String(value)}, ` +
            "which is no value of this parameter",
        );
      digits[row * width + i] = digit;
    }
  }
  return createPoints(space, sort(space, { width, count: configurations.length, digits }));
}

/** For each place in an order, the constraints that are complete there; those of no parameter first. */
function placeChecks(order: readonly number[], checks: readonly Check[]): readonly Check[][] {
  const places: Check[][] = order.map(() => []);
  const placeOf = new Map(order.map((number, place) => [number, place]));
  for (const check of checks)
    places[Math.max(0, ...check.reads.map((number) => placeOf.get(number)!))]!.push(check);
  return places;
}

function collect(
  space: Space,
  order: readonly number[],
  checks: readonly Check[],
  most: number,
  choices: number,
): Rows {
  const width = order.length;
  const sizes = order.map((number) => space.parameters[number]!.values.length);
  const places = placeChecks(order, checks);
  const digits = new Uint16Array(width);
  let rows = new Uint16Array(1024 * width);
  let count = 0;
  const emit = (): void => {
    if (count === most)
      throw new TuningError(
        `the space ${space.name} has more than ${most} valid configurations; constrain it`,
      );
    const start = count * width;
    if (start === rows.length) {
      const larger = new Uint16Array(rows.length * 2);
      larger.set(rows);
      rows = larger;
    }
    for (let i = 0; i < width; i++) rows[start + i] = digits[i]!;
    count++;
  };
  let left = choices;
  const choose = (place: number): void => {
    const number = order[place]!;
    const here = places[place]!;
    left -= sizes[place]!;
    if (left < 0)
      throw new TuningError(
        `the space ${space.name}: ${choices} choices of values led to ${count} valid ` +
          "configurations; its conditions refuse too late, so list fewer values",
      );
    next: for (let digit = 0; digit < sizes[place]!; digit++) {
      digits[number] = digit;
      for (let i = 0; i < here.length; i++) if (!here[i]!.holds(digits)) continue next;
      if (place + 1 === width) emit();
      else choose(place + 1);
    }
  };
  choose(0);
  return { width, count, digits: rows.subarray(0, count * width) };
}

/** Rows in the order of their digits, the first most significant: counted into place, last digit first. */
function sort(space: Space, { width, count, digits }: Rows): Rows {
  let from = Uint32Array.from({ length: count }, (_, i) => i);
  let to = new Uint32Array(count);
  for (let place = width - 1; place >= 0; place--) {
    const starts = new Uint32Array(space.parameters[place]!.values.length + 1);
    for (let i = 0; i < count; i++) starts[digits[i * width + place]! + 1]!++;
    for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
    for (let i = 0; i < count; i++) {
      const row = from[i]!;
      to[starts[digits[row * width + place]!]!++] = row;
    }
    [from, to] = [to, from];
  }
  const sorted = new Uint16Array(count * width);
  for (let i = 0; i < count; i++)
    for (let place = 0; place < width; place++)
      sorted[i * width + place] = digits[from[i]! * width + place]!;
  return { width, count, digits: sorted };
}
