// JavaScript over typed arrays, as it is spelled. Numbers are doubles, so everything is f32 or wider, and a
// constant is written in all its digits; integers are kept exact, and zeros of integers positive.

import { createNames } from "../../generators/emit/names.ts";
import { bracket, byKind, operators, primary } from "../../generators/emit/spelling.ts";
import { call, type Language, level, type Spelling } from "../../generators/emit/target.ts";
import { assign, gapAt } from "../../generators/emit/wrap.ts";
import type { BufferDecl, PlainOp, Scalar } from "../../generators/ir/nest.ts";
import { helpers } from "./helpers.ts";
import { reserved } from "./reserved.ts";

const safe = createNames(reserved);

const spell: Readonly<Record<PlainOp, Spelling>> = {
  ...operators,
  // -3 * 0 is -0 in JavaScript; imul keeps to integers.
  mul: (of, args) =>
    of === "i32" && !args.every((arg) => arg.natural) ? call("Math.imul") : operators.mul,
  neg: (of) =>
    of === "i32"
      ? {
          kind: "text",
          write: (a) => ({ text: `0 - ${bracket(a!, level.mul)}`, level: level.add }),
        }
      : operators.neg,
  eq: { kind: "infix", symbol: "===", level: level.equal },
  quot: {
    kind: "text",
    write: (a, b) => ({
      text: `(${bracket(a!, level.mul)} /${gapAt(level.mul)}${bracket(b!, level.unary)}) | 0`,
      level: level.bitor,
    }),
  },
  rem: (_, args) => (args.every((arg) => arg.natural) ? operators.rem : call("mod")),
  idiv: call("floor_div"),
  mod: call("mod"),
  minimum: byKind("Math.min", "minimum"),
  maximum: byKind("Math.max", "maximum"),
  abs: call("Math.abs"),
  floor: call("floor_to_int"),
  ceil: call("ceil_to_int"),
  round: call("round_to_int"),
  floorf: call("Math.floor"),
  ceilf: call("Math.ceil"),
  roundf: call("round_away"),
  rintf: call("round_even"),
  sqrt: call("Math.sqrt"),
  exp: call("Math.exp"),
  log: call("Math.log"),
  sin: call("Math.sin"),
  cos: call("Math.cos"),
  tanh: call("Math.tanh"),
};

/** The array that holds a thread's own values: doubles, where a buffer would hold floats. */
const arrays: Readonly<Record<BufferDecl["dtype"], string | undefined>> = {
  i32: "Int32Array",
  u32: "Uint32Array",
  f16: undefined,
  bf16: undefined,
  f32: "Float64Array",
  f64: "Float64Array",
};

const types: Readonly<Record<Scalar, string | undefined>> = {
  i32: "number",
  u32: "number",
  f16: undefined,
  bf16: undefined,
  f32: "number",
  f64: "number",
  bool: "boolean",
};

/** JavaScript as the shared printer writes it. */
export const language: Language = {
  name: "js",
  extension: "js",
  types,
  spell,
  helpers,
  reserved,
  capabilities: {
    groups: false,
    atomics: true,
    updates: true,
    f64: true,
    widths: [1],
    vectors: 1,
    parallel: false,
  },
  // Numbers: a core has 16 registers of them, and a few that it spills cost little.
  limits: { group: 1, sharedBytes: 0, buffers: Number.MAX_SAFE_INTEGER, registers: 32 },
  // Float64 inside, rounded to f32 when stored: never worse than f32 with rounded functions.
  accuracy: {
    div: [{ ulps: 0.5 }],
    sqrt: [{ ulps: 0.5 }],
    exp: [{ ulps: 1 }],
    log: [{ ulps: 1 }],
    sin: [{ ulps: 1 }],
    cos: [{ ulps: 1 }],
    tanh: [{ ulps: 1 }],
  },
  index: { grid: "", group: "" },
  loopsInside: true,

  literal(value, type) {
    if (type === "bool") return primary(value !== 0 ? "true" : "false");
    const text = Object.is(value, -0) ? "-0" : String(value);
    return { text, level: text.startsWith("-") ? level.unary : level.primary };
  },
  cast(to, from, arg) {
    if (from === "bool") return primary(`Number(${arg.text})`);
    if (to === "bool")
      return { text: `${bracket(arg, level.add)} !==${gapAt(level.equal)}0`, level: level.equal };
    if ((from === "f32" || from === "f64") && (to === "i32" || to === "u32"))
      throw new Error("A real number becomes an int by floor, ceil or round only.");
    return arg;
  },
  select: (cond, then, otherwise) => ({
    text: `${bracket(cond, level.or)} ?${gapAt(level.ternary)}${bracket(then, level.or)} :${gapAt(level.ternary)}${bracket(otherwise, level.ternary)}`,
    level: level.ternary,
  }),
  load: (buffer, address) => primary(`${buffer.name}[${address.text}]`),
  define: (name, _, value, changes) => `${changes ? "let" : "const"} ${name} = ${value.text};`,
  array: ({ name, decl }, elements) => `const ${name} = new ${arrays[decl.dtype]}(${elements});`,
  loop: (i, lo, hi) => [`for (let ${i} = ${lo.text}; ${i} < ${bracket(hi, level.add)}; ${i}++) {`],
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
  functionName: (nest) => `${nest.name}_kernel`,
  constantName: (_, constant) => constant,
  scalarsOf: (_, nest) => nest.scalars.map(({ name }) => name),
};
