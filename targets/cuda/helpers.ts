import type { Helper } from "../../generators/emit/target.ts";
import { fixed } from "./fixed.ts";
import { narrow } from "./narrow.ts";
import { warpHelpers } from "./warps.ts";

/** Functions that a file holds where it uses them; each does what the row of ops.ts says. */
export const helpers: Readonly<Record<string, Helper>> = {
  floor_div: {
    text: `// a / b rounded down, for b > 0.
__device__ __forceinline__ int floor_div(int a, int b) {
  return a / b - (a % b < 0 ? 1 : 0);
}`,
  },
  floor_mod: {
    text: `// What floor_div leaves: 0 to b - 1, for b > 0.
__device__ __forceinline__ int floor_mod(int a, int b) {
  const int rest = a % b;
  return rest < 0 ? rest + b : rest;
}`,
  },
  minimum: {
    text: `// The first where one is NaN, unlike fminf.
template <typename T>
__device__ __forceinline__ T minimum(T a, T b) {
  return b < a ? b : a;
}`,
  },
  maximum: {
    text: `// The first where one is NaN, unlike fmaxf.
template <typename T>
__device__ __forceinline__ T maximum(T a, T b) {
  return a < b ? b : a;
}`,
  },
  ...narrow,
  ...warpHelpers,
  ...fixed,
};
