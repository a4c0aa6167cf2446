// fast-check's view of an operator: arbitrary cases over its signature, which shrink to small sizes, default
// attributes and ordinary coordinates.

import fc from "fast-check";
import { spreads, valueKinds } from "../../generators/check/arrays.ts";
import { type Made, nameMade, shapeOf } from "../../generators/check/made.ts";
import { emptiableAxis } from "../../generators/check/shapes.ts";
import { dividedAxes, freeAxes, workOf } from "../../generators/check/sizes.ts";
import { allVariants, type Subject, shapingKernel } from "../../generators/check/variants.ts";
import { type AttrDecl, isOption, type Kernel, scalarsOf } from "../../generators/ir/kernel.ts";

/** Work beyond which a case is too slow to be judged some hundred times. */
const mostWork = 4000;

/** Names of made cases (see made.ts) that an operator accepts. */
export function arbitraryCases(subject: Subject): fc.Arbitrary<string> {
  const variants = allVariants(subject);
  return fc
    .constantFrom(...variants)
    .chain((variant) => {
      const kernel = shapingKernel(subject, variant.present);
      return fc.record({
        variant: fc.constant(variant),
        sizes: arbitrarySizes(kernel),
        attrs: arbitraryAttrs(subject),
        coords: fc.constantFrom(...spreads.filter((spread) => isTelling(subject, spread))),
        values: fc.constantFrom(...valueKinds),
        seed: fc.nat({ max: 999 }),
      });
    })
    .filter((made) => isAccepted(subject, made))
    .map((made) => nameMade(subject, made));
}

function isAccepted(subject: Subject, made: Made): boolean {
  const shape = shapeOf(subject, made);
  return (
    shape !== undefined && workOf(subject.kernel(made.variant.present), shape.sizes) <= mostWork
  );
}

/** Odd coordinates and indices need a tensor of such. */
const isTelling = (subject: Subject, spread: (typeof spreads)[number]): boolean =>
  spread === "random" ||
  (subject.tensors.some((t) => t.type === "coord") &&
    (spread !== "indices" || subject.indices.length > 0));

function arbitrarySizes(kernel: Kernel): fc.Arbitrary<Record<string, number>> {
  const divided = dividedAxes(kernel);
  const empty = emptiableAxis(kernel);
  const sizeOf = (axis: string): fc.Arbitrary<number> => {
    // In these sizes divisors are likely.
    if (divided.has(axis)) return fc.constantFrom(1, 2, 3, 4, 6, 12);
    return fc.integer({ min: axis === empty ? 0 : 1, max: 9 });
  };
  const sizes = fc.record(Object.fromEntries(freeAxes(kernel).map((axis) => [axis, sizeOf(axis)])));
  // Sizes that divide one another cannot shrink one by one; the most that any may be can.
  return fc.record({ most: fc.constantFrom(1, 2, 3, 6, 12, 12, 12, 12), sizes }).map((drawn) => {
    const cut = ([axis, size]: readonly [string, number]) =>
      [axis, divided.has(axis) ? Math.min(size, drawn.most) : size] as const;
    return Object.fromEntries(Object.entries(drawn.sizes).map(cut));
  });
}

function arbitraryAttrs(subject: Subject): fc.Arbitrary<Record<string, number>> {
  const decls = subject.attrs.filter((attr) => !isOption(attr));
  const entries = decls.flatMap((attr) =>
    scalarsOf(attr).map(({ name }) => [name, arbitraryNumber(attr)] as const),
  );
  return fc.record(Object.fromEntries(entries));
}

/** A number near the default (or the least allowed), which it shrinks to. */
function arbitraryNumber(attr: AttrDecl): fc.Arbitrary<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = attr;
  const start = typeof attr.default === "number" ? attr.default : Math.max(min, 0);
  const inRange = (v: number) => Math.min(Math.max(v, min), max);
  if (attr.type !== "real") return fc.integer({ min: -2, max: 4 }).map((by) => inRange(start + by));
  const scale = fc.oneof(
    fc.constantFrom(1, 0.5, 2, 0.0625),
    fc.float({ min: 0.125, max: 4, noNaN: true }),
  );
  return scale.map((by) => Math.fround(inRange((start || 1) * by)));
}
