// Comparison and selection.

import { flush } from "../floats.ts";
import { type Assembly, type Form, form } from "../forms.ts";
import { readLong, readNumber } from "../lift.ts";
import type { Op } from "../machine.ts";
import type { Operand } from "../syntax.ts";
import { bytesOf, kindOf, type Scalar } from "../types.ts";

const section = (name: string): string => `Comparison and Selection Instructions: ${name}`;

type Compare = (x: number | bigint, y: number | bigint) => boolean;

const none = (x: number | bigint, y: number | bigint): boolean =>
  Number.isNaN(x) || Number.isNaN(y);

/** Comparisons are false where one is NaN; those that end in u are true. */
const ordered: Readonly<Record<string, Compare>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y && !none(x, y),
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
  // The names of lt, le, gt and ge for whole numbers without a sign.
  lo: (x, y) => x < y,
  ls: (x, y) => x <= y,
  hi: (x, y) => x > y,
  hs: (x, y) => x >= y,
  equ: (x, y) => x === y || none(x, y),
  neu: (x, y) => x !== y,
  ltu: (x, y) => !(x >= y),
  leu: (x, y) => !(x > y),
  gtu: (x, y) => !(x <= y),
  geu: (x, y) => !(x < y),
  num: (x, y) => !none(x, y),
  nan: (x, y) => none(x, y),
};

const whole = "(type:b16|b32|b64|s16|s32|s64|u16|u32|u64)";
const real = "(type:f16|bf16|f32|f64)";
const signs = "eq|ne|lt|le|gt|ge|lo|ls|hi|hs";
const unordered = "eq|ne|lt|le|gt|ge|equ|neu|ltu|leu|gtu|geu|num|nan";

type Test = (base: number) => boolean;

/** Compares operands 1 and 2. */
function compare(a: Assembly, name: string): Test {
  const type = a.mods[name] as Scalar;
  const holds = ordered[a.mods.cmp!]!;
  const [x, y] = [a.source(1, type), a.source(2, type)];
  const { ints, floats } = a.machine;
  if (kindOf(type) !== "float" && bytesOf(type) === 8) {
    const [first, second] = [readLong(a.machine, type, x), readLong(a.machine, type, y)];
    return (b) => holds(first(b), second(b));
  }
  if (type === "s32" || type === "b32") return (b) => holds(ints[b + x]!, ints[b + y]!);
  if (type === "f32" && !a.mods.ftz) return (b) => holds(floats[b + x]!, floats[b + y]!);
  const [first, second] = [readNumber(a.machine, type, x), readNumber(a.machine, type, y)];
  if (a.mods.ftz && type !== "f32") return a.refuse("only f32 is flushed in comparisons");
  if (a.mods.ftz) return (b) => holds(flush(first(b)), flush(second(b)));
  return (b) => holds(first(b), second(b));
}

/** The third operand's predicate, which may be negated, joined with a test. */
function join(a: Assembly): (of: Test) => Test {
  const { bool } = a.mods;
  if (!bool) {
    if (a.operands.length > 3) return a.refuse("there is no operation for the third operand");
    return (of) => of;
  }
  const operand = a.operands[3];
  if (operand?.kind !== "register") return a.refuse("the third operand is a predicate");
  const slot = a.source({ ...operand, negated: false }, "pred");
  const { ints } = a.machine;
  const negated = operand.negated === true;
  const third: Test = (b) => (ints[b + slot]! !== 0) !== negated;
  switch (bool) {
    case "and":
      return (of) => (b) => of(b) && third(b);
    case "or":
      return (of) => (b) => of(b) || third(b);
    case "xor":
      return (of) => (b) => of(b) !== third(b);
    default:
      return a.refuse(`there is no operation ${bool}`);
  }
}

function setPredicate(a: Assembly): Op {
  const test = compare(a, "type");
  const joined = join(a);
  const { ints } = a.machine;
  const first = a.operands[0]!;
  const write = (operand: Operand, of: Test): Op => {
    const slot = a.target(operand, "pred");
    return (b) => {
      ints[b + slot] = of(b) ? 1 : 0;
    };
  };
  if (first.kind !== "pair") return write(first, joined(test));
  const result = joined(test);
  const opposite = joined((b) => !test(b));
  const [p, q] = [a.target(first.first, "pred"), a.target(first.second, "pred")];
  return (b) => {
    const [one, other] = [result(b), opposite(b)];
    ints[b + p] = one ? 1 : 0;
    ints[b + q] = other ? 1 : 0;
  };
}

/** All ones or all zeros, or 1.0f and 0.0f. */
function setValue(a: Assembly): Op {
  const test = compare(a, "type");
  const of = join(a)(test);
  const to = a.mods.to as Scalar;
  const slot = a.target(0, to);
  const { ints } = a.machine;
  const yes = to === "f32" ? 0x3f800000 : -1;
  return (b) => {
    ints[b + slot] = of(b) ? yes : 0;
  };
}

/** Copies operand 1 or 2 whole, as the test says. */
function select(a: Assembly, type: Scalar, test: Test): Op {
  const [d, x, y] = [a.target(0, type), a.source(1, type), a.source(2, type)];
  const { ints } = a.machine;
  if (bytesOf(type) < 8)
    return (b) => {
      ints[b + d] = ints[b + (test(b) ? x : y)]!;
    };
  return (b) => {
    const from = b + (test(b) ? x : y);
    const high = ints[from + 1]!;
    ints[b + d] = ints[from]!;
    ints[b + d + 1] = high;
  };
}

function selectByPredicate(a: Assembly): Op {
  const slot = a.source(3, "pred");
  const { ints } = a.machine;
  return select(a, a.mods.type as Scalar, (b) => ints[b + slot]! !== 0);
}

function selectBySign(a: Assembly): Op {
  const by = a.mods.by as Scalar;
  const read = readNumber(a.machine, by, a.source(3, by));
  const cut = a.mods.ftz ? flush : (value: number) => value;
  return select(a, a.mods.type as Scalar, (b) => cut(read(b)) >= 0);
}

const values = "(type:b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64)";

/** The rows of comparison and selection. */
export const comparing: readonly Form[] = [
  form("setp", `(cmp:${signs}) {bool:and|or|xor} ${whole}`, section("setp"), setPredicate),
  form("setp", `(cmp:${unordered}) {bool:and|or|xor} {ftz} ${real}`, section("setp"), setPredicate),
  form(
    "set",
    `(cmp:${signs}) {bool:and|or|xor} (to:u32|s32|f32) ${whole}`,
    section("set"),
    setValue,
  ),
  form(
    "set",
    `(cmp:${unordered}) {bool:and|or|xor} {ftz} (to:u32|s32|f32) ${real}`,
    section("set"),
    setValue,
  ),
  form("selp", values, section("selp"), selectByPredicate),
  form("slct", `${values} (by:s32)`, section("slct"), selectBySign),
  form("slct", `{ftz} ${values} (by:f32)`, section("slct"), selectBySign),
];
