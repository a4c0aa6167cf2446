// Additions in fixed point keep their sums in a workspace of their own; what a sum is goes to its element at the end.

import { word, wordsPerSum } from "../ir/fixed.ts";
import { product } from "../ir/host.ts";
import { type BufferDecl, i32, type NestExpr } from "../ir/nest.ts";
import type { PlanBuffer, PlanStep } from "../ir/plan.ts";
import { elementwise } from "./elementwise.ts";
import { int32 } from "./site.ts";

/** The sums that belong to a buffer's elements, one for each. */
export function sumsOf({ name, shape }: PlanBuffer): PlanBuffer {
  return {
    name: `${name}_sums`,
    place: "global",
    dtype: "u32",
    access: "update",
    shape: [...shape, i32(wordsPerSum)],
    strides: shape.map((_, d) => product([...shape.slice(d + 1), i32(wordsPerSum)])).concat(i32(1)),
    role: "workspace",
    axes: [],
  };
}

/** The launch that stores what each sum is, `group` elements a group; variables are called like nothing in `taken`. */
export function storeTotals(
  name: string,
  to: PlanBuffer,
  group: number,
  taken: readonly string[],
): PlanStep {
  const sums = sumsOf(to);
  return elementwise(name, product(to.shape), { group, taken }, (index) => {
    const first = int32("mul", index, i32(wordsPerSum));
    const words = Object.values(word).map((w): NestExpr => {
      const address = w === 0 ? first : int32("add", first, i32(w));
      return { kind: "load", buffer: sums.name, address, type: "u32", width: 1 };
    });
    const total: NestExpr = { kind: "op", op: "total", args: words, type: "f32" };
    return {
      buffers: [asUsed(to, "write"), asUsed(sums, "read")],
      body: [{ kind: "store", buffer: to.name, address: index, value: total, width: 1 }],
    };
  });
}

const asUsed = (
  { name, place, dtype, shape, strides }: PlanBuffer,
  access: BufferDecl["access"],
): BufferDecl => ({ name, place, dtype, access, shape, strides });
