// How exact each target's f32 arithmetic is. Addition, subtraction and multiplication are correctly
// rounded everywhere; the rest is stated here, per target, as its documentation promises.

/** The operations whose error differs from target to target. */
export type Approximate = "div" | "sqrt" | "exp" | "log" | "sin" | "cos" | "tanh";

/** The absolute error of an operation: of its value `v` for operand `x`, both in float64. */
export type ErrorOf = (v: number, x: number) => number;

/** What a target promises of its arithmetic. */
export interface Rules {
  readonly name: string;
  readonly errors: Readonly<Record<Approximate, ErrorOf>>;
}

/** The unit roundoff of f32, and a hair more for the float64 arithmetic of the judge itself. */
export const unit = 2 ** -24 * (1 + 2 ** -20);

/** The smallest normal f32; below it a target may flush to zero. */
export const tiny = 2 ** -126;

/** The largest finite f32; results half a step beyond it become infinite. */
export const huge = 3.4028234663852886e38;

/** Within `n` units in the last place; one such unit is at most two unit roundoffs. */
const ulps =
  (n: number): ErrorOf =>
  (v) =>
    2 * n * unit * Math.abs(v);

const exactlyRounded: ErrorOf = ulps(0.5);

const cuda: Rules = {
  // CUDA C++ Programming Guide, mathematical functions, without fast-math.
  name: "cuda",
  errors: {
    div: exactlyRounded,
    sqrt: exactlyRounded,
    exp: ulps(2),
    log: ulps(1),
    sin: ulps(2),
    cos: ulps(2),
    tanh: ulps(2),
  },
};

const wgsl: Rules = {
  // WGSL, "Accuracy of concrete floating point expressions".
  name: "wgsl",
  errors: {
    div: ulps(2.5),
    // 1 / inverseSqrt: 2 ulp of inverseSqrt, then a division.
    sqrt: ulps(4.5),
    exp: (v, x) => ulps(3 + 2 * Math.abs(x))(v, x),
    log: (v, x) => (x >= 0.5 && x <= 2 ? 2 ** -21 : ulps(3)(v, x)),
    // Nothing is promised outside [-π, π].
    sin: (_, x) => (Math.abs(x) <= Math.PI ? 2 ** -11 : Number.POSITIVE_INFINITY),
    cos: (_, x) => (Math.abs(x) <= Math.PI ? 2 ** -11 : Number.POSITIVE_INFINITY),
    // sinh / cosh, each made of exp(x) and exp(-x); near 0 these cancel, so the error is absolute.
    tanh: (v, x) => Math.max(1e-5, ulps(12 + 4 * Math.abs(x))(v, x)),
  },
};

const javascript: Rules = {
  // Float64 inside, rounded to f32 when stored: never worse than f32 with rounded functions.
  name: "js",
  errors: {
    div: exactlyRounded,
    sqrt: exactlyRounded,
    exp: ulps(1),
    log: ulps(1),
    sin: ulps(1),
    cos: ulps(1),
    tanh: ulps(1),
  },
};

/** The rules by target. gpu.js runs GLSL on WebGL, whose division and functions are as loose as WGSL's. */
export const rulesOf = {
  js: javascript,
  cuda,
  wgsl,
  gpujs: { ...wgsl, name: "gpujs" },
} as const satisfies Readonly<Record<string, Rules>>;

/** The rules that every target keeps: the loosest of all. */
export const loosest: Rules = wgsl;
