import type { Helper } from "../../generators/emit/target.ts";

const roundAway = (type: "f32" | "f64"): Helper => ({
  text: `;; Rounds halves away from zero, as C's round does.
(func $round_away_${type} (param $x ${type}) (result ${type})
  (local $whole ${type})
  (local.set $whole (${type}.trunc (local.get $x)))
  (if (${type}.ge (${type}.abs (${type}.sub (local.get $x) (local.get $whole))) (${type}.const 0.5))
    (then (return (${type}.add (local.get $whole)
      (${type}.copysign (${type}.const 1) (local.get $x))))))
  (local.get $whole))`,
});

/** A function of the host's `Math`, in doubles: each is exact to a unit in the last place of a double or so. */
const imported = (name: string): Helper => ({
  text: `(import "Math" "${name}" (func $${name} (param f64) (result f64)))`,
});

/** Functions that a module holds where it uses them; each does what the row of ops.ts says. */
export const helpers = {
  round_away_f32: roundAway("f32"),
  round_away_f64: roundAway("f64"),
  floor_div: {
    text: `;; a / b rounded down, for b > 0.
(func $floor_div (param $a i32) (param $b i32) (result i32)
  (i32.sub
    (i32.div_s (local.get $a) (local.get $b))
    (i32.lt_s (i32.rem_s (local.get $a) (local.get $b)) (i32.const 0))))`,
  },
  floor_mod: {
    text: `;; What a / b rounded down leaves, from 0 to b - 1, for b > 0.
(func $floor_mod (param $a i32) (param $b i32) (result i32)
  (local $rest i32)
  (local.set $rest (i32.rem_s (local.get $a) (local.get $b)))
  (select
    (i32.add (local.get $rest) (local.get $b))
    (local.get $rest)
    (i32.lt_s (local.get $rest) (i32.const 0))))`,
  },
  pace: {
    text: `;; How many steps the last sums took; that it is counted keeps products and sums apart.
(global $pace (mut i32) (i32.const 0))`,
  },
  exp: imported("exp"),
  log: imported("log"),
  sin: imported("sin"),
  cos: imported("cos"),
  tanh: imported("tanh"),
} as const satisfies Readonly<Record<string, Helper>>;

/** Is a helper's text an import, which stands before all functions? */
export const isImport = (text: string): boolean => text.startsWith("(import ");
