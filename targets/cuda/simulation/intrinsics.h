// SPDX-License-Identifier: Apache-2.0
// The functions of CUDA C++ that need no include: mathematics, conversions, atomics.
// float functions come from the host's libm, which rounds its last digit in its own way.
#pragma once

// Host code of a program has them from its own headers.
#ifndef WW_RUNTIME
extern "C" {
float floorf(float), ceilf(float), truncf(float), roundf(float), rintf(float), nearbyintf(float);
float fabsf(float), fminf(float, float), fmaxf(float, float), fmodf(float, float);
float sqrtf(float), cbrtf(float), hypotf(float, float), fmaf(float, float, float);
float expf(float), exp2f(float), expm1f(float), logf(float), log2f(float), log10f(float);
float log1pf(float), powf(float, float), copysignf(float, float);
float sinf(float), cosf(float), tanf(float), asinf(float), acosf(float), atanf(float);
float atan2f(float, float), sinhf(float), coshf(float), tanhf(float), erff(float);
double floor(double), ceil(double), trunc(double), round(double), rint(double), fabs(double);
double fmin(double, double), fmax(double, double), sqrt(double), fma(double, double, double);
double exp(double), log(double), pow(double, double), sin(double), cos(double), tanh(double);
}

inline bool isnan(float x) { return __builtin_isnan(x); }
inline bool isinf(float x) { return __builtin_isinf(x); }
inline bool isfinite(float x) { return __builtin_isfinite(x); }
#endif

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }

inline int abs(int x) { return x < 0 ? -x : x; }
inline int __clzll(long long x) {
  return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x));
}
inline int min(int a, int b) { return b < a ? b : a; }
inline int max(int a, int b) { return a < b ? b : a; }
inline unsigned min(unsigned a, unsigned b) { return b < a ? b : a; }
inline unsigned max(unsigned a, unsigned b) { return a < b ? b : a; }
inline long long min(long long a, long long b) { return b < a ? b : a; }
inline long long max(long long a, long long b) { return a < b ? b : a; }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }

namespace ww {
template <typename To, typename From> To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From), "the bits of one type as another of its size");
  To result;
  __builtin_memcpy(&result, &value, sizeof(To));
  return result;
}
}  // namespace ww

inline int __float_as_int(float x) { return ww::bits_as<int>(x); }
inline unsigned __float_as_uint(float x) { return ww::bits_as<unsigned>(x); }
inline float __int_as_float(int x) { return ww::bits_as<float>(x); }
inline float __uint_as_float(unsigned x) { return ww::bits_as<float>(x); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }

namespace ww {
// Unlike a cast, the conversions of the hardware are defined everywhere: they saturate, NaN is 0.
inline int saturate(float whole) {
  if (!(whole == whole)) return 0;
  if (whole >= 2147483648.0f) return 2147483647;
  return whole <= -2147483648.0f ? -2147483647 - 1 : static_cast<int>(whole);
}
inline unsigned saturate_unsigned(float whole) {
  if (!(whole > 0.0f)) return 0;  // also NaN
  return whole >= 4294967296.0f ? 4294967295u : static_cast<unsigned>(whole);
}
}  // namespace ww

inline int __float2int_rd(float x) { return ww::saturate(floorf(x)); }
inline int __float2int_ru(float x) { return ww::saturate(ceilf(x)); }
inline int __float2int_rn(float x) { return ww::saturate(rintf(x)); }
inline int __float2int_rz(float x) { return ww::saturate(truncf(x)); }
inline unsigned __float2uint_rd(float x) { return ww::saturate_unsigned(floorf(x)); }
inline unsigned __float2uint_rz(float x) { return ww::saturate_unsigned(truncf(x)); }

template <typename T> T __ldg(const T *address) { return *address; }

// All threads share one thread of the host, and only barriers interrupt them: plain code is atomic.
// The races build must not take it for plain: the compiler leaves update() alone, which tells of the
// access itself, with the place that it is called from.
namespace ww {
#ifdef WW_RACES
#define WW_ATOMIC __attribute__((no_sanitize("thread"), noinline))
void note_atomic(const void *address, size_t bytes, const void *place);
#else
#define WW_ATOMIC inline
inline void note_atomic(const void *, size_t, const void *) {}
#endif
template <typename T, typename Next> WW_ATOMIC T update(T *address, Next next) {
  note_atomic(address, sizeof(T), __builtin_return_address(0));
  const T old = *address;
  *address = next(old);
  return old;
}
template <typename T> __forceinline__ T add(T *address, T value) {
  return update(address, [=](T old) { return old + value; });
}
template <typename T> __forceinline__ T swap(T *address, T value) {
  return update(address, [=](T) { return value; });
}
template <typename T> __forceinline__ T lower(T *address, T value) {
  return update(address, [=](T old) { return min(old, value); });
}
template <typename T> __forceinline__ T raise(T *address, T value) {
  return update(address, [=](T old) { return max(old, value); });
}
template <typename T> __forceinline__ T swap_if(T *address, T compare, T value) {
  return update(address, [=](T old) { return old == compare ? value : old; });
}
}  // namespace ww

__forceinline__ float atomicAdd(float *address, float value) { return ww::add(address, value); }
__forceinline__ double atomicAdd(double *address, double value) { return ww::add(address, value); }
__forceinline__ unsigned atomicAdd(unsigned *address, unsigned value) {
  return ww::add(address, value);
}
// Integer atomics wrap around; signed overflow would be undefined in C++.
__forceinline__ int atomicAdd(int *address, int value) {
  return ww::update(address, [=](int old) {
    return static_cast<int>(static_cast<unsigned>(old) + static_cast<unsigned>(value));
  });
}
__forceinline__ unsigned long long atomicAdd(unsigned long long *address,
                                             unsigned long long value) {
  return ww::add(address, value);
}
__forceinline__ int atomicMin(int *address, int value) { return ww::lower(address, value); }
__forceinline__ int atomicMax(int *address, int value) { return ww::raise(address, value); }
__forceinline__ unsigned atomicMin(unsigned *address, unsigned value) {
  return ww::lower(address, value);
}
__forceinline__ unsigned atomicMax(unsigned *address, unsigned value) {
  return ww::raise(address, value);
}
__forceinline__ unsigned atomicOr(unsigned *address, unsigned value) {
  return ww::update(address, [=](unsigned old) { return old | value; });
}
__forceinline__ int atomicExch(int *address, int value) { return ww::swap(address, value); }
__forceinline__ unsigned atomicExch(unsigned *address, unsigned value) {
  return ww::swap(address, value);
}
__forceinline__ float atomicExch(float *address, float value) { return ww::swap(address, value); }
__forceinline__ int atomicCAS(int *address, int compare, int value) {
  return ww::swap_if(address, compare, value);
}
__forceinline__ unsigned atomicCAS(unsigned *address, unsigned compare, unsigned value) {
  return ww::swap_if(address, compare, value);
}
