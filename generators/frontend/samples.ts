// The samples of `meta`: read as literals, and computed with, so that none is given up silently later.

import type { ts } from "ts-morph";
import { isFixedSize } from "../ir/expr.ts";
import { evaluateOutside, resolveSizes } from "../ir/interpret.ts";
import {
  type AttrDecl,
  type DemandDecl,
  isOption,
  type Kernel,
  optionValues,
} from "../ir/kernel.ts";
import { type AttrValue, readAttrValue, widen } from "./attributes.ts";
import { failAt } from "./diagnostics.ts";
import { expect, fieldsOf, type Literal } from "./literals.ts";
import type { Signature } from "./signature.ts";

type Numbers = Readonly<Record<string, number>>;

/** A small case for checking. */
export interface Sample {
  readonly sizes: Numbers;
  /** The attributes that differ from their defaults, or have none. */
  readonly attrs: Readonly<Record<string, AttrValue>>;
}

/** A sample and where its sizes begin. */
export interface PlacedSample {
  readonly sample: Sample;
  readonly node: ts.Node;
}

/** The samples of `meta`, at least one. */
export function readSamples(
  literal: Literal,
  signature: Signature,
  attrs: readonly AttrDecl[],
  derived: readonly string[],
): readonly PlacedSample[] {
  const { items, node } = expect(literal, "array", "samples");
  if (items.length === 0) failAt("WW155", node, "a sample is needed to check the operator");
  return items.map((item) => ({
    sample: readSample(item, signature, attrs, derived),
    node: item.node.getFirstToken() ?? item.node,
  }));
}

function readSample(
  literal: Literal,
  { tensors }: Signature,
  attrs: readonly AttrDecl[],
  derived: readonly string[],
): Sample {
  const f = fieldsOf(literal, "a sample", ["sizes", "attrs?"]);
  const sizes = expect(f.sizes, "object", "sizes").fields;
  const open = f.sizes.node.getFirstToken() ?? f.sizes.node;
  const computed = new Set(derived);
  const needed = new Set(tensors.flatMap((t) => t.dims.flat()).filter((a) => !isFixedSize(a)));
  for (const axis of needed)
    if (!sizes.has(axis) && !computed.has(axis))
      failAt("WW155", open, `the sample lacks the size of ${axis}`);
  for (const [axis, size] of sizes) {
    if (computed.has(axis))
      failAt("WW155", size.node, `the size of ${axis} follows from the others`);
    if (!needed.has(axis)) failAt("WW153", size.node, `there is no axis ${axis}`);
    const { value } = expect(size, "number", `the size of ${axis}`);
    if (!Number.isInteger(value) || value < 1)
      failAt("WW155", size.node, `the size of ${axis} is a whole number from 1`);
  }
  const given = f.attrs ? expect(f.attrs, "object", "attrs").fields : new Map<string, Literal>();
  const values = readGiven(given, attrs);
  const lacking = attrs.find((a) => a.default === undefined && !given.has(a.name));
  if (lacking) failAt("WW155", open, `the sample lacks ${lacking.name}, which has no default`);
  return {
    sizes: Object.fromEntries(
      [...sizes].map(([axis, size]) => [axis, expect(size, "number", axis).value]),
    ),
    attrs: values,
  };
}

/** Values of some attributes. */
export function readGiven(
  given: ReadonlyMap<string, Literal>,
  attrs: readonly AttrDecl[],
): Readonly<Record<string, AttrValue>> {
  for (const [name, value] of given)
    if (!attrs.some((a) => a.name === name))
      failAt("WW153", value.node, `there is no attribute ${name}`);
  return Object.fromEntries(
    attrs.flatMap((attr) => {
      const value = given.get(attr.name);
      return value ? [[attr.name, readAttrValue(attr, value)]] : [];
    }),
  );
}

/** Refuses a sample that no variant which ships accepts, with what the first of them has against it. */
export function checkSample({ sample, node }: PlacedSample, kernels: readonly Kernel[]): void {
  const refusals = kernels.map((kernel) => refusalOf(kernel, sample));
  const [first] = refusals;
  if (first !== undefined && refusals.every((refusal) => refusal !== undefined))
    failAt("WW155", node, `the sample is refused: ${first}`);
}

/** Why a kernel does not take a sample. */
function refusalOf(kernel: Kernel, sample: Sample): string | undefined {
  const declared = kernel.attrs.map((attr) => {
    const given = sample.attrs[attr.name] ?? attr.default;
    if (given === undefined) throw new Error(`the sample lacks ${attr.name}`);
    return { attr, value: typeof given === "object" ? given : widen(attr, given) };
  });
  const options = Object.fromEntries(
    declared
      .filter(({ attr }) => isOption(attr))
      .map(({ attr, value }) => [attr.name, optionValues(attr).indexOf(String(value))]),
  );
  const attrs: Numbers = Object.fromEntries(
    declared
      .filter(({ attr }) => !isOption(attr))
      .flatMap(({ attr: { name }, value }): readonly [string, number][] =>
        typeof value === "object"
          ? Object.entries(value).map(([part, n]) => [`${name}.${part}`, n])
          : // Kernels take real attributes as f32.
            [[name, Math.fround(Number(value))]],
      ),
  );
  let sizes: Numbers;
  let demand: DemandDecl | undefined;
  try {
    sizes = resolveSizes(kernel, sample.sizes, attrs, options);
    const lacking = kernel.axes.find(({ axis }) => sizes[axis]! < 1);
    if (lacking !== undefined)
      return `axis ${lacking.axis} would have size ${sizes[lacking.axis]}; at least 1 is needed`;
    demand = kernel.demands.find(
      ({ holds }) => evaluateOutside(kernel, holds, sizes, attrs, options) !== 1,
    );
  } catch (error) {
    // Divisions by 0 and numbers beyond 32 bits.
    if (error instanceof RangeError) return error.message;
    throw error;
  }
  if (demand === undefined) return undefined;
  const values = new Map<string, AttrValue>([
    ...Object.entries(sizes),
    ...declared.map(({ attr, value }): [string, AttrValue] => [attr.name, value]),
  ]);
  return demand.otherwise.replace(/\{([^}]*)\}/g, (_, name: string) => {
    const value = values.get(name);
    return typeof value === "object" ? Object.values(value).join(",") : String(value);
  });
}
