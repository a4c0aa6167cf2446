// The float64 oracles: the declaration run as written, and the interpreter of its tensor IR.

import type { Operator } from "../frontend/operator.ts";
import { type Reference, runReference } from "../frontend/reference.ts";
import { interpretKernel } from "../ir/interpret.ts";
import type { Oracle } from "./agree.ts";
import type { Result } from "./laws.ts";
import type { Subject } from "./variants.ts";

/** The declaration itself, run as ordinary JavaScript. */
export const declarationOracle = (operator: Operator, reference: Reference): Oracle => ({
  name: "declaration",
  exact: "bits",
  run: ({ inputs, numbers, attrs }) =>
    runReference(operator, reference, inputs, numbers.sizes, attrs),
});

/** The tensor IR, interpreted. */
export const interpreterOracle = (subject: Subject): Oracle => ({
  name: "IR interpreter",
  exact: "bits",
  run: ({ variant, inputs, numbers }) => {
    const { sizes, attrs, options } = numbers;
    const kernel = subject.kernel(variant.present);
    const outputs = interpretKernel(kernel, inputs, sizes, attrs, options);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { shape, parts }]): [string, Result] => [
        name,
        { shape, data: parts[0]! },
      ]),
    );
  },
});
