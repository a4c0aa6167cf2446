import type { Helper } from "../../generators/emit/target.ts";

/** Functions that a file holds where it uses them; each does what the row of ops.ts says. */
export const helpers = {
  to_int: {
    text: `// A whole number as 32 bits: it saturates, and NaN gives 0.
function to_int(whole) {
  if (whole >= -2147483648 && whole <= 2147483647) return whole | 0;
  return whole > 0 ? 2147483647 : whole < 0 ? -2147483648 : 0;
}`,
  },
  floor_to_int: {
    needs: ["to_int"],
    text: `function floor_to_int(x) {
  return to_int(Math.floor(x));
}`,
  },
  ceil_to_int: {
    needs: ["to_int"],
    text: `function ceil_to_int(x) {
  return to_int(Math.ceil(x));
}`,
  },
  round_away: {
    text: `// Rounds halves away from zero, as C's round does.
function round_away(x) {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}`,
  },
  round_even: {
    text: `// Rounds halves to the even number, as C's rint does.
function round_even(x) {
  const below = Math.floor(x);
  if (x - below === 0.5) return 2 * Math.round(x / 2);
  return x - below < 0.5 ? below : Math.ceil(x);
}`,
  },
  round_to_int: {
    needs: ["to_int", "round_away"],
    text: `function round_to_int(x) {
  return to_int(round_away(x));
}`,
  },
  minimum: {
    text: `// The first where one is NaN, unlike Math.min.
function minimum(a, b) {
  return b < a ? b : a;
}`,
  },
  maximum: {
    text: `// The first where one is NaN, unlike Math.max.
function maximum(a, b) {
  return a < b ? b : a;
}`,
  },
  floor_div: {
    text: `// a / b rounded down, for b > 0.
function floor_div(a, b) {
  return Math.floor(a / b);
}`,
  },
  mod: {
    text: `// What a / b rounded down leaves, from 0 to b - 1, for b > 0.
function mod(a, b) {
  const rest = a % b | 0;
  return rest < 0 ? rest + b : rest;
}`,
  },
} as const satisfies Readonly<Record<string, Helper>>;
