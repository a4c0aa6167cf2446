// Cases whose names say everything, as property tests make and shrink them:
// `variant/made/N=2,C=3/stride.y=1,stride.x=2/nan/dyadic/7`, that is sizes, attributes, how coordinates and data
// are drawn, and the seed they are drawn from.

import { type Kernel, scalarsOf } from "../ir/kernel.ts";
import { type Spread, spreads, type Values, valueKinds } from "./arrays.ts";
import type { Expects } from "./compare.ts";
import type { Shape } from "./shapes.ts";
import { completeSizes, freeAxes, makeAttributes } from "./sizes.ts";
import { nameVariant, type Subject, shapingKernel, type Variant } from "./variants.ts";

type Numbers = Readonly<Record<string, number>>;

/** A case by what it is made of. */
export interface Made {
  readonly variant: Variant;
  /** The free sizes; others follow. */
  readonly sizes: Numbers;
  /** Every number of every attribute that is no option. */
  readonly attrs: Numbers;
  readonly coords: Spread;
  readonly values: Values;
  readonly seed: number;
}

const write = (numbers: Numbers): string =>
  Object.entries(numbers)
    .map(([name, value]) => `${name}=${value}`)
    .join() || "-";

/** The name of a made case. */
export function nameMade(subject: Subject, made: Made): string {
  const { variant, sizes, attrs, coords, values, seed } = made;
  const parts = [write(sizes), write(attrs), coords, values, seed];
  return `${nameVariant(subject, variant)}/made/${parts.join("/")}`;
}

/** The names of all numbers that the attributes of an operator have. */
export const attrNumbers = (subject: Subject): readonly string[] =>
  subject.attrs.flatMap((attr) => scalarsOf(attr).map(({ name }) => name));

/** Sizes and attributes of a made case; undefined where the operator's demands refuse them. */
export function shapeOf(
  subject: Subject,
  { variant, sizes: free, attrs }: Pick<Made, "variant" | "sizes" | "attrs">,
): Shape | undefined {
  const attributes = makeAttributes(
    subject.attrs,
    variant.options,
    (attr, part) => attrs[part === "" ? attr.name : `${attr.name}.${part}`]!,
  );
  const kernel = shapingKernel(subject, variant.present);
  const sizes = completeSizes(kernel, free, attributes.attrs, variant.options);
  return sizes && { sizes, attributes };
}

/** Reads what follows `variant/made/` in the name `id`. */
export function readMade(
  subject: Subject,
  variant: Variant,
  id: string,
  [sizes = "", attrs = "", coords = "", values = "", seed = "", ...rest]: readonly string[],
) {
  const kernel = shapingKernel(subject, variant.present);
  const spread = spreads.find((s) => s === coords);
  const kind = valueKinds.find((v) => v === values);
  if (!spread || !kind || !/^\d+$/.test(seed) || rest.length > 0)
    throw new RangeError(
      `${id} is not the name of a case: variant/made/sizes/attributes/coordinates/values/seed`,
    );
  const given = {
    variant,
    sizes: readNumbers(id, sizes, freeAxes(kernel)),
    attrs: readNumbers(id, attrs, attrNumbers(subject)),
  };
  const shape = shapeOf(subject, given);
  if (!shape) throw new RangeError(`${subject.name} refuses the sizes and attributes of ${id}`);
  const plan = {
    ...shape,
    coords: spread,
    values: kind,
    expects: expectsOf(subject, kernel, shape),
  };
  return { plan, seed };
}

/** Whatever was drawn may lie outside of the map, so that all is 0. */
const expectsOf = (subject: Subject, kernel: Kernel, { sizes }: Shape): Expects =>
  freeAxes(kernel).some((axis) => sizes[axis] === 0) ? expectsEmpty(subject) : { zero: true };

/** What a case without elements gives: nothing, or gradients that are 0. */
export const expectsEmpty = (subject: Subject): Expects =>
  subject.forward ? { vanishes: true } : { empty: true };

function readNumbers(id: string, text: string, names: readonly string[]): Numbers {
  const found = Object.fromEntries(
    text === "-" ? [] : text.split(",").map((part) => readNumber(id, part)),
  );
  const [unknown] = Object.keys(found).filter((name) => !names.includes(name));
  const [missing] = names.filter((name) => found[name] === undefined);
  if (unknown !== undefined || missing !== undefined)
    throw new RangeError(`case ${id} must name ${names.join(", ")}, and nothing else there`);
  return found;
}

function readNumber(id: string, part: string): readonly [string, number] {
  const [name = "", value = ""] = part.split("=");
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(value))
    throw new RangeError(`"${part}" in case ${id} is not of the form name=number`);
  return [name, Number(value)];
}
