// Sums of products in registers: a block of them, to which each step adds the products of some numbers with a vector.

import { type BufferDecl, i32, type NestExpr, type Stmt } from "../../ir/nest.ts";
import type { Scope } from "../scope.ts";
import type { Site } from "../site.ts";
import { addLoop, calculate, load, store } from "./write.ts";

/** The registers of a block, and where sums lie that are not complete. */
export interface Registers {
  readonly block: BufferDecl;
  /** The neighbours of a step, which all rows are multiplied with. */
  readonly line: BufferDecl;
  readonly rows: number;
  readonly columns: number;
  readonly sums: BufferDecl;
}

/** The registers of a launch. */
export function describeRegisters(
  { names }: Site,
  rows: number,
  columns: number,
  sums: BufferDecl,
): Registers {
  const register = (hint: string, elements: number): BufferDecl => ({
    name: names.fresh(hint),
    place: "register",
    dtype: "f32",
    access: "update",
    shape: [i32(elements)],
    strides: [i32(1)],
  });
  const [block, line] = [register("block", rows * columns), register("line", columns)];
  return { block, line, rows, columns, sums };
}

/** Adds the products of a number for each row with neighbours that start at an address of a buffer. */
export type AddProducts = (
  step: Scope,
  numbers: readonly NestExpr[],
  of: Pick<BufferDecl, "name" | "dtype">,
  start: NestExpr,
) => void;

/** Sums from 0, or from those at `at` where it is not the first time; `walk` adds to them; they are kept there. */
export function sumInRegisters(
  { names, placer }: Site,
  scope: Scope,
  { block, line, rows, columns, sums }: Registers,
  { at, isFirst }: { readonly at: NestExpr; readonly isFirst: NestExpr },
  walk: (add: AddProducts) => void,
): void {
  const each = Array.from({ length: rows }, (_, i) => i);
  const cell = (i: number, lane: NestExpr): NestExpr => calculate("add", i32(i * columns), lane);
  const kept = (i: number, lane: NestExpr): NestExpr => calculate("add", at, cell(i, lane));
  const lanes = (outer: Scope, fill: (lane: NestExpr, inner: Scope) => void): void =>
    addLoop(names, outer, { hint: "lane", hi: i32(columns), by: "vector" }, (inner, lane) =>
      fill(lane, inner),
    );
  const set = (value: (i: number, lane: NestExpr) => NestExpr): readonly Stmt[] => {
    const before = scope.body.length;
    lanes(scope, (lane, inner) => {
      for (const i of each) inner.body.push(store(block.name, cell(i, lane), value(i, lane)));
    });
    return scope.body.splice(before);
  };
  const zero: NestExpr = { kind: "const", type: "f32", value: 0 };
  const then = set(() => zero);
  const otherwise = set((i, lane) => load(sums, kept(i, lane)));
  scope.body.push({ kind: "if", cond: isFirst, then, else: otherwise });
  walk((step, numbers, of, start) => {
    // One row after another, so that only one of the numbers takes a register at a time.
    lanes(step, (lane, inner) => {
      inner.body.push(store(line.name, lane, load(of, calculate("add", start, lane))));
    });
    for (const i of each) {
      const number = placer.declare(step, "s", numbers[i]!);
      lanes(step, (lane, inner) => {
        const product = calculate("mul", number, load(line, lane));
        const sum = calculate("add", load(block, cell(i, lane)), product);
        inner.body.push(store(block.name, cell(i, lane), sum));
      });
    }
  });
  lanes(scope, (lane, inner) => {
    for (const i of each)
      inner.body.push(store(sums.name, kept(i, lane), load(block, cell(i, lane))));
  });
}
