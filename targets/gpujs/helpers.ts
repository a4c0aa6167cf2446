import type { Helper } from "../../generators/emit/target.ts";
import { helpers as javascript } from "../js/helpers.ts";

const { floor_to_int, ceil_to_int, round_to_int, minimum, maximum } = javascript;

/**
 * Functions that a file holds where it uses them; each does what the row of ops.ts says. In gpu.js all
 * their numbers are reals, and their names must be free in GLSL and WGSL, which have `mod` and `round`.
 */
export const helpers: Readonly<Record<string, Helper>> = {
  ...{ floor_to_int, ceil_to_int, round_to_int, minimum, maximum },
  to_int: {
    text: `// A whole number within 32 bits: it saturates, and NaN gives 0.
function to_int(whole) {
  return whole < -2147483648 ? -2147483648 : whole <= 2147483647 ? whole
    : whole > 2147483647 ? 2147483647 : 0;
}`,
  },
  round_away: {
    text: `// Rounds halves away from zero, as C's round does; gpu.js's own rounds them up.
function round_away(x) {
  const size = Math.abs(x);
  const below = Math.floor(size);
  const whole = size - below >= 0.5 ? below + 1 : below;
  return x < 0 ? -whole : whole;
}`,
  },
  round_even: {
    text: `// Rounds halves to the even number, as C's rint does.
function round_even(x) {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 ? below : rest > 0.5 ? Math.ceil(x) : 2 * Math.floor(x / 2 + 0.5);
}`,
  },
  floor_div: {
    text: `// a / b rounded down, for whole numbers and b > 0, also where a GPU's division is a little off.
function floor_div(a, b) {
  const near = Math.floor(a / b);
  const rest = a - near * b;
  return rest < 0 ? near - 1 : rest >= b ? near + 1 : near;
}`,
  },
  floor_mod: {
    needs: ["floor_div"],
    text: `// What a / b rounded down leaves, from 0 to b - 1, for b > 0.
function floor_mod(a, b) {
  return a - floor_div(a, b) * b;
}`,
  },
  bounded_tanh: {
    needs: ["minimum", "maximum"],
    text: `// Some modes compute tanh from powers that overflow; beyond 20 it is 1 in any precision.
function bounded_tanh(x) {
  return Math.tanh(maximum(minimum(x, 20), -20));
}`,
  },
};
