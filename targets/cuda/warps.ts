// Products of matrices that warps compute: tensor cores by their instruction, and in the simulation by what that is
// said to do (PTX ISA, "Matrix fragments for mma.m16n8k16").

import type { BufferText, Helper, Scope, Text } from "../../generators/emit/target.ts";
import { flatten, gapAt } from "../../generators/emit/wrap.ts";
import type { WarpProduct } from "../../generators/ir/nest.ts";

type Narrow = "f16" | "bf16";

/** Registers of an instruction, from a number on. */
const registers = (count: number, from: number): string =>
  `{${Array.from({ length: count }, (_, i) => `%${from + i}`).join(", ")}}`;

/** One instruction of inline assembly: accumulators, then registers of both factors. */
function instruction(
  type: Narrow,
  steps: 8 | 16,
  a: readonly number[],
  b: readonly number[],
): string {
  const name = `mma.sync.aligned.m16n8k${steps}.row.col.f32.${type}.${type}.f32`;
  const acc = registers(4, 0);
  const operands = [acc, registers(a.length, 4), registers(b.length, 4 + a.length), acc];
  const inputs = [...a.map((i) => `"r"(a[${i}])`), ...b.map((i) => `"r"(b[${i}])`)].join(", ");
  return `  asm("${name} "
      "${operands.join(", ")};"
      : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3])
      : ${inputs});`;
}

/** What Turing does: half as many steps at a time of f16, and nothing of bf16. */
const older: Readonly<Record<Narrow, string>> = {
  f16: `${instruction("f16", 8, [0, 1], [0])}\n${instruction("f16", 8, [2, 3], [1])}`,
  bf16: "#error products of bf16 need compute capability 8.0",
};

function multiplyHelper(type: Narrow): Helper {
  return {
    text: `// Adds a product of 16 x 16 and 16 x 8 elements to a warp's accumulators.
__device__ __forceinline__ void multiply_${type}(float* acc, const unsigned* a, const unsigned* b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
${instruction(type, 16, [0, 1, 2, 3], [0, 1])}
#elif defined(__CUDA_ARCH__)
${older[type]}
#elif defined(WW_SIMULATION)
  ww::multiply_warp(acc, a, b, float_of_${type});
#endif
}`,
    needs: [`float_of_${type}`],
  };
}

function productHelper(type: Narrow): Helper {
  return {
    text: `// The same for ROWS x COLUMNS: rows of f and columns of s are apart by strides, steps lie side by side.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void multiply_warp_${type}(float* acc, const unsigned short* f, int f_stride,
                                                    const unsigned short* s, int s_stride, int lane) {
  const int row = lane / 4, step = lane % 4 * 2;
  unsigned b[COLUMNS / 8][2];
#pragma unroll
  for (int j = 0; j < COLUMNS / 8; ++j) {
    const unsigned short* from = s + (j * 8 + row) * s_stride + step;
    b[j][0] = *(const unsigned*)from;
    b[j][1] = *(const unsigned*)(from + 8);
  }
#pragma unroll
  for (int i = 0; i < ROWS / 16; ++i) {
    const unsigned short* from = f + (i * 16 + row) * f_stride + step;
    const unsigned short* below = from + 8 * f_stride;
    const unsigned a[4] = {*(const unsigned*)from, *(const unsigned*)below,
                           *(const unsigned*)(from + 8), *(const unsigned*)(below + 8)};
#pragma unroll
    for (int j = 0; j < COLUMNS / 8; ++j)
      multiply_${type}(acc + (i * (COLUMNS / 8) + j) * 4, a, b[j]);
  }
}`,
    needs: [`multiply_${type}`],
  };
}

/** The functions of products, by their names. */
export const warpHelpers: Readonly<Record<string, Helper>> = {
  multiply_f16: multiplyHelper("f16"),
  multiply_bf16: multiplyHelper("bf16"),
  multiply_warp_f16: productHelper("f16"),
  multiply_warp_bf16: productHelper("bf16"),
};

/** The call that adds a warp's product to its accumulators. */
export function printProduct(
  { rows, columns, f, s }: WarpProduct,
  buffers: Readonly<Record<"acc" | "f" | "s", BufferText>>,
  [lane, atF, atS]: readonly [Text, Text, Text],
  scope: Scope,
): string {
  const type = buffers.f.decl.dtype === "bf16" ? "bf16" : "f16";
  const name = `multiply_warp_${type}`;
  scope.need(name, warpHelpers[name]!);
  const args = [
    buffers.acc.name,
    `&${buffers.f.name}[${flatten(atF.text)}]`,
    String(f.stride),
    `&${buffers.s.name}[${flatten(atS.text)}]`,
    String(s.stride),
    flatten(lane.text),
  ];
  return `${name}<${rows}, ${columns}>(${args.join(`,${gapAt(0)}`)});`;
}
