// Vectors of comparisons, selections, moves and conversions.

import { type Value, type Vector, vector } from "./ptx-vectors.fixtures.ts";

const compare = (name: string) => `Comparison and Selection Instructions: ${name}`;
const move = (name: string) => `Data Movement and Conversion Instructions: ${name}`;
const nan = Number.NaN;
const inf = Number.POSITIVE_INFINITY;
const tiny = "00400000";

type Row = readonly [boolean, boolean, boolean, boolean];

// 1 and 2, 2 and 2, 3 and 2, NaN and 2.
const orders: Readonly<Record<string, Row>> = {
  eq: [false, true, false, false],
  ne: [true, false, true, false],
  lt: [true, false, false, false],
  le: [true, true, false, false],
  gt: [false, false, true, false],
  ge: [false, true, true, false],
};
const unordered: Readonly<Record<string, Row>> = {
  equ: [false, true, false, true],
  neu: [true, false, true, true],
  ltu: [true, false, false, true],
  leu: [true, true, false, true],
  gtu: [false, false, true, true],
  geu: [false, true, true, true],
  num: [true, true, true, false],
  nan: [false, false, false, true],
};
const without: Readonly<Record<string, string>> = { lo: "lt", ls: "le", hi: "gt", hs: "ge" };

const floats = ["f32", "f64", "f16", "bf16"].flatMap((type) =>
  Object.entries({ ...orders, ...unordered }).map(([name, [a, b, c, d]]) =>
    vector(
      compare("setp"),
      `setp.${name}.${type}`,
      `pred ${type} ${type}`,
      [a, 1, 2],
      [b, 2, 2],
      [c, 3, 2],
      [d, nan, 2],
    ),
  ),
);
const wholes = ["s16", "s32", "s64", "u16", "u32", "u64"].flatMap((type) =>
  Object.entries(orders).map(([name, [a, b, c]]) =>
    vector(
      compare("setp"),
      `setp.${name}.${type}`,
      `pred ${type} ${type}`,
      [a, 1, 2],
      [b, 2, 2],
      [c, 3, 2],
    ),
  ),
);
const bits = ["b16", "b32", "b64"].flatMap((type) => [
  vector(compare("setp"), `setp.eq.${type}`, `pred ${type} ${type}`, [true, 2, 2], [false, 1, 2]),
  vector(compare("setp"), `setp.ne.${type}`, `pred ${type} ${type}`, [false, 2, 2], [true, 1, 2]),
]);
const signless = Object.entries(without).map(([name, as]) => {
  const [a, b, c] = orders[as]!;
  return vector(
    compare("setp"),
    `setp.${name}.u32`,
    "pred u32 u32",
    [a, 1, 2],
    [b, 2, 2],
    [c, 3, 2],
  );
});

/** Comparisons and selections. */
export const compareVectors: readonly Vector[] = [
  ...floats,
  ...wholes,
  ...bits,
  ...signless,
  vector(compare("setp"), "setp.lt.s32", "pred s32 s32", [true, -1, 1], [false, 1, -1]),
  vector(
    compare("setp"),
    "setp.lt.u32",
    "pred u32 u32",
    [false, "ffffffff", 1],
    [true, 1, "ffffffff"],
  ),
  vector(compare("setp"), "setp.lt.u64", "pred u64 u64", [false, "ffffffffffffffff", 1n]),
  vector(compare("setp"), "setp.lt.s64", "pred s64 s64", [true, -1n, 1n]),
  vector(compare("setp"), "setp.eq.ftz.f32", "pred f32 f32", [true, tiny, 0]),
  vector(compare("setp"), "setp.eq.f32", "pred f32 f32", [false, tiny, 0], [true, -0, 0]),
  vector(
    compare("setp"),
    "setp.lt.and.s32",
    "pred s32 s32 pred",
    [true, 1, 2, true],
    [false, 1, 2, false],
    [false, 2, 1, true],
  ),
  vector(
    compare("setp"),
    "setp.lt.or.s32",
    "pred s32 s32 pred",
    [true, 2, 1, true],
    [false, 2, 1, false],
  ),
  vector(
    compare("setp"),
    "setp.lt.xor.f32",
    "pred f32 f32 pred",
    [false, 1, 2, true],
    [true, 2, 1, true],
  ),
  vector(compare("set"), "set.lt.u32.s32", "u32 s32 s32", ["ffffffff", 1, 2], [0, 2, 1]),
  vector(compare("set"), "set.gt.f32.f32", "f32 f32 f32", [1, 2, 1], [0, 1, 2], [0, nan, 1]),
  vector(
    compare("set"),
    "set.gtu.and.s32.f32",
    "s32 f32 f32 pred",
    [-1, nan, 1, true],
    [0, nan, 1, false],
  ),
  ...["b16", "u16", "s16", "b32", "u32", "s32", "b64", "u64", "s64", "f32", "f64"].map((type) =>
    vector(
      compare("selp"),
      `selp.${type}`,
      `${type} ${type} ${type} pred`,
      [1, 1, 2, true],
      [2, 1, 2, false],
    ),
  ),
  vector(compare("slct"), "slct.f32.s32", "f32 f32 f32 s32", [1, 1, 2, 0], [2, 1, 2, -1]),
  vector(
    compare("slct"),
    "slct.u32.f32",
    "u32 u32 u32 f32",
    [1, 1, 2, -0],
    [2, 1, 2, nan],
    [2, 1, 2, -1],
  ),
  vector(compare("slct"), "slct.ftz.u64.f32", "u64 u64 u64 f32", [1n, 1n, 2n, "80400000"]),
];

/** Moves. */
export const moveVectors: readonly Vector[] = [
  ...["b16", "u16", "s16", "b32", "u32", "s32", "b64", "u64", "s64", "f32", "f64"].map((type) =>
    vector(move("mov"), `mov.${type}`, `${type} ${type}`, [5, 5], [1, 1]),
  ),
  vector(move("mov"), "mov.pred", "pred pred", [true, true], [false, false]),
  vector(move("mov"), "mov.pred", "pred =-1", [true]),
  vector(move("mov"), "mov.f32", "f32 =0f3F800000", [1]),
  vector(move("mov"), "mov.f64", "f64 =0d4000000000000000", [2]),
  vector(move("mov"), "mov.u32", "u32 =%ntid.x", [1]),
  vector(move("mov"), "mov.u64", "u64 =17", [17n]),
];

const cvt = (op: string, types: string, ...cases: readonly (readonly Value[])[]) =>
  vector(move("cvt"), op, types, ...cases);

/** Conversions. */
export const convertVectors: readonly Vector[] = [
  cvt("cvt.s64.s32", "s64 s32", [-1n, -1], [5n, 5]),
  cvt("cvt.u64.u32", "u64 u32", ["ffffffff", "ffffffff"]),
  cvt("cvt.s64.u32", "s64 u32", ["ffffffff", "ffffffff"]),
  cvt("cvt.u32.u64", "u32 u64", ["9abcdef0", "123456789abcdef0"]),
  cvt("cvt.s32.s64", "s32 s64", [-1, -1n]),
  cvt("cvt.u16.u32", "u16 u32", ["5678", "12345678"]),
  cvt("cvt.u32.u16", "u32 u16", [65535, 65535]),
  cvt("cvt.s32.s16", "s32 s16", [-1, -1]),
  cvt("cvt.s32.s8", "s32 b32", [-1, 255], [127, 127]),
  cvt("cvt.u32.u8", "u32 b32", [255, "ffffffff"]),
  cvt("cvt.s16.s32", "b16 s32", ["8000", 32768]),
  cvt("cvt.sat.u16.s32", "u16 s32", [0, -5], [65535, 70000]),
  cvt("cvt.sat.s16.s32", "s16 s32", [-32768, -70000], [32767, 70000]),
  cvt("cvt.sat.u8.s32", "b32 s32", [255, 300], [0, -1]),
  cvt(
    "cvt.rmi.s32.f32",
    "s32 f32",
    [-2, -1.5],
    [1, 1.5],
    ["7fffffff", 3e9],
    ["80000000", -3e9],
    [0, nan],
  ),
  cvt("cvt.rpi.s32.f32", "s32 f32", [-1, -1.5], [2, 1.5], ["7fffffff", inf]),
  cvt("cvt.rzi.s32.f32", "s32 f32", [-1, -1.5], [1, 1.5], ["80000000", -inf], [0, nan]),
  cvt("cvt.rni.s32.f32", "s32 f32", [2, 2.5], [4, 3.5], [-2, -2.5], [0, 0.5]),
  cvt("cvt.rzi.u32.f32", "u32 f32", ["ffffffff", 5e9], [0, -1], [3, 3.9], [0, nan]),
  cvt("cvt.rzi.ftz.s32.f32", "s32 f32", [0, tiny], [-7, -7.9]),
  cvt("cvt.rpi.ftz.s32.f32", "s32 f32", [0, tiny]),
  cvt(
    "cvt.rzi.s64.f32",
    "s64 f32",
    [-1n, -1.5],
    ["8000000000000000", nan],
    ["7fffffffffffffff", inf],
  ),
  cvt("cvt.rzi.s32.f64", "s32 f64", [-1, -1.5], ["80000000", nan]),
  cvt("cvt.rmi.s32.f64", "s32 f64", [-2, -1.5]),
  cvt("cvt.rzi.u64.f64", "u64 f64", [1n << 40n, 2 ** 40 + 0.5], [0n, -1]),
  cvt("cvt.rzi.s16.f16", "s16 f16", [-1, -1.5], [100, 100.5]),
  cvt("cvt.rn.f32.s32", "f32 s32", [16777216, 16777217], [-1, -1]),
  cvt("cvt.rz.f32.s32", "f32 s32", [16777218, 16777219]),
  cvt("cvt.rp.f32.s32", "f32 s32", [16777218, 16777217]),
  cvt("cvt.rm.f32.s32", "f32 s32", [-16777218, -16777217]),
  cvt("cvt.rn.f32.u32", "f32 u32", [4294967296, "ffffffff"], [3, 3]),
  cvt(
    "cvt.rn.f32.s64",
    "f32 s64",
    ["5e800001", (1n << 62n) + (1n << 38n) + 1n],
    ["5e800000", (1n << 62n) + (1n << 38n)],
  ),
  cvt("cvt.rn.f32.u64", "f32 u64", [2 ** 64, "ffffffffffffffff"]),
  cvt("cvt.rn.f32.u16", "f32 u16", [65535, 65535]),
  cvt("cvt.rn.f32.s16", "f32 s16", [-1, -1]),
  cvt("cvt.rn.f32.u8", "f32 b32", [255, 255]),
  cvt("cvt.rn.f64.s32", "f64 s32", [-1, -1]),
  cvt("cvt.rn.f64.u32", "f64 u32", [4294967295, "ffffffff"]),
  cvt("cvt.rn.f64.s64", "f64 s64", [9007199254740992, 9007199254740993n]),
  cvt("cvt.rn.f16.s32", "f16 s32", [2048, 2049], [inf, 70000]),
  cvt("cvt.f64.f32", "f64 f32", [0.5, 0.5]),
  cvt("cvt.rn.f32.f64", "f32 f64", [1, 1 + 2 ** -24], [1 + 2 ** -23, 1 + 2 ** -24 + 2 ** -50]),
  cvt("cvt.rz.f32.f64", "f32 f64", [1, 1 + 2 ** -23 - 2 ** -50]),
  cvt("cvt.rp.f32.f64", "f32 f64", [1 + 2 ** -23, 1 + 2 ** -50]),
  cvt("cvt.rmi.f32.f32", "f32 f32", [-2, -1.5], [-0, -0], [inf, inf]),
  cvt("cvt.rpi.f32.f32", "f32 f32", [-1, -1.5], [-0, -0.5]),
  cvt("cvt.rzi.f32.f32", "f32 f32", [-1, -1.5], [1, 1.9]),
  cvt("cvt.rni.f32.f32", "f32 f32", [2, 2.5], [-0, -0.5]),
  cvt("cvt.rmi.ftz.f32.f32", "f32 f32", [-0, "80400000"]),
  cvt("cvt.rmi.f64.f64", "f64 f64", [-2, -1.5]),
  cvt("cvt.sat.f32.f32", "f32 f32", [1, 2], [0, -1], [0, nan], [0.5, 0.5]),
  cvt("cvt.ftz.f32.f32", "f32 f32", [0, tiny]),
  cvt("cvt.f32.f16", "f32 f16", [0.5, 0.5], [2 ** -24, "0001"], [-inf, -inf], [nan, nan]),
  cvt(
    "cvt.rn.f16.f32",
    "f16 f32",
    [0.5, 0.5],
    [inf, 65520],
    [65504, 65519],
    [2 ** -24, 2 ** -24],
    [0, 2 ** -25],
    [nan, nan],
    [2048, 2049],
  ),
  cvt("cvt.rz.f16.f32", "f16 f32", [65504, 1e6], [2048, 2049.9]),
  cvt("cvt.rn.f16.f64", "f16 f64", [1, 1 + 2 ** -11], [1 + 2 ** -10, 1 + 2 ** -11 + 2 ** -40]),
  cvt(
    "cvt.rn.bf16.f32",
    "bf16 f32",
    [1, 1 + 2 ** -8],
    [1 + 2 ** -7, 1 + 1.5 * 2 ** -8],
    [1 + 2 ** -6, 1 + 3 * 2 ** -8],
    [inf, "7f7fffff"],
    [nan, nan],
  ),
  cvt("cvt.rz.bf16.f32", "bf16 f32", [1, 1 + 1.9 * 2 ** -8]),
  cvt("cvt.rn.relu.f16.f32", "f16 f32", [0, -2], [2, 2]),
  cvt("cvt.f32.bf16", "f32 bf16", [-1.5, -1.5]),
  cvt("cvt.rn.f16x2.f32", "f16x2 f32 f32", ["40003c00", 2, 1]),
  cvt("cvt.rz.f16x2.f32", "f16x2 f32 f32", ["68006800", 2049.9, 2049]),
  cvt("cvt.rn.bf16x2.f32", "bf16x2 f32 f32", ["40003f80", 2, 1]),
  cvt(
    "cvt.rna.tf32.f32",
    "b32 f32",
    ["3f802000", "3f801000"],
    ["3f800000", "3f800fff"],
    ["bf802000", "bf801000"],
  ),
];
