// Numbers of 16 bits and floats: by an instruction on a GPU, by integer arithmetic where the text is
// compiled for something else, such as the simulation. Both round to the nearest, ties to even.

import type { Helper } from "../../generators/emit/target.ts";

const readHalf = `// What the bits of a half mean.
__device__ __forceinline__ float float_of_f16(unsigned short bits) {
#ifdef __CUDA_ARCH__
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
#else
  const unsigned sign = (bits & 0x8000u) << 16, rest = bits & 0x7fffu;
  // Shifted into place, the exponent lacks 112; what has none is a multiple of 2^-24.
  if (rest < 0x0400u) {
    const float size = float(rest) * 5.9604645e-8f;
    return sign != 0u ? -size : size;
  }
  return __uint_as_float(sign | ((rest << 13) + (rest < 0x7c00u ? 112u << 23 : 224u << 23)));
#endif
}`;

const writeHalf = `// The bits of the half nearest to a float.
__device__ __forceinline__ unsigned short f16_of_float(float x) {
#ifdef __CUDA_ARCH__
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  const unsigned word = __float_as_uint(x), sign = (word >> 16) & 0x8000u, rest = word & 0x7fffffffu;
  if (rest > 0x7f800000u) return (unsigned short)(0x7fffu);
  // From 65520 on, infinity is nearer than the greatest half.
  if (rest >= 0x477ff000u) return (unsigned short)(sign | 0x7c00u);
  if (rest >= 0x38800000u)
    return (unsigned short)(sign | ((rest - (112u << 23) + 0x0fffu + ((rest >> 13) & 1u)) >> 13));
  // Beside 0.5, floats lie 2^-24 apart, as halves do beside 0.
  const float moved = __uint_as_float(rest) + 0.5f;
  return (unsigned short)(sign | (__float_as_uint(moved) - 0x3f000000u));
#endif
}`;

const readBrain = `// What the bits of a bfloat16 mean: it is the upper half of a float.
__device__ __forceinline__ float float_of_bf16(unsigned short bits) {
  return __uint_as_float((unsigned)(bits) << 16);
}`;

const writeBrain = `// The bits of the bfloat16 nearest to a float.
__device__ __forceinline__ unsigned short bf16_of_float(float x) {
  const unsigned word = __float_as_uint(x);
  if ((word & 0x7fffffffu) > 0x7f800000u) return (unsigned short)(0x7fffu);
  return (unsigned short)((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
}`;

/** Conversions between floats and the types of 16 bits. */
export const narrow: Readonly<Record<string, Helper>> = {
  float_of_f16: { text: readHalf },
  f16_of_float: { text: writeHalf },
  float_of_bf16: { text: readBrain },
  bf16_of_float: { text: writeBrain },
};
