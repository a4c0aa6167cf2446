// Every scalar operation: its operands' kinds, what it computes, what it does with NaN. The checker,
// interpreters, folder, printers and mutation tests read this table; each target spells every row.

/** The largest finite f32: digits that do not lie beyond it, as 3.4028235e38 does, rounded to it exactly. */
export const largestF32 = Math.fround(3.4028234e38);

/**
 * What a value stands for. int: an index or a size, 32 bits. coord: a position, f32 or wider, never f16.
 * data: an element as stored, f16 or f32; any arithmetic turns it into acc. acc: f32 or wider. bool: a test.
 */
export type Kind = "int" | "coord" | "data" | "acc" | "bool";

/** What kinds the operands have, and so the result. `same`: all operands of one numeric kind, and so it is. */
export type Signature =
  | "same" // int | coord | acc → the same
  | "real" // coord | acc → the same
  | "int" // int → int
  | "toInt" // coord | acc → int
  | "compare" // int | coord | acc → bool
  | "logic"; // bool → bool

interface Op {
  readonly arity: 1 | 2 | 3 | 4;
  readonly takes: Signature;
  /** The value in float64; booleans are 0 and 1. */
  readonly value: (...x: readonly number[]) => number;
  /** What it gives for NaN and ±0, and whether operands must be positive. */
  readonly doc: string;
}

const clampInt = (whole: number): number =>
  Number.isNaN(whole) ? 0 : Math.min(Math.max(whole, -2147483648), 2147483647);

/** C's `roundf`: halves away from zero. */
const roundAway = (a: number): number => {
  const whole = Math.trunc(a);
  return Math.abs(a - whole) >= 0.5 ? whole + Math.sign(a) : whole;
};

/** C's `rintf`: halves to the even number. */
const roundEven = (a: number): number => {
  const below = Math.floor(a);
  if (a - below === 0.5) return 2 * Math.round(a / 2);
  return a - below < 0.5 ? below : Math.ceil(a);
};

type Fn = (...x: readonly number[]) => number;
const one = (f: (a: number) => number): Fn => f as Fn;
const two = (f: (a: number, b: number) => number): Fn => f as Fn;

/**
 * All scalar operations: what each takes, gives and means, in float64; adding a row makes the compiler demand the rest.
 */
export const ops = {
  add: {
    arity: 2,
    takes: "same",
    value: two((a, b) => a + b),
    doc: "IEEE; ints must not overflow",
  },
  sub: {
    arity: 2,
    takes: "same",
    value: two((a, b) => a - b),
    doc: "IEEE; ints must not overflow",
  },
  mul: {
    arity: 2,
    takes: "same",
    value: two((a, b) => a * b),
    doc: "IEEE; ints must not overflow",
  },
  div: { arity: 2, takes: "real", value: two((a, b) => a / b), doc: "IEEE; WGSL within 2.5 ulp" },
  idiv: {
    arity: 2,
    takes: "int",
    value: two((a, b) => Math.floor(a / b)),
    doc: "rounded down; the divisor is positive",
  },
  mod: {
    arity: 2,
    takes: "int",
    value: two((a, b) => a - b * Math.floor(a / b)),
    doc: "never negative; the divisor is positive",
  },
  owner: {
    arity: 3,
    takes: "int",
    value: ((i: number, whole: number, blocks: number) =>
      Math.floor(i / Math.floor(whole / blocks))) as Fn,
    doc: "owner(i, whole, blocks): the block of index i when `whole` is cut into `blocks`; all positive",
  },
  member: {
    arity: 4,
    takes: "int",
    value: ((block: number, k: number, whole: number, blocks: number) =>
      block * Math.floor(whole / blocks) + k) as Fn,
    doc: "member(block, k, whole, blocks): element k of a block; the inverse of owner",
  },
  minimum: {
    arity: 2,
    takes: "same",
    // biome-ignore lint/complexity/useMathMinMax: Math.min gives NaN where either is NaN
    value: two((a, b) => (b < a ? b : a)),
    doc: "the first where one is NaN",
  },
  maximum: {
    arity: 2,
    takes: "same",
    // biome-ignore lint/complexity/useMathMinMax: Math.max gives NaN where either is NaN
    value: two((a, b) => (a < b ? b : a)),
    doc: "the first where one is NaN",
  },
  neg: { arity: 1, takes: "same", value: one((a) => -a), doc: "IEEE" },
  abs: { arity: 1, takes: "same", value: one(Math.abs), doc: "IEEE" },
  floor: {
    arity: 1,
    takes: "toInt",
    value: one((a) => clampInt(Math.floor(a))),
    doc: "saturates to 32 bits; NaN gives 0",
  },
  ceil: {
    arity: 1,
    takes: "toInt",
    value: one((a) => clampInt(Math.ceil(a))),
    doc: "saturates to 32 bits; NaN gives 0",
  },
  round: {
    arity: 1,
    takes: "toInt",
    value: one((a) => clampInt(roundAway(a))),
    doc: "halves away from zero; saturates to 32 bits; NaN gives 0",
  },
  floorf: {
    arity: 1,
    takes: "real",
    value: one(Math.floor),
    doc: "stays real; NaN, ±inf, ±0 kept",
  },
  ceilf: { arity: 1, takes: "real", value: one(Math.ceil), doc: "stays real; NaN, ±inf, ±0 kept" },
  roundf: {
    arity: 1,
    takes: "real",
    value: one(roundAway),
    doc: "halves away from zero, stays real",
  },
  rintf: {
    arity: 1,
    takes: "real",
    value: one(roundEven),
    doc: "halves to the even number, stays real; NaN and ±inf kept",
  },
  sqrt: { arity: 1, takes: "real", value: one(Math.sqrt), doc: "of a number not negative" },
  exp: { arity: 1, takes: "real", value: one(Math.exp), doc: "IEEE-like; a few ulp" },
  log: { arity: 1, takes: "real", value: one(Math.log), doc: "of a positive number" },
  sin: {
    arity: 1,
    takes: "real",
    value: one(Math.sin),
    doc: "WGSL: absolute error 2^-11 in [-π, π]",
  },
  cos: {
    arity: 1,
    takes: "real",
    value: one(Math.cos),
    doc: "WGSL: absolute error 2^-11 in [-π, π]",
  },
  tanh: { arity: 1, takes: "real", value: one(Math.tanh), doc: "a few ulp" },
  lt: { arity: 2, takes: "compare", value: two((a, b) => Number(a < b)), doc: "false for NaN" },
  le: { arity: 2, takes: "compare", value: two((a, b) => Number(a <= b)), doc: "false for NaN" },
  eq: { arity: 2, takes: "compare", value: two((a, b) => Number(a === b)), doc: "false for NaN" },
  and: {
    arity: 2,
    takes: "logic",
    value: two((a, b) => a * b),
    doc: "both sides may be evaluated",
  },
  or: { arity: 2, takes: "logic", value: two((a, b) => Math.max(a, b)), doc: "both sides may be" },
  not: { arity: 1, takes: "logic", value: one((a) => 1 - a), doc: "" },
} as const satisfies Record<string, Op>;

/** The name of a scalar operation. */
export type OpName = keyof typeof ops;

/** The kind of `op`'s result for operands of kind `of`, or a sentence saying why there is none. */
export function resultKind(op: OpName, of: readonly Kind[]): Kind | { readonly refused: string } {
  const { takes, arity } = ops[op];
  const first = of[0];
  if (of.length !== arity || first === undefined)
    return { refused: `${op} takes ${arity} operands, not ${of.length}` };
  if (of.some((kind) => kind !== first))
    return { refused: `${op} takes operands of one kind, not ${of.join(" and ")}` };
  const allowed: Readonly<Record<Signature, readonly Kind[]>> = {
    same: ["int", "coord", "acc"],
    real: ["coord", "acc"],
    int: ["int"],
    toInt: ["coord", "acc"],
    compare: ["int", "coord", "acc"],
    logic: ["bool"],
  };
  if (!allowed[takes].includes(first))
    return { refused: `${op} takes ${allowed[takes].join(" or ")}, not ${first}` };
  if (takes === "toInt") return "int";
  return takes === "compare" ? "bool" : first;
}
