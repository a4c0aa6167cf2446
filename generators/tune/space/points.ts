// Points as rows of digits, and a table that finds a row by its digits.

import type { Value } from "./expr.ts";
import type { Configuration, Points, Space } from "./space.ts";

/** Valid configurations: for each, the number of the value of each parameter. */
export interface Rows {
  /** Digits of a row. */
  readonly width: number;
  readonly count: number;
  readonly digits: Uint16Array;
}

/** The points of rows that are all different. */
export function createPoints(space: Space, { width, count, digits }: Rows): Points {
  const { parameters } = space;
  let table: RowTable | undefined;
  const rowTable = (): RowTable => {
    table ??= createTable(space, { width, count, digits });
    return table;
  };
  const numbers = parameters.map(
    ({ values }) => new Map<Value, number>(values.map((value, i) => [value, i])),
  );
  const check = (index: number): void => {
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      throw new RangeError(`there is no point ${index} of ${count}`);
  };
  return {
    space,
    size: count,
    at(index) {
      check(index);
      const entries = parameters.map(({ name, values }, i) => [
        name,
        values[digits[index * width + i]!]!,
      ]);
      return Object.fromEntries(entries) as Configuration;
    },
    choice: (index, parameter) => digits[index * width + parameter]!,
    find(configuration) {
      if (Object.keys(configuration).length !== width) return undefined;
      const wanted = new Uint16Array(width);
      for (const [i, { name }] of parameters.entries()) {
        const own = Object.hasOwn(configuration, name) ? configuration[name] : undefined;
        const digit = own === undefined ? undefined : numbers[i]!.get(own);
        if (digit === undefined) return undefined;
        wanted[i] = digit;
      }
      return rowTable().find(wanted);
    },
    neighbours(index, kind) {
      check(index);
      const row = digits.slice(index * width, (index + 1) * width);
      const found: number[] = [];
      for (let i = 0; i < width; i++) {
        const [own, size] = [row[i]!, parameters[i]!.values.length];
        const look = (digit: number): boolean => {
          row[i] = digit;
          const other = rowTable().find(row);
          if (other !== undefined) found.push(other);
          return other !== undefined;
        };
        const only = kind === "adjacent";
        // From the nearest value outwards on each side, so that the first one is a step away.
        for (let digit = own - 1; digit >= 0; digit--) if (look(digit) && only) break;
        for (let digit = own + 1; digit < size; digit++) if (look(digit) && only) break;
        row[i] = own;
      }
      return found;
    },
  };
}

interface RowTable {
  find(row: Uint16Array): number | undefined;
}

/** A hash table with open addressing: of a space's size, whatever the product of its parameters. */
function createTable(space: Space, { width, count, digits }: Rows): RowTable {
  let capacity = 16;
  while (capacity < 2 * count) capacity *= 2;
  const slots = new Int32Array(capacity).fill(-1);
  const hash = (of: Uint16Array, start: number): number => {
    let h = space.parameters.length;
    for (let i = 0; i < width; i++) h = Math.imul(h ^ of[start + i]!, 0x9e3779b1) ^ (h >>> 15);
    return Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 7;
  };
  for (let index = 0; index < count; index++) {
    let slot = hash(digits, index * width) & (capacity - 1);
    while (slots[slot]! >= 0) slot = (slot + 1) & (capacity - 1);
    slots[slot] = index;
  }
  const matches = (index: number, row: Uint16Array): boolean => {
    const start = index * width;
    for (let i = 0; i < width; i++) if (digits[start + i] !== row[i]) return false;
    return true;
  };
  return {
    find(row) {
      let slot = hash(row, 0) & (capacity - 1);
      while (slots[slot]! >= 0) {
        if (matches(slots[slot]!, row)) return slots[slot];
        slot = (slot + 1) & (capacity - 1);
      }
      return undefined;
    },
  };
}
