// C11 as it is spelled. Vectors are those of GNU C, which gcc and clang have; see vectors.ts.

import { formOf } from "../../generators/emit/forms.ts";
import { bracket, operators, primary, shortestF32, tidy } from "../../generators/emit/spelling.ts";
import {
  call,
  infix,
  type Language,
  level,
  type Spelling,
  type Text,
} from "../../generators/emit/target.ts";
import { assign, gapAt } from "../../generators/emit/wrap.ts";
import type { PlainOp, Scalar } from "../../generators/ir/nest.ts";
import { helpers } from "./helpers.ts";
import { functionName, reserved, safe } from "./reserved.ts";
import { createVectors } from "./vectors.ts";

/** A function of the C library: with an f for float. */
const math =
  (name: string): Spelling =>
  (of) =>
    call(of === "f64" ? name : `${name}f`);

const byType =
  (name: string): Spelling =>
  (of) =>
    call(`${name}_${of}`);

const toInt =
  (name: string): Spelling =>
  (of) => {
    if (of !== "f32") throw new Error(`c converts f32 to int, not ${of}.`);
    return call(name);
  };

const spell: Readonly<Record<PlainOp, Spelling>> = {
  ...operators,
  eq: infix("==", level.equal),
  quot: infix("/", level.mul),
  idiv: call("floor_div"),
  mod: call("floor_mod"),
  minimum: byType("minimum"),
  maximum: byType("maximum"),
  abs: (of) => call(of === "i32" ? "abs" : of === "f64" ? "fabs" : "fabsf"),
  floor: toInt("floor_to_int"),
  ceil: toInt("ceil_to_int"),
  round: toInt("round_to_int"),
  floorf: math("floor"),
  ceilf: math("ceil"),
  roundf: math("round"),
  rintf: math("rint"),
  sqrt: math("sqrt"),
  exp: math("exp"),
  log: math("log"),
  sin: math("sin"),
  cos: math("cos"),
  tanh: math("tanh"),
};

/** The types of C's values. */
export const types: Readonly<Record<Scalar, string | undefined>> = {
  i32: "int32_t",
  u32: "uint32_t",
  f16: undefined,
  bf16: undefined,
  f32: "float",
  f64: "double",
  bool: "bool",
};

function real(value: number, type: "f32" | "f64"): string {
  if (Number.isNaN(value)) return type === "f32" ? "NAN" : "(double)NAN";
  if (!Number.isFinite(value)) return `${value < 0 ? "-" : ""}INFINITY`;
  if (Object.is(value, -0)) return type === "f32" ? "-0.0f" : "-0.0";
  return type === "f32" ? `${shortestF32(value)}f` : tidy(String(value));
}

/** C as the shared printer writes it. */
export const language: Language = {
  name: "c",
  extension: "c",
  types,
  spell,
  helpers,
  vectors: createVectors(
    (op, of, args) => {
      if (op === "total") throw new Error("c adds in one order; it has no sums in fixed point.");
      return formOf(spell[op], of, args);
    },
    (form) => (form.kind === "call" && Object.hasOwn(helpers, form.name) ? [form.name] : []),
  ),
  reserved,
  capabilities: {
    groups: false,
    atomics: true,
    updates: true,
    f64: true,
    widths: [1, 2, 4, 8, 16],
    vectors: 8,
    parallel: true,
  },
  // Those of AVX2.
  limits: { group: 1, sharedBytes: 0, buffers: Number.MAX_SAFE_INTEGER, registers: 16 },
  // The C library of GNU: its manual's table of known errors, on x86-64 and aarch64.
  accuracy: {
    div: [{ ulps: 0.5 }],
    sqrt: [{ ulps: 0.5 }],
    exp: [{ ulps: 1 }],
    log: [{ ulps: 1 }],
    sin: [{ ulps: 1 }],
    cos: [{ ulps: 1 }],
    tanh: [{ ulps: 2 }],
  },
  index: { grid: "", group: "" },
  loopsInside: true,

  literal(value, type) {
    const minus = value < 0 || Object.is(value, -0);
    const at = (text: string): Text => ({ text, level: minus ? level.unary : level.primary });
    switch (type) {
      case "bool":
        return primary(value !== 0 ? "true" : "false");
      case "i32":
        return value === -(2 ** 31) ? primary("INT32_MIN") : at(String(value + 0));
      case "u32":
        return at(`${value}u`);
      case "f32":
      case "f64":
        return at(real(value, type));
      case "f16":
      case "bf16":
        throw new Error(`c has no values of type ${type}.`);
      default:
        return type satisfies never;
    }
  },
  cast(to, from, arg) {
    if ((from === "f32" || from === "f64") && (to === "i32" || to === "u32"))
      throw new Error("A real number becomes an int by floor, ceil or round only.");
    return { text: `(${types[to]})${bracket(arg, level.unary)}`, level: level.unary };
  },
  select: (cond, then, otherwise) => ({
    text:
      `${bracket(cond, level.or)} ?${gapAt(level.ternary)}${bracket(then, level.or)} ` +
      `:${gapAt(level.ternary)}${bracket(otherwise, level.ternary)}`,
    level: level.ternary,
  }),
  load: (buffer, address) => primary(`${buffer.name}[${address.text}]`),
  define: (name, type, value, changes) =>
    `${changes ? "" : "const "}${types[type]} ${name} = ${value.text};`,
  array: ({ name, decl }, elements) => `${types[decl.dtype]} ${name}[${elements}];`,
  loop: (i, lo, hi) => [
    `for (int32_t ${i} = ${lo.text}; ${i} < ${bracket(hi, level.add)}; ++${i}) {`,
  ],
  if: (cond) => `if (${cond.text}) {`,
  store: (buffer, address, value) => assign(`${buffer.name}[${address.text}]`, value.text),
  accumulate: (buffer, address, value) => `${buffer.name}[${address.text}] += ${value.text};`,
  barrier: "",

  scope: (_plan, _nest, _plans, need) => ({
    buffer: (decl) => ({ name: safe(decl.name), decl, atomic: false }),
    scalar: (name) => name,
    constant: safe,
    need,
  }),
  functionName: (nest) => `${functionName(nest.name)}_kernel`,
  constantName: (_, constant) => constant,
  scalarsOf: (_, nest) => nest.scalars.map(({ name }) => name),
};
