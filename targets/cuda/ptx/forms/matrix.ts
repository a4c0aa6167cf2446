// Tensor cores: products of small matrices that the registers of a warp hold together, and how these are loaded.
// Products are exact and summed in float64, then rounded once, which is within what the ISA leaves open.

import { Fault } from "../fault.ts";
import { type Assembly, ending, type Form } from "../forms.ts";
import { narrow } from "../halves.ts";
import { type Step, waits } from "../machine.ts";
import type { Scalar } from "../types.ts";
import { roundToTensor } from "./convert.ts";

const section = (name: string): string =>
  `Warp Level Matrix Multiply-Accumulate Instructions: ${name}`;

/** Row and column of an element by its number in a thread. */
type Place = (element: number, lane: number) => readonly [number, number];

/** Where a thread's elements of the two factors are. */
interface Shape {
  readonly k: number;
  /** Elements of a register: two halves, or one float. */
  readonly packed: 1 | 2;
  readonly left: { readonly elements: number; readonly at: Place };
  readonly right: { readonly elements: number; readonly at: Place };
}

const group = (lane: number): number => lane >> 2;
const within = (lane: number): number => lane & 3;
const upper = (element: number, bit: number): number => ((element >> bit) & 1) * 8;

const shapes: Readonly<Record<string, Shape>> = {
  m16n8k8: {
    k: 8,
    packed: 2,
    left: { elements: 4, at: (i, lane) => [group(lane) + upper(i, 1), 2 * within(lane) + (i & 1)] },
    right: { elements: 2, at: (i, lane) => [2 * within(lane) + i, group(lane)] },
  },
  m16n8k16: {
    k: 16,
    packed: 2,
    left: {
      elements: 8,
      at: (i, lane) => [group(lane) + upper(i, 1), 2 * within(lane) + (i & 1) + upper(i, 2)],
    },
    right: {
      elements: 4,
      at: (i, lane) => [2 * within(lane) + (i & 1) + upper(i, 1), group(lane)],
    },
  },
  "m16n8k4.tf32": {
    k: 4,
    packed: 1,
    left: { elements: 2, at: (i, lane) => [group(lane) + upper(i, 0), within(lane)] },
    right: { elements: 1, at: (_, lane) => [within(lane), group(lane)] },
  },
  "m16n8k8.tf32": {
    k: 8,
    packed: 1,
    left: {
      elements: 4,
      at: (i, lane) => [group(lane) + upper(i, 0), within(lane) + 4 * (i >> 1)],
    },
    right: { elements: 2, at: (i, lane) => [within(lane) + 4 * i, group(lane)] },
  },
};

/** A thread's four elements of the sum. */
const sumAt: Place = (i, lane) => [group(lane) + upper(i, 1), 2 * within(lane) + (i & 1)];

const [rows, columns] = [16, 8];

type Read = (base: number, slots: readonly number[], element: number) => number;

type Bases = readonly (number | undefined)[];

/** The threads of a warp, which must be whole: each holds a part of every matrix. */
function whole(bases: Bases, site: number): readonly number[] {
  const found = bases.filter((base) => base !== undefined);
  if (found.length < 32)
    throw new Fault(site, `32 threads share a matrix; this warp has ${found.length}`);
  return found;
}

function multiply(a: Assembly): Step {
  const { machine, site, mods } = a;
  const { ints, floats } = machine;
  const type = mods.type!;
  const shape = shapes[type === "tf32" ? `${mods.shape}.tf32` : mods.shape!];
  if (!shape || mods.other !== type) return a.refuse("these factors have no product");
  const sumType: Scalar = mods.sum === "f32" ? "f32" : "f16x2";
  const perSum = sumType === "f32" ? 1 : 2;
  const take = (operand: number, count: number, of: Scalar): readonly number[] => {
    const parts = a.parts(operand);
    if (parts.length !== count) return a.refuse(`${count} registers are expected`);
    return parts.map((part) => (operand === 0 ? a.target(part, of) : a.source(part, of)));
  };
  const left = take(1, shape.left.elements / shape.packed, "b32");
  const right = take(2, shape.right.elements / shape.packed, "b32");
  const [sums, results] = [take(3, 4 / perSum, sumType), take(0, 4 / perSum, sumType)];
  const halfOf =
    (format: "f16" | "bf16"): Read =>
    (b, slots, i) =>
      narrow[format].read((ints[b + slots[i >> 1]!]! >>> (16 * (i & 1))) & 0xffff);
  const read: Read =
    type === "tf32"
      ? (b, slots, i) => roundToTensor(floats[b + slots[i]!]!)
      : halfOf(type === "bf16" ? "bf16" : "f16");
  const readSum: Read = sumType === "f32" ? (b, slots, i) => floats[b + slots[i]!]! : halfOf("f16");

  const resolve = (lanes: Bases): void => {
    const bases = whole(lanes, site);
    const x = new Float64Array(rows * shape.k);
    const y = new Float64Array(shape.k * columns);
    for (const [lane, base] of bases.entries()) {
      for (let i = 0; i < shape.left.elements; i++) {
        const [row, k] = shape.left.at(i, lane);
        x[row * shape.k + k] = read(base, left, i);
      }
      for (let i = 0; i < shape.right.elements; i++) {
        const [k, column] = shape.right.at(i, lane);
        y[k * columns + column] = read(base, right, i);
      }
    }
    for (const [lane, base] of bases.entries()) {
      const made = [0, 1, 2, 3].map((i) => {
        const [row, column] = sumAt(i, lane);
        let sum = readSum(base, sums, i);
        for (let k = 0; k < shape.k; k++) sum += x[row * shape.k + k]! * y[k * columns + column]!;
        return sum;
      });
      if (sumType === "f32")
        for (const [i, slot] of results.entries()) floats[base + slot] = made[i]!;
      else
        for (const [i, slot] of results.entries()) {
          const { write } = narrow.f16;
          ints[base + slot] = (write(made[2 * i + 1]!, "rn") << 16) | write(made[2 * i]!, "rn");
        }
    }
  };
  return () => {
    machine.wait = { kind: "warp", site, mask: -1, orders: false, resolve };
    return waits;
  };
}

/** Matrices of 8 by 8 halves: each of the first threads knows the address of one row. */
function load(a: Assembly): Step {
  const { machine, site, mods } = a;
  const { ints, memory } = machine;
  const count = Number(mods.count!.slice(1));
  const parts = a.parts(0);
  if (parts.length !== count) return a.refuse(`${count} registers are expected`);
  const targets = parts.map((part) => a.target(part, "b32"));
  const { compute, window } = a.address(1, mods.space ? "shared" : "generic");
  const read = new Uint16Array(8 * 8 * count);
  // A warp's rows are kept until all its threads are here, which other warps may interleave with.
  const kept = new Map<number, Uint16Array>();
  const resolve = (lanes: Bases): void => {
    const bases = whole(lanes, site);
    for (const [lane, base] of bases.entries()) {
      const row = kept.get(base);
      if (row) read.set(row, lane * 8);
    }
    for (const [lane, base] of bases.entries()) {
      for (const [matrix, slot] of targets.entries()) {
        const element = (i: number): number => {
          const [row, column] = [group(lane), 2 * within(lane) + i];
          const at = mods.trans ? column * 8 + row : row * 8 + column;
          return read[matrix * 64 + at]!;
        };
        ints[base + slot] = element(0) | (element(1) << 16);
      }
    }
  };
  return (b) => {
    if ((machine.moment.thread & 31) < 8 * count) {
      const found = memory.find(compute(b), 16, window, site);
      memory.touch(found, 16, "read", site);
      const at = memory.offset >> 1;
      kept.set(b, found.shorts.slice(at, at + 8));
    }
    machine.wait = { kind: "warp", site, mask: -1, orders: false, resolve };
    return waits;
  };
}

/** The rows of matrices. */
export const matrices: readonly Form[] = [
  ending(
    "mma",
    "sync aligned (shape:m16n8k8|m16n8k16) row col f32 (type:f16|bf16) (other:f16|bf16) (sum:f32)",
    section("mma"),
    multiply,
  ),
  ending(
    "mma",
    "sync aligned (shape:m16n8k8|m16n8k16) row col (sum:f16) (type:f16) (other:f16) f16",
    section("mma"),
    multiply,
  ),
  ending(
    "mma",
    "sync aligned (shape:m16n8k4|m16n8k8) row col f32 (type:tf32) (other:tf32) (sum:f32)",
    section("mma"),
    multiply,
  ),
  ending(
    "ldmatrix",
    "sync aligned m8n8 (count:x1|x2|x4) {trans} {space:shared|shared::cta} b16",
    section("ldmatrix"),
    load,
  ),
];
