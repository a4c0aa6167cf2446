// How exact a target's f32 functions are, as data: the manifest holds it, and error bounds are derived of it.
// Addition, subtraction and multiplication are correctly rounded everywhere.

/** The operations whose error differs from target to target. */
export type Approximate = "div" | "sqrt" | "exp" | "log" | "sin" | "cos" | "tanh";

/**
 * A promise for operands `x` from `from` to `to` (all, where these are absent): the error is at most the
 * larger of `absolute` and `ulps + ulpsPerUnit * |x|` units in the last place of the result.
 */
export interface Promised {
  readonly from?: number;
  readonly to?: number;
  readonly ulps?: number;
  readonly ulpsPerUnit?: number;
  readonly absolute?: number;
}

/** Of each operation the promises; the first that covers the operand holds, and beyond all there is none. */
export type Accuracy = Readonly<Record<Approximate, readonly Promised[]>>;

/** What WGSL promises ("Accuracy of concrete floating point expressions"); GLSL's makers keep to as much. */
export const shaderAccuracy: Accuracy = {
  div: [{ ulps: 2.5 }],
  // 1 / inverseSqrt: 2 ulp of inverseSqrt, then a division.
  sqrt: [{ ulps: 4.5 }],
  exp: [{ ulps: 3, ulpsPerUnit: 2 }],
  log: [{ from: 0.5, to: 2, absolute: 2 ** -21 }, { ulps: 3 }],
  sin: [{ from: -Math.PI, to: Math.PI, absolute: 2 ** -11 }],
  cos: [{ from: -Math.PI, to: Math.PI, absolute: 2 ** -11 }],
  // sinh / cosh, each made of exp(x) and exp(-x); near 0 these cancel, so the error is absolute.
  tanh: [{ absolute: 1e-5, ulps: 12, ulpsPerUnit: 4 }],
};
