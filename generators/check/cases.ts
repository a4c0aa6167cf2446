// Test cases of an operator, drawn from its signature: a case is made anew from its name alone.

import type { AttrValue } from "../frontend/attributes.ts";
import type { Kernel } from "../ir/kernel.ts";
import { drawCoords, drawValue, findMap, type Spread, type Values } from "./arrays.ts";
import { countAmbiguous, type Expects, isTooAmbiguous } from "./compare.ts";
import type { Numbers } from "./evaluate.ts";
import { type InputArray, type Judgement, judge } from "./judge.ts";
import { expectsEmpty, readMade } from "./made.ts";
import { type Random, randomFor } from "./random.ts";
import { type CaseKind, kindsFor, recipes } from "./recipes.ts";
import { EndlessWalk } from "./reduce.ts";
import { loosest, rulesOf } from "./rules.ts";
import { drawShape, type Shape } from "./shapes.ts";
import { findProduct } from "./tiles.ts";
import { nameVariant, type Subject, shapingKernel, type Variant } from "./variants.ts";

export { type CaseKind, kindsFor };

/** One job for every target: inputs as f32 holds them. */
export interface Case {
  /** `variant/kind/number`, or see made.ts: with the operator and this, the case can be drawn again. */
  readonly id: string;
  readonly kind: CaseKind | "made";
  readonly variant: Variant;
  readonly numbers: Numbers;
  /** Attributes as the declaration takes them. */
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly inputs: Readonly<Record<string, InputArray & { readonly data: Float32Array }>>;
  readonly expects: Expects;
}

/** What is to be drawn: sizes and attributes, then elements by these rules. */
interface Plan extends Shape {
  readonly coords: Spread;
  readonly values: Values;
  readonly expects: Expects;
}

/** Names of cases of a variant: each sample, each kind once, then `count` random ones from `seed` on. */
export function listCases(
  subject: Subject,
  variant: Variant,
  count: number,
  seed = 0,
): readonly string[] {
  const name = nameVariant(subject, variant);
  const id = (kind: CaseKind, number: number) => `${name}/${kind}/${number}`;
  return [
    ...subject.samples.map((_, i) => id("sample", i)),
    ...kindsFor(subject)
      .filter((kind) => kind !== "sample" && kind !== "random")
      .map((kind) => id(kind, seed)),
    ...Array.from({ length: count }, (_, i) => id("random", seed + i)),
  ];
}

/**
 * The name of a case of several tiles, where an operator has products to make in tiles: with as many optional
 * tensors as may be. It is slow to judge, and options do not change how kernels are tiled.
 */
export function listTiled(
  subject: Subject,
  variants: readonly Variant[],
  seed = 0,
): readonly string[] {
  const [most] = variants.toSorted((a, b) => b.present.length - a.present.length);
  if (!most || !findProduct(shapingKernel(subject, most.present))) return [];
  return [`${nameVariant(subject, most)}/tiled/${seed}`];
}

/** The variant and the sizes that a case of this name has, as far as its elements need no other ones. */
export function drawNumbers(
  subject: Subject,
  variant: Variant,
  kind: Exclude<CaseKind, "sample">,
  number: number,
): Pick<Case, "id" | "variant" | "numbers"> | undefined {
  const id = `${nameVariant(subject, variant)}/${kind}/${number}`;
  const random = randomFor(`${subject.name} ${id}`);
  const kernel = shapingKernel(subject, variant.present);
  const { options } = variant;
  const shape = drawShape(kernel, subject, options, recipes[kind].sizes, number, random);
  if (!shape) return undefined;
  return { id, variant, numbers: { sizes: shape.sizes, attrs: shape.attributes.attrs, options } };
}

/** A case that could not be made, and why. */
export interface Undrawn {
  readonly id: string;
  readonly undrawn: string;
}

/** Makes the case of this name; the names are those of `listCases`, with any number, or of made.ts. */
export function drawCase(
  subject: Subject,
  id: string,
  variants: readonly Variant[],
): Case | Undrawn {
  const [name, kind, ...rest] = id.split("/");
  const variant = variants.find((v) => nameVariant(subject, v) === name);
  if (!variant) throw new RangeError(`${subject.name} has no variant ${name}, as in case ${id}`);
  if (kind === "made") {
    const { plan, seed } = readMade(subject, variant, id, rest);
    const random = randomFor(`${subject.name} ${seed}`);
    return drawWith(subject, { id, kind, variant }, () => plan, random, patience.made);
  }
  const number = rest.length === 1 && /^\d+$/.test(rest[0]!) ? Number(rest[0]) : -1;
  if (!isKind(kind) || number < 0)
    throw new RangeError(`${id} is not the name of a case: variant/kind/number`);
  const random = randomFor(`${subject.name} ${id}`);
  const kernel = shapingKernel(subject, variant.present);
  const { sizes: rule, expects, ...rules } = recipes[kind];
  const plan = () => {
    const shape = drawShape(kernel, subject, variant.options, rule, number, random);
    return (
      shape && { ...shape, ...rules, expects: expects.empty ? expectsEmpty(subject) : expects }
    );
  };
  const undrawn = `no sizes of kind "${rule}" satisfy the operator's demands`;
  return drawWith(subject, { id, kind, variant }, plan, random, patience.drawn, undrawn);
}

const isKind = (kind: string | undefined): kind is CaseKind =>
  kind !== undefined && Object.hasOwn(recipes, kind);

/** How often sizes, then coordinates are drawn anew; sizes of made cases stay, and may be hopeless. */
const patience = { drawn: { attempts: 12, rounds: 40 }, made: { attempts: 2, rounds: 6 } } as const;

/** Draws until the case says something; gives up with the reason. */
function drawWith(
  subject: Subject,
  named: Pick<Case, "id" | "kind" | "variant">,
  makePlan: () => Plan | undefined,
  random: Random,
  { attempts, rounds }: { readonly attempts: number; readonly rounds: number },
  undrawn = "",
): Case | Undrawn {
  let reason = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const plan = makePlan();
    if (!plan) return { id: named.id, undrawn };
    const drawn = drawOnce(subject, named, plan, random);
    try {
      reason = settle(subject, drawn, plan, random, rounds);
    } catch (error) {
      if (error instanceof EndlessWalk) return { id: named.id, undrawn: error.message };
      throw error;
    }
    if (reason === "") return drawn;
  }
  return { id: named.id, undrawn: reason };
}

function drawOnce(
  subject: Subject,
  named: Pick<Case, "id" | "kind" | "variant">,
  { sizes, attributes, coords, values, expects }: Plan,
  random: Random,
): Case {
  const { present, options } = named.variant;
  const kernel = subject.kernel(present);
  const map = findMap(kernel, sizes, attributes.attrs);
  const inputs: Record<string, InputArray & { readonly data: Float32Array }> = {};
  for (const tensor of kernel.tensors) {
    if (tensor.optional && !kernel.present.includes(tensor.name)) continue;
    const extent = (axis: string) => (/^\d/.test(axis) ? Number(axis) : sizes[axis]!);
    const dims = tensor.dims.map((dim) => dim.reduce((n, axis) => n * extent(axis), 1));
    const data = new Float32Array(dims.reduce((n, size) => n * size, 1));
    inputs[tensor.name] = { shape: dims, data };
    if (tensor.type === "coord") drawCoords(data, tensor, kernel, sizes, map, coords, random);
    else for (let i = 0; i < data.length; i++) data[i] = drawValue(values, random);
    // Some elements of a result matter to nobody.
    if (!isOwn(subject, tensor.name))
      for (let i = 0; i < data.length; i++) if (random() < 0.2) data[i] = 0;
  }
  const numbers = { sizes, attrs: attributes.attrs, options };
  return { ...named, numbers, attrs: attributes.declared, inputs, expects };
}

/** Is a tensor the operator's own, not the gradient of a result? */
const isOwn = ({ forward }: Subject, name: string): boolean =>
  forward === undefined || forward.tensors.some((tensor) => tensor.name === name);

/**
 * Draws coordinates again on which too many open decisions hang (a box whose bins end within rounding of a
 * pixel's edge), so that nearly every element has one right value on all targets. Says why it failed.
 */
function settle(subject: Subject, drawn: Case, plan: Plan, random: Random, rounds: number): string {
  const { numbers, inputs, variant } = drawn;
  const kernel = subject.kernel(variant.present);
  const map = findMap(kernel, numbers.sizes, numbers.attrs);
  const { coords, expects } = plan;
  for (let round = 0; round < rounds; round++) {
    const { outputs, culprits } = judgeStrictly(kernel, drawn);
    const all = Object.values(outputs).flat();
    if (all.every((v) => v.value.length === 0)) return "";
    const zero = Object.entries(outputs).filter(([, parts]) =>
      parts.every((v) => v.vanishes !== true && v.value.every((x) => x === 0)),
    );
    // Each gradient must say something; of results, one.
    const barren = subject.forward ? zero.length > 0 : zero.length === Object.keys(outputs).length;
    if (!all.some(isTooAmbiguous))
      return barren && !expects.zero && !expects.vanishes
        ? `every element of ${zero.map(([name]) => name).join(" and ")} is 0`
        : "";
    // Such sizes and attributes leave no coordinate without a doubt.
    if (all.every((v) => v.undecided.size > v.value.length / 2)) break;
    if (round > 2 && all.every((v) => countAmbiguous(v) > v.value.length / 2)) break;
    let redrawn = false;
    for (const tensor of kernel.tensors) {
      const touched = culprits.get(tensor.name);
      const array = inputs[tensor.name];
      if (tensor.type !== "coord" || !touched || !array) continue;
      drawCoords(array.data, tensor, kernel, numbers.sizes, map, coords, random, touched);
      redrawn = true;
    }
    if (!redrawn) break;
  }
  return "too many elements hang on decisions within rounding error";
}

/** By the loosest rules, or by strict ones where these leave more open: then fewer outcomes overlap. */
function judgeStrictly(kernel: Kernel, { inputs, numbers }: Case): Judgement {
  const loose = judge(kernel, inputs, numbers, loosest);
  if (Object.values(loose.outputs).flat().some(isTooAmbiguous)) return loose;
  return judge(kernel, inputs, numbers, rulesOf.js);
}
