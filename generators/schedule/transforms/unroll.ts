import type { Transform } from "../draft.ts";

/** Short loops whose bounds are constants, such as the taps of a kernel bound to 3 by 3. */
export const unroll: Transform = {
  name: "unroll",
  doc: "a serial loop of a constant number of steps, at most `steps` → its body written out",
  choices: () => [{ name: "steps", values: [0, 2, 4, 8], default: 0 }],
  apply: (draft, { steps }) =>
    typeof steps === "number" && Number.isInteger(steps) && steps >= 0 && steps <= 64
      ? { ...draft, unroll: steps }
      : { refused: `steps is a whole number from 0 to 64, not ${steps}` },
};
