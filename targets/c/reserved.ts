import { createNames, type Reserved } from "../../generators/emit/names.ts";
import type { Entry } from "../contract/program.ts";
import { helpers } from "./helpers.ts";

const words = `
  alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern
  false float for fortran goto if inline int long nullptr register restrict return short signed sizeof static
  static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while
  and and_eq bitand bitor catch class compl delete explicit export friend mutable namespace new not not_eq
  operator or or_eq private protected public template this throw try typeid typename using virtual wchar_t xor
  char8_t char16_t char32_t co_await co_return co_yield concept consteval constinit const_cast decltype
  dynamic_cast noexcept reinterpret_cast requires static_cast xor_eq
  int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ptrdiff_t intptr_t uintptr_t
  main SIZE_MAX NULL INFINITY NAN HUGE_VAL HUGE_VALF EOF RAND_MAX linux unix i386
  abs fabs fabsf floor floorf ceil ceilf rint rintf round roundf sqrt sqrtf exp expf log logf sin sinf cos cosf tanh
  tanhf malloc free memset memcpy omp_get_thread_num fmax isfinite size_ceil_div size_div size_mod size_min size_max size_select
  stdin stdout stderr errno assert offsetof environ
  workspace threads workers worker pieces piece value keep held stamp layout code memory base end bytes element
  stream launched`;

const listed: ReadonlySet<string> = new Set([
  ...words.trim().split(/\s+/),
  ...Object.keys(helpers),
]);

/** Vectors and what moves them, tests of what is wanted, macros of headers, and what the compiler keeps for itself. */
const families =
  /^(\w+_)?[fiu](32|64)x(2|4|8|16)(_at)?$|^wants_|^_[_A-Z]|^U?INT\w*_(MAX|MIN|C)$|^(FP|EXIT|M)_[A-Z]/;

/** Words that are no names in a kernel: the languages' (headers are read as C++ too), the library's, our own. */
export const reserved: Reserved = {
  has: (name) => listed.has(name) || families.test(name),
};

/** Functions of the C library, which a function of a file must not be called like. */
const library = `
  abort abs acos acosh aligned_alloc asctime asin asinh at_quick_exit atan atan2 atanh atexit atof atoi atol atoll
  bsearch btowc calloc cbrt ceil clearerr clock copysign cos cosh ctime difftime div erf erfc exit exp exp2 expm1
  fabs fclose fdim feof ferror fflush fgetc fgetpos fgets floor fma fmax fmin fmod fopen fprintf fputc fputs
  fread free freopen frexp fscanf fseek fsetpos ftell fwrite getc getchar getenv gets gmtime hypot ilogb labs ldexp
  ldiv lgamma llabs lldiv llrint llround localtime log log10 log1p log2 logb lrint lround main malloc mblen mbstowcs
  mbtowc memchr memcmp memcpy memmove memset mktime modf nan nearbyint nextafter nexttoward perror pow printf putc
  putchar puts qsort quick_exit raise rand realloc remainder remove remquo rename rewind rint round scalbln scalbn
  scanf setbuf setvbuf signal sin sinh snprintf sprintf sqrt srand sscanf strcat strchr strcmp strcoll strcpy
  strcspn strerror strftime strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtod strtof strtok strtol
  strtold strtoll strtoul strtoull strxfrm system tan tanh tgamma time tmpfile tmpnam trunc ungetc vfprintf vprintf
  vscanf vsnprintf vsprintf vsscanf wcstombs wctomb
  accept access bind chdir chmod close connect dup exec fork gamma index j0 j1 jn kill link listen open pause pipe
  poll read recv select send signgam sleep socket stat sync truncate unlink wait write y0 y1 yn`;

/** A name that is none of those of kernels. */
export const safe = createNames(reserved);

const taken: ReadonlySet<string> = new Set(library.trim().split(/\s+/));

/** The name of a function that files define. */
export const functionName = createNames({
  has: (name) => reserved.has(name) || taken.has(name) || taken.has(name.replace(/[fl]$/, "")),
});

/** What names of functions end in that a file defines beside its entries. */
const beside = /_(error|keeping|kernel|lay_out|piece|workspace_bytes)$/;

/** The name of an entry's function: tensors that it may be given are in it, and may be called as what is beside it. */
export const entryName = ({ name, present }: Pick<Entry, "name" | "present">): string =>
  present.length > 0 && beside.test(name) ? `${name}_` : functionName(name);
