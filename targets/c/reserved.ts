import { createNames } from "../../generators/emit/names.ts";
import { helpers } from "./helpers.ts";

const words = `
  alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern
  false float for fortran goto if inline int long nullptr register restrict return short signed sizeof static
  static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while
  and and_eq bitand bitor catch class compl delete explicit export friend mutable namespace new not not_eq
  operator or or_eq private protected public template this throw try typeid typename using virtual wchar_t xor
  int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ptrdiff_t intptr_t uintptr_t
  INT32_MAX INT32_MIN SIZE_MAX NULL INFINITY NAN HUGE_VAL HUGE_VALF EOF RAND_MAX linux unix i386
  abs fabs fabsf floor floorf ceil ceilf round roundf sqrt sqrtf exp expf log logf sin sinf cos cosf tanh
  tanhf malloc free memset memcpy omp_get_thread_num fmax isfinite size_ceil_div size_div size_mod size_min size_max size_select
  workspace threads workers worker pieces piece value keep held stamp layout code memory base end bytes element`;

/** Words that are no names in a kernel: the languages' (headers are read as C++ too), the library's, our own. */
export const reserved: ReadonlySet<string> = new Set([
  ...words.trim().split(/\s+/),
  ...Object.keys(helpers),
  ...["f32", "f64", "i32", "u32"].flatMap((type) => [2, 4, 8, 16].map((n) => `${type}x${n}`)),
]);

/** Functions of the C library, which a function of a file must not be called like. */
const library = `
  main abort atexit calloc close div exit getenv index j0 j1 jn labs memmove open pipe printf puts qsort rand
  read realloc remove rename signal sleep system time wait write y0 y1 yn gamma lgamma tgamma erf erfc pow fmod
  hypot log2 log10 exp2 asin acos atan sinh cosh asinh acosh atanh link unlink stat select send connect accept
  listen bind socket fork kill raise fma fmin fmax trunc rint nearbyint cbrt`;

/** A name that is none of those of kernels. */
export const safe = createNames(reserved);

/** The name of a function that files define. */
export const functionName = createNames(new Set([...reserved, ...library.trim().split(/\s+/)]));
