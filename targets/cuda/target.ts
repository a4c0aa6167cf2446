// CUDA C++ without any header, so that NVRTC compiles it as it is. The grid is one-dimensional.

import { createNames } from "../../generators/emit/names.ts";
import {
  bracket,
  byKind,
  operators,
  primary,
  shortestF32,
  tidy,
} from "../../generators/emit/spelling.ts";
import {
  call,
  type Form,
  infix,
  level,
  type Spelling,
  type Target,
  type Text,
} from "../../generators/emit/target.ts";
import { assign, gapAt } from "../../generators/emit/wrap.ts";
import type { PlainOp, Scalar } from "../../generators/ir/nest.ts";
import { frame } from "./frame.ts";
import { helpers } from "./helpers.ts";
import { functionName, reserved } from "./reserved.ts";
import { printProduct } from "./warps.ts";

/** A function of the C library: with an f for float. */
const math =
  (name: string): Spelling =>
  (of) =>
    call(of === "f64" ? name : `${name}f`);

/** The hardware's conversions saturate and turn NaN into 0, but for doubles. */
const toInt =
  (form: Form): Spelling =>
  (of) => {
    if (of !== "f32") throw new Error(`cuda converts f32 to int, not ${of}.`);
    return form;
  };

const spell: Readonly<Record<PlainOp, Spelling>> = {
  ...operators,
  eq: infix("==", level.equal),
  quot: infix("/", level.mul),
  idiv: call("floor_div"),
  mod: call("floor_mod"),
  minimum: byKind("min", "minimum"),
  maximum: byKind("max", "maximum"),
  abs: (of) => call(of === "i32" ? "abs" : of === "f64" ? "fabs" : "fabsf"),
  floor: toInt(call("__float2int_rd")),
  ceil: toInt(call("__float2int_ru")),
  round: toInt({ kind: "text", write: (a) => primary(`__float2int_rz(roundf(${a!.text}))`) }),
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

const types: Readonly<Record<Scalar, string | undefined>> = {
  i32: "int",
  u32: "unsigned",
  // Their bits: the types themselves would need a header.
  f16: "unsigned short",
  bf16: "unsigned short",
  f32: "float",
  f64: "double",
  bool: "bool",
};

const safe = createNames(reserved);

function real(value: number): string {
  // There is no INFINITY or NAN without a header.
  if (Number.isNaN(value)) return "__int_as_float(0x7fc00000)";
  if (!Number.isFinite(value)) return `__int_as_float(${value > 0 ? "0x7f800000" : "0xff800000"})`;
  return `${Object.is(value, -0) ? "-0.0" : shortestF32(value)}f`;
}

/** CUDA C++: one function for each launch, a grid of one dimension. */
export const cuda: Target = {
  name: "cuda",
  extension: "cu",
  types,
  spell,
  total: call("fixed_total"),
  helpers,
  reserved,
  capabilities: {
    groups: true,
    atomics: true,
    updates: true,
    f64: true,
    stores: { f16: { ulps: 0.5 }, bf16: { ulps: 0.5 } },
    widths: [1],
    vectors: 1,
    // Turing, the oldest that kernels are compiled for, multiplies no bf16.
    products: ["f16"],
    unrolls: true,
    parallel: false,
  },
  limits: { group: 1024, sharedBytes: 48 * 1024, buffers: 64 },
  // CUDA C++ Programming Guide, mathematical functions, without fast-math.
  accuracy: {
    div: [{ ulps: 0.5 }],
    sqrt: [{ ulps: 0.5 }],
    exp: [{ ulps: 2 }],
    log: [{ ulps: 1 }],
    sin: [{ ulps: 2 }],
    cos: [{ ulps: 2 }],
    tanh: [{ ulps: 2 }],
  },
  index: { grid: "blockIdx.x", group: "threadIdx.x" },
  loopsInside: false,

  literal(value, type) {
    const minus = value < 0 || Object.is(value, -0);
    const at = (text: string): Text => ({ text, level: minus ? level.unary : level.primary });
    switch (type) {
      case "bool":
        return primary(value !== 0 ? "true" : "false");
      case "i32":
        return value === -(2 ** 31) ? primary("(-2147483647 - 1)") : at(String(value + 0));
      case "u32":
        return at(`${value}u`);
      case "f32":
        return Number.isFinite(value) ? at(real(value)) : primary(real(value));
      case "f64":
        if (Number.isFinite(value)) return at(Object.is(value, -0) ? "-0.0" : tidy(String(value)));
        return primary(`double(${real(value)})`);
      case "f16":
      case "bf16":
        throw new Error(`cuda has no ${type} literals.`);
      default:
        return type satisfies never;
    }
  },
  cast(to, from, arg) {
    if ((from === "f32" || from === "f64") && (to === "i32" || to === "u32"))
      throw new Error("A real number becomes an int by floor, ceil or round only.");
    return primary(`${types[to]}(${arg.text})`);
  },
  conversion(to, from) {
    if (to === "f32" && (from === "f16" || from === "bf16")) return call(`float_of_${from}`);
    if (from === "f32" && (to === "f16" || to === "bf16")) return call(`${to}_of_float`);
    return undefined;
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
  array: ({ name, decl }, elements) =>
    `${decl.place === "shared" ? "__shared__ __align__(16) " : ""}${types[decl.dtype]} ${name}[${elements}];`,
  loop: (i, lo, hi, unroll) => [
    ...(unroll ? ["#pragma unroll"] : []),
    `for (int ${i} = ${lo.text}; ${i} < ${bracket(hi, level.add)}; ++${i}) {`,
  ],
  if: (cond) => `if (${cond.text}) {`,
  store: (buffer, address, value) => assign(`${buffer.name}[${address.text}]`, value.text),
  accumulate(buffer, address, value, mode, scope) {
    switch (mode) {
      case "plain":
        return `${buffer.name}[${address.text}] += ${value.text};`;
      case "atomic":
        return `atomicAdd(&${buffer.name}[${address.text}],${gapAt(0)}${value.text});`;
      case "measure":
      case "fixed": {
        const helper = mode === "measure" ? "fixed_measure" : "fixed_add";
        scope.need(helper, helpers[helper]!);
        return `${helper}(${buffer.name},${gapAt(0)}${address.text},${gapAt(0)}${value.text});`;
      }
      default:
        return mode satisfies never;
    }
  },
  barrier: "__syncthreads();",
  product: printProduct,

  scope: (plan, _nest, _plans, need) => ({
    buffer: (decl) => ({ name: safe(decl.name), decl, atomic: false }),
    scalar: (name) => name,
    constant: (name) => macroName(plan.operator, name),
    need,
  }),
  functionName: (nest) => functionName(nest.name),
  constantName: macroName,
  scalarsOf: (_, nest) => nest.scalars.map(({ name }) => name),
  frame,
};

/** Several generated files may be compiled as one, so a macro says whose it is. */
function macroName(operator: string, constant: string): string {
  return `${operator}_${constant}`.toUpperCase();
}
