import type { Transform } from "../draft.ts";

const widths = [4, 8, 16];

/** For sums of what lies side by side in memory, where additions one after another wait for each other. */
export const sums: Transform = {
  name: "sums",
  doc: "a sum along memory, one term after another → `by` partial sums at once, added up at its end",
  choices: () => [{ name: "by", values: widths, default: 8, minor: true }],
  apply: (draft, { by }, limits) => {
    if (typeof by !== "number" || !widths.includes(by))
      return { refused: `by is one of ${widths.join(", ")}, not ${by}` };
    if (limits.threads > 1) return { refused: "threads of groups add up one sum each" };
    return { ...draft, sums: by };
  },
};
