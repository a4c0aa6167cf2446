// Attributes as the IR takes them: numbers under their scalars' names, and options' numbers.

import { isOption, optionValues, scalarsOf } from "../ir/kernel.ts";
import type { AttrValue } from "./attributes.ts";
import type { Operator } from "./operator.ts";
import { completeAttrs } from "./reference.ts";

type Numbers = Record<string, number>;

/** The numbers of attributes (`stride.y`) and of options (the place of the chosen value), defaults included. */
export function numbersOf(
  operator: Operator,
  attrs: Readonly<Record<string, AttrValue>>,
): { readonly attrs: Numbers; readonly options: Numbers } {
  const complete = completeAttrs(operator, attrs);
  const numbers: Numbers = {};
  const options: Numbers = {};
  for (const attr of operator.attrs) {
    const value = complete[attr.name]!;
    if (isOption(attr)) {
      const i = optionValues(attr).indexOf(String(value));
      if (i < 0)
        throw new RangeError(
          `${attr.name} is one of ${optionValues(attr).join(", ")}, not ${value}`,
        );
      options[attr.name] = i;
      continue;
    }
    for (const { name } of scalarsOf(attr)) {
      const part = name.slice(attr.name.length + 1);
      const parts: Readonly<Record<string, number>> = typeof value === "object" ? { ...value } : {};
      const number = part === "" ? value : parts[part];
      if (typeof number !== "number") throw new TypeError(`${name} is a number`);
      numbers[name] = number;
    }
  }
  return { attrs: numbers, options };
}
