// What a schedule leaves to be written out, as a target can say it.

import type { Nest } from "../ir/nest.ts";
import { nameRegisters } from "./registers.ts";
import type { Capabilities } from "./target.ts";
import { dropUnused } from "./unused.ts";
import { vectorise } from "./vectorise.ts";
import { writeOutLoops } from "./writeOut.ts";

/**
 * A nest in statements that a target has: vector loops in its vectors (or one by one), `unroll` loops written out
 * and registers as variables, unless the compiler behind it does that itself; without values that nothing needs.
 */
export function prepareNest(nest: Nest, { unrolls = false, vectors }: Capabilities): Nest {
  const written = unrolls
    ? vectorise(nest, vectors)
    : nameRegisters(vectorise(writeOutLoops(nest), vectors));
  return { ...written, body: dropUnused(written.body) };
}
