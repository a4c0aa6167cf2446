// What a warp's product of matrices says of each of its threads: the loops that the instruction stands for.

import type { Block, NestExpr, WarpFactor, WarpProduct } from "./nest.ts";
import { i32, variable } from "./nest.ts";

/** Threads of a warp, and steps of a sum that one product takes. */
export const warp = { threads: 32, steps: 16 } as const;

const op = (name: "add" | "mul" | "quot" | "rem", a: NestExpr, b: NestExpr): NestExpr => ({
  kind: "op",
  op: name,
  args: [a, b],
  type: "i32",
});
const times = (a: NestExpr, n: number): NestExpr => op("mul", a, i32(n));
const sum = (...terms: readonly NestExpr[]): NestExpr => terms.reduce((a, b) => op("add", a, b));

/** The rows of a warp's tile that a thread holds: its `i`th. */
export const rowOf = (lane: NestExpr, i: NestExpr): NestExpr =>
  sum(times(op("quot", i, i32(2)), 16), times(op("rem", i, i32(2)), 8), op("quot", lane, i32(4)));

/** The columns of a warp's tile that a thread holds: its `j`th. */
export const columnOf = (lane: NestExpr, j: NestExpr): NestExpr =>
  sum(times(op("quot", j, i32(2)), 8), times(op("rem", lane, i32(4)), 2), op("rem", j, i32(2)));

/** Where the accumulator of a thread's `i`th row and `j`th column is, of `columns` of the warp. */
export const placeOf = (i: NestExpr, j: NestExpr, columns: number): NestExpr =>
  sum(
    times(sum(times(op("quot", i, i32(2)), columns / 8), op("quot", j, i32(2))), 4),
    times(op("rem", i, i32(2)), 2),
    op("rem", j, i32(2)),
  );

/** What a thread does in one step of a product; `i` and `j` name its loops over rows and columns. */
export function stepOf(
  product: WarpProduct,
  type: "f16" | "bf16",
  step: NestExpr,
  [i, j]: readonly [string, string],
): Block {
  const { rows, columns, f, s, acc, lane } = product;
  const element = ({ buffer, address, stride }: WarpFactor, at: NestExpr): NestExpr => ({
    kind: "cast",
    to: "f32",
    arg: { kind: "load", buffer, address: sum(address, times(at, stride), step), type, width: 1 },
  });
  const [row, column] = [rowOf(lane, variable(i)), columnOf(lane, variable(j))];
  const args = [element(f, row), element(s, column)];
  return [
    {
      ...{ kind: "for", variable: i, lo: i32(0), hi: i32(rows / 8), by: "unroll" },
      body: [
        {
          ...{ kind: "for", variable: j, lo: i32(0), hi: i32(columns / 4), by: "unroll" },
          body: [
            {
              kind: "accumulate",
              buffer: acc,
              address: placeOf(variable(i), variable(j), columns),
              value: { kind: "op", op: "mul", args, type: "f32" },
              mode: "plain",
            },
          ],
        },
      ],
    },
  ];
}
