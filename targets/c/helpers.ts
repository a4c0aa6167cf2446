import type { Helper } from "../../generators/emit/target.ts";

const define = (type: string, name: string, args: string, body: string): string =>
  `static inline ${type} ${name}(${args}) {\n${body}\n}`;

/** A function for each C type of numbers. */
const forTypes = (name: string, doc: string, value: string): Readonly<Record<string, Helper>> =>
  Object.fromEntries(
    Object.entries({ i32: "int32_t", u32: "uint32_t", f32: "float", f64: "double" }).map(
      ([short, type]) => [
        `${name}_${short}`,
        {
          text: `// ${doc}\n${define(type, `${name}_${short}`, `${type} a, ${type} b`, `  return ${value};`)}`,
        },
      ],
    ),
  );

const toInt = (name: string, how: string): Helper => ({
  needs: ["to_int"],
  text: define("int32_t", name, "float x", `  return to_int(${how}(x));`),
});

/** Functions that a file holds where it uses them; each does what the row of ops.ts says. */
export const helpers: Readonly<Record<string, Helper>> = {
  floor_div: {
    text: `// a / b rounded down, for b > 0.\n${define("int32_t", "floor_div", "int32_t a, int32_t b", "  return a / b - (a % b < 0 ? 1 : 0);")}`,
  },
  floor_mod: {
    text: `// What floor_div leaves: 0 to b - 1, for b > 0.\n${define("int32_t", "floor_mod", "int32_t a, int32_t b", "  const int32_t rest = a % b;\n  return rest < 0 ? rest + b : rest;")}`,
  },
  to_int: {
    text: `// A whole number as 32 bits: it saturates, and NaN gives 0.\n${define(
      "int32_t",
      "to_int",
      "float whole",
      [
        "  if (whole >= -2147483648.0f && whole < 2147483648.0f) return (int32_t)whole;",
        "  return whole > 0.0f ? INT32_MAX : whole < 0.0f ? INT32_MIN : 0;",
      ].join("\n"),
    )}`,
  },
  floor_to_int: toInt("floor_to_int", "floorf"),
  ceil_to_int: toInt("ceil_to_int", "ceilf"),
  round_to_int: toInt("round_to_int", "roundf"),
  ...forTypes("minimum", "The first where one is NaN.", "b < a ? b : a"),
  ...forTypes("maximum", "The first where one is NaN.", "a < b ? b : a"),
};
