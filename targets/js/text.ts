import { gapAt, wrap } from "../../generators/emit/wrap.ts";

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
