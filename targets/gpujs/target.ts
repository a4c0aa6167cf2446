// gpu.js: a kernel is a JavaScript function of its thread's number that returns one element. gpu.js reads the
// function's text and makes JavaScript, WebAssembly, GLSL or WGSL of it. All numbers are reals there: doubles
// in its cpu mode, f32 in the others, where whole numbers are exact up to 2^24 (what the module refuses above).

import { createNames } from "../../generators/emit/names.ts";
import { bracket, operators, primary } from "../../generators/emit/spelling.ts";
import {
  call,
  level,
  type Spelling,
  type Target,
  type Text,
} from "../../generators/emit/target.ts";
import { gapAt } from "../../generators/emit/wrap.ts";
import type { PlainOp, Scalar } from "../../generators/ir/nest.ts";
import { shaderAccuracy } from "../contract/accuracy.ts";
import { findResult } from "./elementwise.ts";
import { frame } from "./frame.ts";
import { helpers } from "./helpers.ts";
import { functionName, reserved } from "./reserved.ts";

const spell: Readonly<Record<PlainOp, Spelling>> = {
  ...operators,
  eq: { kind: "infix", symbol: "===", level: level.equal },
  // `/` is the division of reals for gpu.js, whatever its operands are.
  quot: call("floor_div"),
  rem: call("floor_mod"),
  idiv: call("floor_div"),
  mod: call("floor_mod"),
  minimum: call("minimum"),
  maximum: call("maximum"),
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
  tanh: call("bounded_tanh"),
};

const types: Readonly<Record<Scalar, string | undefined>> = {
  i32: "Float",
  u32: undefined,
  f16: undefined,
  bf16: undefined,
  f32: "Float",
  f64: undefined,
  bool: "Boolean",
};

const safe = createNames(reserved);

const ternary = (cond: Text, then: string, otherwise: string): Text => ({
  text: `${bracket(cond, level.or)} ?${gapAt(level.ternary)}${then} :${gapAt(level.ternary)}${otherwise}`,
  level: level.ternary,
});

/**
 * A truth value as gpu.js recognises one: it takes the results of `<`, && and || for such, but that of `<=`,
 * `===` and `!` for what their operands are, and then declares a number.
 */
function asTruth(value: Text): string {
  const { text, level: at } = value;
  if (at === level.and || at === level.or || at === level.primary) return text;
  if (at === level.compare && !text.includes("<=")) return text;
  return `${bracket(value, level.equal)} &&${gapAt(level.and)}true`;
}

/** Functions that gpu.js turns into JavaScript, WebAssembly, GLSL or WGSL. */
export const gpujs: Target = {
  name: "gpujs",
  extension: "js",
  types,
  spell,
  helpers,
  reserved,
  capabilities: {
    groups: true,
    atomics: false,
    updates: false,
    f64: false,
    widths: [1],
    vectors: 1,
    parallel: false,
  },
  // A texture for each array; WebGL promises eight.
  limits: { group: 1, sharedBytes: 0, buffers: 9 },
  // It runs GLSL on WebGL, whose division and functions are as loose as WGSL's.
  accuracy: shaderAccuracy,
  index: { grid: "this.thread.x", group: "0" },
  loopsInside: false,

  literal(value, type) {
    if (type === "bool") return primary(value !== 0 ? "true" : "false");
    if (!Number.isFinite(value)) throw new Error(`gpu.js has no literal for ${value}.`);
    const text = Object.is(value, -0) ? "-0" : String(value);
    return { text, level: text.startsWith("-") ? level.unary : level.primary };
  },
  cast(to, from, arg) {
    if (from === "bool") return ternary(arg, "1", "0");
    if (to === "bool")
      return { text: `${bracket(arg, level.add)} !==${gapAt(level.equal)}0`, level: level.equal };
    if (from === "f32" && to === "i32")
      throw new Error("A real number becomes an int by floor, ceil or round only.");
    return arg;
  },
  select: (cond, then, otherwise) =>
    ternary(cond, bracket(then, level.or), bracket(otherwise, level.ternary)),
  load: (buffer, address) => primary(`${buffer.name}[${address.text}]`),
  define: (name, type, value, changes) =>
    `${changes ? "let" : "const"} ${name} = ${type === "bool" ? asTruth(value) : value.text};`,
  array({ name }) {
    throw new Error(`gpu.js has no arrays in a thread, which ${name} would be.`);
  },
  // In WGSL `i++` is for whole numbers only, and a loop from a computed bound is over reals.
  loop: (i, lo, hi) => [
    `for (let ${i} = ${lo.text}; ${i} < ${bracket(hi, level.add)}; ${i} += 1) {`,
  ],
  if: (cond) => `if (${cond.text}) {`,
  store: (_, __, value) => `return ${value.text};`,
  accumulate({ name }) {
    throw new Error(`gpu.js cannot add to elements of ${name}: a kernel only returns its own.`);
  },
  barrier: "", // findResult refuses it

  scope(_plan, nest, _plans, need) {
    findResult(nest);
    return {
      buffer: (decl) => ({ name: safe(decl.name), decl, atomic: false }),
      scalar: (name) => name,
      constant: (name) => `this.constants.${name}`,
      need,
    };
  },
  functionName: (nest) => functionName(nest.name),
  constantName: (_, constant) => constant,
  scalarsOf: (_, nest) => nest.scalars.map(({ name }) => name),
  frame,
};
