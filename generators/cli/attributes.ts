import { findNearest, suggestName } from "../messages/nearest.ts";
import { UserError } from "./errors.ts";

/** A whole number for each of the two axes of a map. */
export interface Pair {
  readonly y: number;
  readonly x: number;
}

/** A whole number for each of the four sides of a map. */
export interface Sides {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** What an attribute is once it is read. */
export type AttrValue = number | boolean | string | Pair | Sides;

/** How an attribute is written; `pair` and `sides` take one number for all as well. */
export type AttrType = "int" | "real" | "pair" | "sides" | "bool" | "choice";

/** An attribute that an operator declares. */
export interface AttrSpec {
  readonly name: string;
  readonly type: AttrType;
  /** Without a default the attribute must be given. A number may stand for a pair or four sides. */
  readonly default?: AttrValue;
  /** The least and the greatest number allowed, for each part of a pair or of sides. */
  readonly min?: number;
  readonly max?: number;
  /** The words of a choice. */
  readonly values?: readonly string[];
  readonly doc: string;
}

/** How each type is read, and what a user is told to write. */
interface TypeRow {
  readonly form: string;
  /** The value, or undefined where the text is not one; `check` refuses numbers out of range. */
  readonly read: (text: string, spec: AttrSpec, check: CheckNumber) => AttrValue | undefined;
}

type CheckNumber = (value: number) => void;

const TYPES: Readonly<Record<AttrType, TypeRow>> = {
  int: { form: "one whole number", read: (text, _, check) => readInts(text, check, [1])?.[0] },
  real: {
    form: "one number",
    read: (text, _, check) => {
      // Number() alone would read "", "0x10" and "Infinity" too.
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
      const value = Number(text);
      // A number such as 1e999 is written well but is infinite.
      if (!Number.isFinite(value)) return undefined;
      check(value);
      return value;
    },
  },
  pair: {
    form: "one whole number or two (y,x)",
    read: (text, _, check) => {
      const parts = readInts(text, check, [1, 2]);
      return parts && toPair(parts);
    },
  },
  sides: {
    form: "one whole number, two (y,x) or four (top,left,bottom,right)",
    read: (text, _, check) => {
      const parts = readInts(text, check, [1, 2, 4]);
      return parts && toSides(parts);
    },
  },
  bool: {
    form: "true or false",
    // True and False are what a Python user types.
    read: (text) => (/^(true|false)$/i.test(text) ? text.toLowerCase() === "true" : undefined),
  },
  choice: {
    form: "one of its words",
    read: (text, spec) => {
      const words = spec.values ?? [];
      if (words.includes(text)) return text;
      const nearest = findNearest(text, words);
      const meant = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
      throw new UserError(`${spec.name}=${text} is not one of ${words.join(", ")}${meant}`);
    },
  },
};

function toPair(parts: readonly number[]): Pair {
  const [y, x = y] = parts as readonly [number, number?];
  return { y, x };
}

function toSides(parts: readonly number[]): Sides {
  const [top, left = top, bottom = top, right = left] = parts as readonly [number, ...number[]];
  return { top, left, bottom, right };
}

function readInts(
  text: string,
  check: CheckNumber,
  counts: readonly number[],
): readonly number[] | undefined {
  const parts = text.split(",").map((part) => part.trim());
  if (!counts.includes(parts.length) || !parts.every((part) => /^[+-]?\d+$/.test(part))) {
    return undefined;
  }
  // Adding 0 turns the -0 of "-0" into 0.
  const values = parts.map((part) => Number(part) + 0);
  for (const value of values) check(value);
  return values;
}

/** Whole numbers become 32-bit integers in kernels. */
const INT_MAX = 2 ** 31 - 1;

function describeRange({ min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
  return max === undefined ? `at least ${min}` : `at most ${max}`;
}

function checkNumber(value: number, text: string, spec: AttrSpec): void {
  const { name, type, min, max } = spec;
  if (value < (min ?? value) || value > (max ?? value)) {
    throw new UserError(`${name}=${text} is out of range; allowed is ${describeRange(spec)}`);
  }
  if (type !== "real" && Math.abs(value) > INT_MAX) {
    const range = describeRange({ min: min ?? -INT_MAX, max: max ?? INT_MAX });
    throw new UserError(`${name}=${text} is out of range; allowed is ${range}`);
  }
}

/** The value of one attribute's text, checked against its declaration. */
export function parseAttribute(spec: AttrSpec, written: string): AttrValue {
  const text = written.trim();
  const row = TYPES[spec.type];
  if (text === "") throw new UserError(`${spec.name} has no value; write ${row.form}`);
  const value = row.read(text, spec, (number) => checkNumber(number, text, spec));
  if (value === undefined) {
    throw new UserError(`${spec.name}=${text} cannot be read; write ${row.form}`);
  }
  return value;
}

/** A declared default in full: a number stands for both axes or all four sides. */
function expandDefault(spec: AttrSpec, value: AttrValue): AttrValue {
  if (typeof value !== "number") return value;
  if (spec.type === "pair") return toPair([value]);
  return spec.type === "sides" ? toSides([value]) : value;
}

/**
 * The attributes of `texts` (each `name=value`, as `--attr` takes them) and the defaults of the
 * others, by name in declared order; `operator` is for messages.
 */
export function parseAttributes(
  texts: readonly string[],
  specs: readonly AttrSpec[],
  operator: string,
): Readonly<Record<string, AttrValue>> {
  const names = specs.map((spec) => spec.name);
  const given = new Map<string, string>();
  for (const text of texts) {
    const split = text.indexOf("=");
    if (split <= 0) throw new UserError(`--attr ${text} is not of the form name=value`);
    const name = text.slice(0, split).trim();
    if (!names.includes(name)) {
      const hint = suggestName(name, names);
      throw new UserError(`${operator} has no attribute "${name}"; ${hint}`);
    }
    if (given.has(name)) throw new UserError(`the attribute ${name} is given more than once`);
    given.set(name, text.slice(split + 1));
  }
  const values = specs.map((spec): [string, AttrValue] => {
    const text = given.get(spec.name);
    if (text !== undefined) return [spec.name, parseAttribute(spec, text)];
    if (spec.default !== undefined) return [spec.name, expandDefault(spec, spec.default)];
    const { form } = TYPES[spec.type];
    throw new UserError(`${operator} needs the attribute ${spec.name}: ${form} (${spec.doc})`);
  });
  return Object.fromEntries(values);
}

/** An attribute's value as `--attr` takes it, the shortest form that means the same. */
export function formatAttribute(value: AttrValue): string {
  if (typeof value !== "object") return String(value);
  if ("y" in value) return value.y === value.x ? `${value.y}` : `${value.y},${value.x}`;
  const { top, left, bottom, right } = value;
  if (top !== bottom || left !== right) return `${top},${left},${bottom},${right}`;
  return top === left ? `${top}` : `${top},${left}`;
}
