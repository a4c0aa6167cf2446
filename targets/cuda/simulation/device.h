// SPDX-License-Identifier: Apache-2.0
// What CUDA C++ has without any include, for a host compiler: qualifiers, indices and barriers.
// It includes no standard header, so that a kernel cannot come to depend on one here.
#pragma once

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __constant__ static

// On-chip memory is gathered in one section, so that the scheduler can refill all of it before each
// group. `used` keeps the compiler from deciding that memory nobody wrote still holds zeros.
#define __shared__ static __attribute__((used, section("ww_shared")))

typedef decltype(sizeof(0)) size_t;

struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x, y, z; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

// The scheduler (group.cpp) sets these each time it continues a thread.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
static constexpr int warpSize = 32;

namespace ww {

// What the threads of a warp do together; see exchange().
enum class WarpOperation : unsigned char { sync, shuffle, ballot };

// Waits until every thread of the group waits at the same line.
void wait_at_barrier(int line);

// Waits until every thread that `mask` names waits at the same line with the same operation.
// shuffle: gives the `value` of lane `source`; ballot: one bit for each lane whose value is not 0.
unsigned long long exchange(WarpOperation operation, unsigned mask, unsigned long long value,
                            int source, int line);

inline int lane() { return static_cast<int>(threadIdx.x % 32); }

template <typename T> T shuffle(unsigned mask, T value, int source, int line) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most eight bytes");
  unsigned long long bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  bits = exchange(WarpOperation::shuffle, mask, bits, source, line);
  __builtin_memcpy(&value, &bits, sizeof(T));
  return value;
}

// What threads of a warp hold of the factors of a product, by the thread's number.
struct Fragments {
  unsigned a[4], b[2];
};
static Fragments fragments[1024];

// mma.m16n8k16: each thread adds the products of its two rows and two columns. Element (row, step) of the
// first factor is with thread row % 8 * 4 + step % 8 / 2, as is (step, column) of the second with column for row.
template <typename Read>
void multiply_warp(float *acc, const unsigned *a, const unsigned *b, Read read,
                   int line = __builtin_LINE()) {
  Fragments &own = fragments[threadIdx.x];
  for (int i = 0; i < 4; ++i) own.a[i] = a[i];
  for (int i = 0; i < 2; ++i) own.b[i] = b[i];
  exchange(WarpOperation::sync, 0xffffffffu, 0, 0, line);
  const Fragments *const all = &fragments[threadIdx.x - static_cast<unsigned>(lane())];
  const auto half = [](unsigned word, int step) {
    return static_cast<unsigned short>(step % 2 ? word >> 16 : word & 0xffffu);
  };
  for (int e = 0; e < 4; ++e) {
    const int row = lane() / 4 + e / 2 * 8, column = lane() % 4 * 2 + e % 2;
    for (int step = 0; step < 16; ++step) {
      const int with = step % 8 / 2;
      const unsigned f = all[row % 8 * 4 + with].a[row / 8 + step / 8 * 2];
      const unsigned s = all[column * 4 + with].b[step / 8];
      acc[e] += read(half(f, step)) * read(half(s, step));
    }
  }
  exchange(WarpOperation::sync, 0xffffffffu, 0, 0, line);
}

}  // namespace ww

// A barrier is known by its line: one call may become several in machine code.
inline void __syncthreads(int line = __builtin_LINE()) { ww::wait_at_barrier(line); }
inline void __syncwarp(unsigned mask = 0xffffffffu, int line = __builtin_LINE()) {
  ww::exchange(ww::WarpOperation::sync, mask, 0, 0, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return static_cast<unsigned>(
      ww::exchange(ww::WarpOperation::ballot, mask, predicate != 0, 0, line));
}
inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, predicate, line) != 0;
}
inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
  return __ballot_sync(mask, !predicate, line) == 0;
}

// Shuffles stay within runs of `width` lanes; a lane whose source lies outside keeps its own value.
template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, int line = __builtin_LINE()) {
  const int first = ww::lane() & ~(width - 1);
  return ww::shuffle(mask, value, first | (source & (width - 1)), line);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   int line = __builtin_LINE()) {
  const int lane = ww::lane();
  const bool inside = (lane & (width - 1)) + static_cast<int>(delta) < width;
  return ww::shuffle(mask, value, inside ? lane + static_cast<int>(delta) : lane, line);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 int line = __builtin_LINE()) {
  const int lane = ww::lane();
  const bool inside = (lane & (width - 1)) - static_cast<int>(delta) >= 0;
  return ww::shuffle(mask, value, inside ? lane - static_cast<int>(delta) : lane, line);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, int line = __builtin_LINE()) {
  const int lane = ww::lane(), source = lane ^ bits;
  // A source in a later run is outside; one in an earlier run may be read.
  const bool outside = source >= (lane & ~(width - 1)) + width;
  return ww::shuffle(mask, value, outside ? lane : source, line);
}

inline void __threadfence() {}
inline void __threadfence_block() {}

#include "intrinsics.h"
