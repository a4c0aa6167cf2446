// WGSL: one module for each operator, an entry point for each launch. `select` evaluates both sides, there are
// no infinities or NaN in the text, and a buffer that is added to atomically holds bits.

import { createNames } from "../../generators/emit/names.ts";
import {
  bracket,
  byKind,
  operators,
  primary,
  shortestF32,
} from "../../generators/emit/spelling.ts";
import {
  call,
  infix,
  level,
  type Spelling,
  type Target,
  type Text,
} from "../../generators/emit/target.ts";
import { assign, gapAt } from "../../generators/emit/wrap.ts";
import type { AddMode, PlainOp, Scalar } from "../../generators/ir/nest.ts";
import { shaderAccuracy } from "../contract/accuracy.ts";
import { fixedHelper, measureHelper } from "./fixed.ts";
import { frame } from "./frame.ts";
import { addHelper, helpers } from "./helpers.ts";
import { reserved } from "./reserved.ts";
import { layOutUniform } from "./uniform.ts";
import { uniformOf, uniformScalars, variableOf } from "./variables.ts";

const spell: Readonly<Record<PlainOp, Spelling>> = {
  ...operators,
  eq: infix("==", level.equal),
  quot: infix("/", level.mul),
  idiv: call("floor_div"),
  mod: call("floor_mod"),
  minimum: byKind("min", "minimum"),
  maximum: byKind("max", "maximum"),
  abs: call("abs"),
  floor: call("floor_to_int"),
  ceil: call("ceil_to_int"),
  round: call("round_to_int"),
  floorf: call("floor"),
  ceilf: call("ceil"),
  roundf: call("round_away"),
  rintf: call("round"),
  sqrt: call("sqrt"),
  exp: call("exp"),
  log: call("log"),
  sin: call("sin"),
  cos: call("cos"),
  tanh: call("bounded_tanh"),
};

const types: Readonly<Record<Scalar, string | undefined>> = {
  i32: "i32",
  u32: "u32",
  f16: "f16", // an extension that few devices have
  bf16: undefined,
  f32: "f32",
  f64: undefined,
  bool: "bool",
};

const safe = createNames(reserved);

/** The function that adds to an element of an atomic variable. */
function helperFor(mode: AddMode, name: string, dtype: string) {
  switch (mode) {
    case "plain":
    case "atomic":
      return addHelper(name, dtype);
    case "measure":
      return measureHelper(name);
    case "fixed":
      return fixedHelper(name);
    default:
      return mode satisfies never;
  }
}

/** WGSL modules for WebGPU. */
export const wgsl: Target = {
  name: "wgsl",
  extension: "wgsl",
  types,
  spell,
  total: call("fixed_total"),
  helpers,
  reserved,
  capabilities: {
    groups: true,
    atomics: true,
    updates: true,
    f64: false,
    stores: { f16: { ulps: 1, feature: "shader-f16" } },
    widths: [1],
    vectors: 1,
    parallel: false,
  },
  // What WebGPU guarantees on every device.
  limits: { group: 256, sharedBytes: 16 * 1024, buffers: 8 },
  accuracy: shaderAccuracy,
  index: { grid: "group", group: "i32(thread_index)" },
  loopsInside: false,

  literal(value, type) {
    const minus = value < 0 || Object.is(value, -0);
    const at = (text: string): Text => ({ text, level: minus ? level.unary : level.primary });
    switch (type) {
      case "bool":
        return primary(value !== 0 ? "true" : "false");
      case "i32":
        return at(String(value + 0));
      case "u32":
        return at(`${value}u`);
      case "f32":
        if (!Number.isFinite(Math.fround(value)))
          throw new Error(`WGSL has no literal for ${value}.`);
        return at(Object.is(value, -0) ? "-0.0" : shortestF32(value));
      case "f16":
      case "bf16":
      case "f64":
        throw new Error(`wgsl has no ${type} literals.`);
      default:
        return type satisfies never;
    }
  },
  cast(to, from, arg) {
    if (from === "f32" && (to === "i32" || to === "u32"))
      throw new Error("A real number becomes an int by floor, ceil or round only.");
    return primary(`${types[to]}(${arg.text})`);
  },
  select: (cond, then, otherwise) =>
    primary(`select(${otherwise.text},${gapAt(0)}${then.text},${gapAt(0)}${cond.text})`),
  load({ name, decl, atomic }, address) {
    const element = `${name}[${address.text}]`;
    if (!atomic) return primary(element);
    const bits = `atomicLoad(&${element})`;
    return primary(decl.dtype === "u32" ? bits : `bitcast<${types[decl.dtype]}>(${bits})`);
  },
  define: (name, type, value, changes) =>
    changes ? `var ${name}: ${types[type]} = ${value.text};` : `let ${name} = ${value.text};`,
  array: ({ name, decl }, elements) =>
    decl.place === "register"
      ? `var ${name}: array<${types[decl.dtype]}, ${elements}>;`
      : undefined,
  loop: (i, lo, hi) => [
    `for (var ${i}: i32 = ${lo.text}; ${i} < ${bracket(hi, level.add)}; ${i}++) {`,
  ],
  if: (cond) => `if (${cond.text}) {`,
  store({ name, decl, atomic }, address, value) {
    const element = `${name}[${address.text}]`;
    if (!atomic) return assign(element, value.text);
    const bits = decl.dtype === "u32" ? value.text : `bitcast<u32>(${value.text})`;
    return `atomicStore(&${element},${gapAt(0)}${bits});`;
  },
  accumulate({ name, decl, atomic }, address, value, mode, scope) {
    if (!atomic) return `${name}[${address.text}] += ${value.text};`;
    const helper = helperFor(mode, name, decl.dtype);
    scope.need(helper.name, helper);
    return `${helper.name}(${address.text},${gapAt(0)}${value.text});`;
  },
  barrier: "workgroupBarrier();",

  scope(plan, nest, plans, need) {
    const uniform = uniformOf(plan, plans).name;
    return {
      buffer: (decl) => variableOf(nest, decl, plans),
      scalar: (name) => `${uniform}.${name}`,
      constant: safe,
      need,
    };
  },
  functionName: (nest) => safe(nest.name),
  constantName: (_, constant) => safe(constant),
  scalarsOf: (plan) => uniformScalars(plan).map(({ name }) => name),
  layOutUniform,
  frame,
};
