import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { DType } from "../contract/program.ts";

/** The typed array that holds a buffer. */
export const arrayNames = {
  f32: "Float32Array",
  f64: "Float64Array",
  i32: "Int32Array",
  u32: "Uint32Array",
  f16: "Uint16Array", // the bits of its halves
  bf16: "Uint16Array", // the upper halves of floats
} as const satisfies Readonly<Record<DType, string>>;

/** `head`, `args` and `tail` on one line where they fit, else with the arguments below, indented. */
export function argumentLines(
  head: string,
  args: readonly string[],
  tail: string,
  indent = 0,
): string {
  const flat = `${head}${args.join(", ")}${tail}`;
  if (indent + flat.length <= 100) return flat;
  const pad = " ".repeat(indent);
  const lines = wrap(`${args.join(`,${gapAt(0)}`)},`, indent + 2, 100, 0);
  return [head, ...lines, pad + tail].join("\n");
}

/** A member of an object (or of a pattern that takes one apart) that a variable of this name holds. */
export const field = (key: string, name: string): string =>
  key === name ? key : `${key}: ${name}`;
