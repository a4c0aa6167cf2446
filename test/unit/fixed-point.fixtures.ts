// A plan that adds numbers to elements in fixed point, by hand, and numbers to add.

import fc from "fast-check";
import { addFixed, magnitudeOf, totalOf } from "../../generators/ir/fixed.ts";
import { type BufferDecl, i32, type Nest, type NestExpr } from "../../generators/ir/nest.ts";
import type { Plan, PlanBuffer, PlanStep } from "../../generators/ir/plan.ts";
import { storeTotals, sumsOf } from "../../generators/schedule/totals.ts";
import { accumulate, letBe, load, loop, op, v, when } from "./nest.fixtures.ts";

const group = 32;
export const threads = (count: NestExpr, body: Nest["body"]): Pick<Nest, "body" | "group"> => ({
  group,
  body: [
    loop("grid", "group", groupsOf(count), [
      loop("group", "thread", group, [
        letBe("i", op("add", op("mul", v("group"), i32(group)), v("thread"))),
        when(op("lt", v("i"), count), body),
      ]),
    ]),
  ],
});
export const groupsOf = (count: NestExpr): NestExpr =>
  op("quot", op("add", count, i32(group - 1)), i32(group));

export const global = (
  name: string,
  dtype: BufferDecl["dtype"],
  role: PlanBuffer["role"],
  axis: string,
): PlanBuffer => ({
  name,
  place: "global",
  dtype,
  role,
  access: role === "input" ? "read" : "write",
  shape: [v(axis)],
  strides: [i32(1)],
  axes: [[axis]],
});
const out = global("out", "f32", "output", "E");
export const sums = sumsOf(out);
const inputs = [global("values", "f32", "input", "K"), global("places", "i32", "input", "K")];
export const used = (b: PlanBuffer, access: BufferDecl["access"]): BufferDecl => ({
  name: b.name,
  place: b.place,
  dtype: b.dtype,
  access,
  shape: b.shape,
  strides: b.strides,
});

export const adding = (mode: "measure" | "fixed"): PlanStep => ({
  kind: "launch",
  groups: groupsOf(v("K")),
  nest: {
    name: mode,
    scalars: ["K", "E"].map((name) => ({ name, type: "i32" })),
    constants: [],
    buffers: [...inputs.map((b) => used(b, "read")), used(sums, "update")],
    ...threads(v("K"), [
      accumulate(sums.name, load("places", v("i"), "i32"), load("values", v("i")), mode),
    ]),
  },
});
export const totals = storeTotals("total", out, group, ["values", "places", "K", "E"]);

/** Adds each value to the element at its place. */
export const plan: Plan = {
  operator: "add_at",
  role: "forward",
  name: "add_at",
  present: [],
  scalars: ["K", "E"].map((name) => ({ name, type: "i32", from: "size" })),
  options: [],
  buffers: [...inputs, out, sums],
  sizes: [],
  steps: [
    { kind: "fill", buffer: sums.name, value: 0 },
    adding("measure"),
    adding("fixed"),
    totals,
  ],
};

export interface Additions {
  readonly values: Float32Array;
  readonly places: Int32Array;
  readonly elements: number;
}

export const numbersOf = ({ values, elements }: Additions) => ({ K: values.length, E: elements });

/** Lists of contributions, one for each element, as additions in turns. */
export function additionsOf(lists: readonly (readonly number[])[]): Additions {
  const pairs = lists.flatMap((list, place) => list.map((value) => [value, place] as const));
  // Not element by element: those of one come from threads of many groups.
  const mixed = pairs.map((_, i) => pairs[(i * 7919) % pairs.length]!);
  return {
    values: Float32Array.from(mixed, ([value]) => value),
    places: Int32Array.from(mixed, ([, place]) => place),
    elements: lists.length,
  };
}

export const reversed = (a: Additions): Additions => ({
  ...a,
  values: a.values.toReversed(),
  places: a.places.toReversed(),
});

/** A finite number in units of the least f32. */
export function exactly(value: number): bigint {
  const magnitude = magnitudeOf(value);
  const digits = BigInt(magnitude & 0x7fffff) + (magnitude >= 0x800000 ? 0x800000n : 0n);
  const shifted = digits << BigInt(Math.max((magnitude >>> 23) - 1, 0));
  return value < 0 ? -shifted : shifted;
}

/** The sum as TypeScript makes it, in the order given. */
export function sumOf(values: readonly number[]): number {
  const largest = Math.max(0, ...values.map(magnitudeOf));
  const words = values.reduce(
    (sum, value) => {
      const [flags, low, high] = addFixed(sum, value, largest);
      return { flags, low, high };
    },
    { flags: 0, low: 0, high: 0 },
  );
  return totalOf([largest, words.flags, words.low, words.high]);
}

export const bitsOf = (values: ArrayLike<number>): readonly number[] => {
  const floats = Float32Array.from(values);
  // NaN has many patterns, of which devices may choose.
  return [...new Uint32Array(floats.buffer)].map((b) => ((b & 0x7fffffff) > 0x7f800000 ? -1 : b));
};

export const bits = fc.integer({ min: 0, max: 0xffffffff });
export const floatOf = (pattern: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, pattern);
  return view.getFloat32(0);
};
export const finite = bits.map(floatOf).filter(Number.isFinite);
/** Of one magnitude, more or less, as contributions to a gradient are. */
export const alike = fc
  .tuple(fc.integer({ min: -149, max: 120 }), fc.array(fc.float({ min: -4, max: 4, noNaN: true })))
  .map(([exponent, values]) => values.map((value) => Math.fround(value * 2 ** exponent)));

/** Elements with contributions of all kinds. */
export const lists: readonly (readonly number[])[] = [
  [],
  [-0],
  [1e-45],
  [1e-45, -1e-45, 1e-44],
  [2 ** -126, 2 ** -149, -(2 ** -127)],
  [1, 2 ** -24, 2 ** -24],
  [1, 2 ** -30, 2 ** -31, -(2 ** -31)],
  [16777216, 1, 1, 1],
  [3e38, 3e38],
  [-3e38, -3e38, 1],
  [3e38, 3e38, -3e38],
  [1, Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY, 5, Number.NEGATIVE_INFINITY],
  [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  [Number.NaN, 1],
  [1e30, 1, -1e30],
  Array.from({ length: 1000 }, () => 0.1),
  Array.from({ length: 3000 }, (_, i) => Math.cos(i * i) + 0.3),
  Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 10 ** ((i % 60) - 30)),
  ...fc.sample(fc.oneof(alike, fc.array(finite), fc.array(bits.map(floatOf))), {
    seed: 5,
    numRuns: 300,
  }),
].map((list) => list.map(Math.fround));
