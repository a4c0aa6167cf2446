// WebAssembly as the record of a target: its operations in the folded text format. What stands around them
// (locals, blocks, loops) is written by print.ts.

import { shortestF32 } from "../../generators/emit/spelling.ts";
import type { Language, Text } from "../../generators/emit/target.ts";
import type { Scalar } from "../../generators/ir/nest.ts";
import { byLane, type Code, form, laneOf, prefixOf, typeNames } from "./code.ts";
import { helpers } from "./helpers.ts";
import { load, store } from "./memory.ts";
import { spell } from "./spell.ts";

function literal(value: number, type: Scalar): Code {
  const digits = Number.isNaN(value)
    ? "nan"
    : !Number.isFinite(value)
      ? `${value < 0 ? "-" : ""}inf`
      : type === "f32"
        ? shortestF32(value)
        : Object.is(value, -0)
          ? "-0"
          : String(value);
  const isReal = type === "f32" || type === "f64";
  const code = form(
    `${prefixOf(type, 1)}.const ${isReal ? digits.replace(/\.0$/, "") : value + 0}`,
  );
  return { ...code, plain: true, number: value };
}

const zero = (type: Scalar): Code => literal(0, type);

/** A real number becomes a whole one by floor, ceil or round only; a truth is one already. */
function cast(to: Scalar, from: Scalar, arg: Text): Code {
  const name = `${from}>${to}`;
  switch (name) {
    case "bool>i32":
      return arg as Code;
    case "i32>bool":
      return form("i32.ne", arg, zero("i32"));
    case "f32>bool":
    case "f64>bool":
      return form(`${from}.ne`, arg, zero(from));
    case "i32>f32":
    case "bool>f32":
    case "i32>f64":
    case "bool>f64":
      return form(`${to}.convert_i32_s`, arg);
    case "f32>f64":
      return form("f64.promote_f32", arg);
    case "f64>f32":
      return form("f32.demote_f64", arg);
    default:
      if (to === "i32")
        throw new Error("A real number becomes an int by floor, ceil or round only.");
      throw new Error(`WebAssembly cannot make a value of type ${to} of one of type ${from}.`);
  }
}

/** The same for vectors; a truth is all bits or none. */
function castVector(to: Scalar, from: Scalar, arg: Text): Code {
  switch (`${from}>${to}`) {
    case "bool>i32":
      return { ...form("i32x4.neg", arg), lanes: 4 };
    case "i32>f32":
      return { ...form("f32x4.convert_i32x4_s", arg), lanes: 4 };
    case "bool>f32":
      return { ...form("v128.and", arg, splat(literal(1, "f32"), "f32")), lanes: 4 };
    default:
      return byLane([arg], from, to, (one) => cast(to, from, one!));
  }
}

/** A number in all four lanes. */
function splat(value: Text, type: Scalar): Code {
  const { number } = value as Code;
  if (type === "bool")
    return { ...form("i32x4.splat", form("i32.sub", zero("i32"), value)), lanes: 4 };
  if (type === "f32" && number !== undefined) {
    const one = value.text.slice("(f32.const ".length, -1);
    return { ...form(`v128.const f32x4 ${[one, one, one, one].join(" ")}`), plain: true, lanes: 4 };
  }
  return { ...form(`${prefixOf(type, 4)}.splat`, value), lanes: 4 };
}

const refuse = (): never => {
  throw new Error("The text of a function in WebAssembly is written by its own printer.");
};

/** Folded instructions, as the printer of this target writes them. */
export const language: Language = {
  name: "wasm",
  extension: "wat",
  types: typeNames,
  spell,
  helpers,
  vectors: {
    type: (of, lanes) =>
      lanes === 4 && typeNames[of] !== undefined && of !== "f64" ? "v128" : undefined,
    splat,
    lane: (vector, lane, type) => {
      const one = laneOf(vector, lane, type);
      return type === "bool" ? form("i32.ne", one, zero("i32")) : one;
    },
    load,
    store: (buffer, address, value, lanes) => store(buffer, address, value, lanes).text,
    op: refuse, // `spell` sees how many lanes operands have
    cast: (to, from, arg, lanes) => (lanes === 1 ? cast(to, from, arg) : castVector(to, from, arg)),
    select: (cond, then, otherwise) => ({
      ...form("v128.bitselect", then, otherwise, cond),
      lanes: 4,
    }),
    define: (name, _type, _lanes, value) => form(`local.set $${name}`, value).text,
  },
  reserved: new Set(),
  capabilities: {
    groups: false,
    atomics: true,
    updates: true,
    f64: true,
    widths: [1, 4],
    vectors: 4,
    parallel: true,
  },
  limits: { group: 1, sharedBytes: 0, buffers: 500, registers: 16 },
  // Functions are JavaScript's, of doubles, rounded to f32.
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

  literal,
  cast,
  select: (cond, then, otherwise) => form("select", then, otherwise, cond),
  load: (buffer, address) => load(buffer, address, 1),
  define: (name, _type, value) => form(`local.set $${name}`, value).text,
  array: refuse,
  loop: refuse,
  if: refuse,
  store: (buffer, address, value) => store(buffer, address, value, 1).text,
  accumulate: refuse,
  barrier: "",

  scope: (_plan, _nest, _plans, need) => ({
    buffer: (decl) => ({ name: decl.name, decl, atomic: false }),
    scalar: (name) => name,
    constant: (name) => name,
    need,
  }),
  functionName: (nest) => nest.name,
  constantName: (_, constant) => constant,
  scalarsOf: (_, nest) => nest.scalars.map(({ name }) => name),
};
