import { createNames } from "../../generators/emit/names.ts";
import { helpers } from "./helpers.ts";

const words = `
  alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t
  class compl concept const const_cast consteval constexpr constinit continue co_await co_return co_yield
  decltype default delete do double dynamic_cast else enum explicit export extern false final float for
  friend goto if import inline int long module mutable namespace new noexcept not not_eq nullptr operator
  or or_eq override private protected public register reinterpret_cast requires restrict return short
  signed sizeof static static_assert static_cast struct switch template this thread_local throw true try
  typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq
  abs min max floorf ceilf rintf roundf sqrtf expf logf sinf cosf tanhf fabsf floor ceil round sqrt exp log sin
  cos tanh fabs atomicAdd atomicMax atomicOr __clzll threadIdx blockIdx blockDim gridDim warpSize linux unix NULL INFINITY NAN`;

/** Words that are no names in a kernel: the language's, the functions it calls, and common macros. */
export const reserved: ReadonlySet<string> = new Set([
  ...words.trim().split(/\s+/),
  ...Object.keys(helpers),
]);

/** Functions of the C library, which a function that is not in a namespace must not be called like. */
const library = `
  main abort atexit calloc close div exit free getenv index j0 j1 jn labs malloc memcpy memmove memset
  open pipe printf puts qsort rand read realloc remove rename signal sleep system time wait write y0 y1 yn
  gamma lgamma tgamma erf erfc pow fmod hypot log2 log10 exp2 asin acos atan sinh cosh asinh acosh atanh
  link unlink stat select send connect accept listen bind socket fork kill raise`;

/** The name of a launch's function. */
export const functionName = createNames(new Set([...reserved, ...library.trim().split(/\s+/)]));
