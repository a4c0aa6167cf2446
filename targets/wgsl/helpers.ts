import type { Helper } from "../../generators/emit/target.ts";
import { fixed } from "./fixed.ts";

/** Functions that a module holds where it uses them; each does what the row of ops.ts says. */
export const helpers: Readonly<Record<string, Helper>> = {
  to_int: {
    text: `// A whole number as 32 bits: it saturates, and NaN gives 0. (What i32 gives for a number out of
// range is not the same everywhere; a branch here makes drivers compile for a minute.)
fn to_int(whole: f32) -> i32 {
  let fits = whole >= -2147483648.0 && whole < 2147483648.0;
  let outside = select(select(0, i32(-2147483647 - 1), whole < 0.0), 2147483647, whole > 0.0);
  return select(outside, i32(select(0.0, whole, fits)), fits);
}`,
  },
  floor_to_int: {
    needs: ["to_int"],
    text: `fn floor_to_int(x: f32) -> i32 {
  return to_int(floor(x));
}`,
  },
  ceil_to_int: {
    needs: ["to_int"],
    text: `fn ceil_to_int(x: f32) -> i32 {
  return to_int(ceil(x));
}`,
  },
  round_away: {
    text: `// Rounds halves away from zero; WGSL's round goes to the even one.
fn round_away(x: f32) -> f32 {
  let whole = trunc(x);
  return select(whole, whole + sign(x), abs(x - whole) >= 0.5);
}`,
  },
  round_to_int: {
    needs: ["to_int", "round_away"],
    text: `fn round_to_int(x: f32) -> i32 {
  return to_int(round_away(x));
}`,
  },
  minimum: {
    text: `// The first where one is NaN; which one min gives is not said.
fn minimum(a: f32, b: f32) -> f32 {
  return select(a, b, b < a);
}`,
  },
  maximum: {
    text: `// The first where one is NaN; which one max gives is not said.
fn maximum(a: f32, b: f32) -> f32 {
  return select(a, b, a < b);
}`,
  },
  floor_div: {
    text: `// a / b rounded down, for b > 0.
fn floor_div(a: i32, b: i32) -> i32 {
  return a / b - select(0, 1, a % b < 0);
}`,
  },
  floor_mod: {
    text: `// What floor_div leaves: 0 to b - 1, for b > 0.
fn floor_mod(a: i32, b: i32) -> i32 {
  let rest = a % b;
  return select(rest, rest + b, rest < 0);
}`,
  },
  bounded_tanh: {
    text: `// tanh may be made of exp, which overflows; from 10 on it is 1 in f32.
fn bounded_tanh(x: f32) -> f32 {
  return tanh(clamp(x, -10.0, 10.0));
}`,
  },
  ...fixed,
};

/** A function that adds to an element of `variable`: there are no atomic additions of floats. */
export function addHelper(variable: string, dtype: string): Helper & { readonly name: string } {
  const name = `add_to_${variable}`;
  if (dtype !== "f32")
    return {
      name,
      text: `fn ${name}(at: i32, value: ${dtype}) {
  atomicAdd(&${variable}[at], ${dtype === "u32" ? "value" : "bitcast<u32>(value)"});
}`,
    };
  return {
    name,
    text: `// Adds to one element: tries again for as long as another thread was faster.
fn ${name}(at: i32, value: f32) {
  var old = atomicLoad(&${variable}[at]);
  loop {
    let sum = bitcast<u32>(bitcast<f32>(old) + value);
    let result = atomicCompareExchangeWeak(&${variable}[at], old, sum);
    if (result.exchanged) {
      break;
    }
    old = result.old_value;
  }
}`,
  };
}
