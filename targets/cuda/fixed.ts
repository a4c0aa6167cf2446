import type { Helper } from "../../generators/emit/target.ts";

/** Sums in fixed point, as generators/ir/fixed.ts says; an element is four words, of which the last two are one. */
export const fixed: Readonly<Record<string, Helper>> = {
  fixed_measure: {
    text: `// Notes a contribution's magnitude where it is the largest: bits of magnitudes are in their order.
__device__ __forceinline__ void fixed_measure(unsigned* sums, int at, float value) {
  const unsigned magnitude = __float_as_uint(value) & 0x7fffffffu;
  if (magnitude != 0u) atomicMax(&sums[4 * at], magnitude);
}`,
  },
  fixed_quanta: {
    text: `// How many quanta of a sum a magnitude is; 2^-29 of the largest's power of two is one.
__device__ __forceinline__ int fixed_quanta(unsigned magnitude, unsigned largest) {
  const int exponent = max(int(magnitude >> 23), 1);
  const unsigned digits = magnitude < 0x800000u ? magnitude : (magnitude & 0x7fffffu) | 0x800000u;
  const int shift = exponent - max(int(largest >> 23), 7) + 6;
  if (shift >= 0) return shift > 7 ? 0x7fffffff : int(digits << shift);
  return shift < -24 ? 0 : int((digits + (1u << (-shift - 1))) >> -shift);
}`,
  },
  fixed_add: {
    needs: ["fixed_quanta"],
    text: `// Adds a contribution in whole quanta, so that no order of additions changes the sum.
__device__ __forceinline__ void fixed_add(unsigned* sums, int at, float value) {
  const unsigned bits = __float_as_uint(value), magnitude = bits & 0x7fffffffu;
  unsigned* sum = sums + 4 * at;
  if (magnitude == 0u) return;
  if (magnitude >= 0x7f800000u) {
    atomicOr(&sum[1], magnitude > 0x7f800000u ? 4u : bits == magnitude ? 1u : 2u);
    return;
  }
  const int quanta = fixed_quanta(magnitude, sum[0]);
  const long long added = bits == magnitude ? quanta : -quanta;
  typedef unsigned long long Words;
  const long long old = (long long)atomicAdd((Words*)(sum + 2), (Words)added);
  const long long now = (long long)((Words)old + (Words)added);
  if ((old < 0) == (added < 0) && (now < 0) != (added < 0)) atomicOr(&sum[1], 4u);
}`,
  },
  fixed_total: {
    text: `// The float nearest to a sum, ties to even.
__device__ __forceinline__ float fixed_total(unsigned largest, unsigned flags, unsigned low,
                                             unsigned high) {
  if (flags != 0u)
    return __uint_as_float(flags == 1u ? 0x7f800000u : flags == 2u ? 0xff800000u : 0x7fc00000u);
  unsigned long long rest = (unsigned long long)high << 32 | low;
  if (rest == 0u) return 0.0f;
  const unsigned sign = high & 0x80000000u;
  if (sign != 0u) rest = 0u - rest;
  const int exponent = max(int(largest >> 23), 7);
  const int drop = max(40 - __clzll((long long)rest), 7 - exponent);
  unsigned digits = unsigned(drop > 0 ? rest >> drop : rest << -drop);
  if (drop > 0) {
    const unsigned long long half = 1ull << (drop - 1);
    rest &= 2u * half - 1u;
    if (rest > half || (rest == half && (digits & 1u) != 0u)) ++digits;
  }
  const unsigned bits = (unsigned(drop + exponent - 7) << 23) + digits;
  return __uint_as_float(sign | min(bits, 0x7f800000u));
}`,
  },
};
