// Additions in fixed point keep their sums in a workspace of their own; what a sum is goes to its element at the end.

import { word, wordsPerSum } from "../ir/fixed.ts";
import { product } from "../ir/host.ts";
import { type BufferDecl, i32, type Nest, type NestExpr, type Stmt, variable } from "../ir/nest.ts";
import { visitNestExpr } from "../ir/nestWalk.ts";
import type { PlanBuffer, PlanStep } from "../ir/plan.ts";
import { createNames } from "./names.ts";
import { int32, loopOf } from "./site.ts";

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

const op = (name: "add" | "mul" | "lt", a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op: name,
  args: [a, b],
  type: name === "lt" ? "bool" : "i32",
});

/** The launch that stores what each sum is, `group` elements a group; variables are called like nothing in `taken`. */
export function storeTotals(
  name: string,
  to: PlanBuffer,
  group: number,
  taken: readonly string[],
): PlanStep {
  const { fresh } = createNames(new Map(), [], taken);
  const [place, block, thread] = [fresh("index"), fresh("group"), fresh("thread")];
  const sums = sumsOf(to);
  const count = product(to.shape);
  const index = variable(place);
  const first = op("mul", index, i32(wordsPerSum));
  const words = Object.values(word).map((w): NestExpr => {
    const address = w === 0 ? first : op("add", first, i32(w));
    return { kind: "load", buffer: sums.name, address, type: "u32", width: 1 };
  });
  const total: NestExpr = { kind: "op", op: "total", args: words, type: "f32" };
  const store: Stmt = {
    kind: "store",
    buffer: to.name,
    address: index,
    value: to.dtype === "f32" ? total : { kind: "cast", to: to.dtype, arg: total },
    width: 1,
  };
  const groups = group === 1 ? count : int32("quot", op("add", count, i32(group - 1)), i32(group));
  const value = op("add", op("mul", variable(block), i32(group)), variable(thread));
  const inside: Stmt[] = [
    { kind: "let", name: place, type: "i32", value },
    { kind: "if", cond: op("lt", index, count), then: [store], else: [] },
  ];
  const nest: Nest = {
    name,
    scalars: scalarsIn(count),
    constants: [],
    buffers: [asUsed(to, "write"), asUsed(sums, "read")],
    group,
    body:
      group === 1
        ? [loopOf(place, i32(0), count, "grid", [store])]
        : [
            loopOf(block, i32(0), groups, "grid", [
              loopOf(thread, i32(0), i32(group), "group", inside),
            ]),
          ],
  };
  return { kind: "launch", nest, groups };
}

const asUsed = (
  { name, place, dtype, shape, strides }: PlanBuffer,
  access: BufferDecl["access"],
): BufferDecl => ({ name, place, dtype, access, shape, strides });

function scalarsIn(e: NestExpr): Nest["scalars"] {
  const found = new Map<string, Nest["scalars"][number]>();
  visitNestExpr(e, (x) => {
    if (x.kind === "var")
      found.set(x.name, { name: x.name, type: x.type === "f32" ? "f32" : "i32" });
  });
  return [...found.values()];
}
