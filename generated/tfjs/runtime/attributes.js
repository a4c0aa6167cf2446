// SPDX-License-Identifier: MIT-0
// How a call is checked, as in all generated modules.

export const partNames = { pair: ["y", "x"], sides: ["top", "left", "bottom", "right"] };
const largestF32 = 3.4028234663852886e38;

export function join(names) {
  return names.length > 0 ? names.join(", ") : "none";
}

export function show(value) {
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
}

/** The parts of a pair or of sides: one number stands for all, two for rows and columns. */
function readParts(attr, given) {
  const names = partNames[attr.type];
  if (typeof given === "number") return names.map(() => given);
  if (Array.isArray(given)) {
    if (given.length === names.length) return given;
    if (given.length === 2) return names.map((_, at) => given[at % 2]);
  } else if (given !== null && typeof given === "object") {
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown === undefined && names.every((name) => name in given))
      return names.map((name) => given[name]);
  }
  const lists = names.length === 2 ? "[y, x]" : "[y, x] or [top, left, bottom, right]";
  throw new TypeError(`${attr.name} is ${show(given)}; it is a whole number or ${lists}.`);
}

function checkNumber(attr, name, value) {
  const whole = attr.type !== "real";
  const kind = whole ? "a whole number" : "a finite number";
  if (typeof value !== "number" || !(whole ? Number.isInteger(value) : Number.isFinite(value)))
    throw new TypeError(`${name} is ${show(value)}; it must be ${kind}.`);
  const limit = whole ? 2147483647 : largestF32;
  const least = Math.max(attr.min ?? -Infinity, -limit);
  const most = Math.min(attr.max ?? Infinity, limit);
  if (value < least) throw new RangeError(`${name} is ${value}; it must be at least ${least}.`);
  if (value > most) throw new RangeError(`${name} is ${value}; it must be at most ${most}.`);
  // Real ones stay as given: kernels of floats round them; in doubles, too, 5 times 0.9 is 4.5.
  return value + 0;
}

/** Adds the numbers of one attribute to `values`: of its parts, or of an option's choice. */
function readAttr(attr, given, values) {
  switch (attr.type) {
    case "int":
    case "real":
      values[attr.name] = checkNumber(attr, attr.name, given);
      return;
    case "pair":
    case "sides":
      readParts(attr, given).forEach((value, at) => {
        const part = partNames[attr.type][at];
        values[`${attr.name}_${part}`] = checkNumber(attr, `${attr.name}.${part}`, value);
      });
      return;
    case "bool":
      if (typeof given !== "boolean")
        throw new TypeError(`${attr.name} is ${show(given)}; it must be true or false.`);
      values[attr.name.toUpperCase()] = Number(given);
      return;
    default: {
      const number = attr.values.indexOf(given);
      if (number < 0) {
        const allowed = attr.values.join(", ");
        throw new RangeError(`${attr.name} is ${show(given)}; it is one of ${allowed}.`);
      }
      values[attr.name.toUpperCase()] = number;
    }
  }
}

export function readAttrs(signature, attrs) {
  const values = Object.create(null);
  if (typeof attrs !== "object" || attrs === null)
    throw new TypeError(
      `The attributes of ${signature.operator} are ${show(attrs)}; they must be an object.`,
    );
  for (const name of Object.keys(attrs))
    if (!signature.attrs.some((attr) => attr.name === name))
      throw new TypeError(
        `${signature.operator} has no attribute ${name}; ` +
          `it has ${join(signature.attrs.map((attr) => attr.name))}.`,
      );
  for (const attr of signature.attrs) {
    const own = Object.hasOwn(attrs, attr.name) ? attrs[attr.name] : undefined;
    const given = own === undefined ? attr.default : own;
    if (given === undefined)
      throw new TypeError(`${signature.operator} needs the attribute ${attr.name}.`);
    readAttr(attr, given, values);
  }
  return values;
}
