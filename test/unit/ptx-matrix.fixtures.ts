// Vectors of tensor cores: each lane makes its elements of two small matrices by the layouts that the ISA shows, and
// stores some of the product.

import type { Sequence } from "./ptx-vectors.fixtures.ts";

const section = "Warp Level Matrix Multiply-Accumulate Instructions";

// Numbers that every format holds exactly.
const left = (row: number, k: number): number => (row % 5) - (k % 3);
const right = (k: number, column: number): number => (k % 4) - column;
const bias = (row: number, column: number): number => row + column;

const product = (depth: number, row: number, column: number): number => {
  let sum = bias(row, column);
  for (let k = 0; k < depth; k++) sum += left(row, k) * right(k, column);
  return sum;
};

/** Where an element is: lane / 4 or lane % 4 times something, and something more. */
interface Element {
  readonly row: string;
  readonly column: string;
}

// In registers: %r17 is lane / 4, %r18 lane % 4.
const at = (base: "%r17" | "%r18", by: number, plus: number, to: string): string =>
  `mad.lo.s32 ${to}, ${base}, ${by}, ${plus};`;

/** Instructions that make the float of f(row, column) in %r16. */
const make = { left: leftOf, right: rightOf, bias: biasOf } as const;
function leftOf({ row, column }: Element): string {
  return `${row} rem.s32 %r14, %r14, 5; ${column} rem.s32 %r15, %r15, 3; sub.s32 %r16, %r14, %r15; cvt.rn.f32.s32 %r16, %r16;`;
}
function rightOf({ row, column }: Element): string {
  return `${row} rem.s32 %r14, %r14, 4; ${column} sub.s32 %r16, %r14, %r15; cvt.rn.f32.s32 %r16, %r16;`;
}
function biasOf({ row, column }: Element): string {
  return `${row} ${column} add.s32 %r16, %r14, %r15; cvt.rn.f32.s32 %r16, %r16;`;
}

const place = (
  rowBase: "%r17" | "%r18",
  rowBy: number,
  row: number,
  columnBase: "%r17" | "%r18",
  columnBy: number,
  column: number,
): Element => ({
  row: at(rowBase, rowBy, row, "%r14"),
  column: at(columnBase, columnBy, column, "%r15"),
});

// The layouts of the ISA's figures.
const halves: Readonly<
  Record<number, { readonly a: readonly Element[]; readonly b: readonly Element[] }>
> = {
  8: {
    a: [
      [0, 0],
      [0, 1],
      [8, 0],
      [8, 1],
    ].map(([r, c]) => place("%r17", 1, r!, "%r18", 2, c!)),
    b: [0, 1].map((k) => place("%r18", 2, k, "%r17", 1, 0)),
  },
  16: {
    a: [
      [0, 0],
      [0, 1],
      [8, 0],
      [8, 1],
      [0, 8],
      [0, 9],
      [8, 8],
      [8, 9],
    ].map(([r, c]) => place("%r17", 1, r!, "%r18", 2, c!)),
    b: [0, 1, 8, 9].map((k) => place("%r18", 2, k, "%r17", 1, 0)),
  },
};
const tensors: typeof halves = {
  4: {
    a: [0, 8].map((r) => place("%r17", 1, r, "%r18", 1, 0)),
    b: [place("%r18", 1, 0, "%r17", 1, 0)],
  },
  8: {
    a: [
      [0, 0],
      [8, 0],
      [0, 4],
      [8, 4],
    ].map(([r, c]) => place("%r17", 1, r!, "%r18", 1, c!)),
    b: [0, 4].map((k) => place("%r18", 1, k, "%r17", 1, 0)),
  },
};
const sums = [
  [0, 0],
  [0, 1],
  [8, 0],
  [8, 1],
] as const;

const lanes = "shr.u32 %r17, %tid, 2; and.b32 %r18, %tid, 3;";

/** Packs elements into registers from %r<first> on. */
function pack(
  kind: keyof typeof make,
  elements: readonly Element[],
  type: string,
  first: number,
): string {
  if (type === "f32" || type === "tf32")
    return elements.map((e, i) => `${make[kind](e)} mov.b32 %r${first + i}, %r16;`).join("\n");
  return elements
    .map((e, i) => {
      const half = `%h${i % 2}`;
      const both = i % 2 ? `mov.b32 %r${first + (i >> 1)}, {%h0, %h1};` : "";
      return `${make[kind](e)} cvt.rn.${type}.f32 ${half}, %r16; ${both}`;
    })
    .join("\n");
}

const names = (first: number, count: number): string =>
  `{${Array.from({ length: count }, (_, i) => `%r${first + i}`).join(", ")}}`;

/** A product whose elements `which` are stored. */
function multiply(
  type: string,
  depth: number,
  sum: "f32" | "f16",
  which: readonly [number, number],
): Sequence {
  const { a, b } = (type === "tf32" ? tensors : halves)[depth]!;
  const packed = type === "tf32" ? 1 : 2;
  const op = `mma.sync.aligned.m16n8k${depth}.row.col.${sum}.${type}.${type}.${sum}`;
  const [lefts, rights] = [a.length / packed, b.length / packed];
  const c = sums.map(([r, k]) => place("%r17", 1, r, "%r18", 2, k));
  const count = sum === "f32" ? 4 : 2;
  const from = lefts + rights;
  const read = (i: number, to: string): string =>
    sum === "f32"
      ? `cvt.rzi.s32.f32 ${to}, %r${from + i};`
      : `mov.b32 {%h2, %h3}, %r${from + (i >> 1)}; cvt.f32.f16 %r16, %h${2 + (i % 2)}; cvt.rzi.s32.f32 ${to}, %r16;`;
  return {
    ops: [op],
    section: `${section}: mma`,
    body: `${lanes}
${pack("left", a, type, 0)}
${pack("right", b, type, lefts)}
${pack("bias", c, sum, from)}
${op} ${names(from, count)}, ${names(0, lefts)}, ${names(lefts, rights)}, ${names(from, count)};
${read(which[0], "%r12")} ${read(which[1], "%r13")} st.global.v2.b32 [%out], {%r12, %r13};`,
    threads: 32,
    gives: Array.from({ length: 32 }, (_, lane) =>
      which.map((i) => {
        const [row, column] = sums[i]!;
        return product(depth, (lane >> 2) + row, 2 * (lane & 3) + column) >>> 0;
      }),
    ).flat(),
  };
}

/** Each lane writes the row number, doubled, and the column of its own matrix row. */
const ldmatrix = (trans: boolean): Sequence => {
  const op = `ldmatrix.sync.aligned.m8n8.x2${trans ? ".trans" : ""}.shared.b16`;
  const value = (row: number, column: number) => 100 * row + column;
  return {
    ops: [op],
    section: `${section}: ldmatrix`,
    head: ".shared .align 16 .b8 tile[256];",
    body: `mov.u32 %r3, tile; and.b32 %r4, %tid, 15; shl.b32 %r5, %r4, 4; add.u32 %r6, %r3, %r5;
setp.lt.u32 %p1, %tid, 16; mul.lo.u32 %r7, %r4, 100;
${Array.from({ length: 8 }, (_, i) => `add.u32 %r8, %r7, ${i}; cvt.u16.u32 %h1, %r8; @%p1 st.shared.u16 [%r6+${2 * i}], %h1;`).join("\n")}
bar.sync 0;
${op} {%r1, %r2}, [%r6]; st.global.v2.b32 [%out], {%r1, %r2};`,
    threads: 32,
    gives: Array.from({ length: 32 }, (_, lane) =>
      [0, 8].map((first) => {
        const [row, column] = [lane >> 2, 2 * (lane & 3)];
        const [low, high] = trans
          ? [value(first + column, row), value(first + column + 1, row)]
          : [value(first + row, column), value(first + row, column + 1)];
        return (low | (high << 16)) >>> 0;
      }),
    ).flat(),
  };
};

/** All of them. */
export const matrixSequences: readonly Sequence[] = [
  multiply("f16", 8, "f32", [0, 3]),
  multiply("f16", 16, "f32", [0, 3]),
  multiply("f16", 16, "f32", [1, 2]),
  multiply("bf16", 8, "f32", [1, 2]),
  multiply("bf16", 16, "f32", [0, 3]),
  multiply("f16", 8, "f16", [1, 2]),
  multiply("f16", 16, "f16", [0, 3]),
  multiply("tf32", 4, "f32", [0, 3]),
  multiply("tf32", 8, "f32", [1, 2]),
  ldmatrix(false),
  ldmatrix(true),
];
