// The schedule of a kernel as winners have it.

import type { Target } from "../../emit/target.ts";
import { hashKernel } from "../../ir/hash.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { NamedSchedule } from "../../schedule/defaults.ts";
import { protocol } from "../database/record.ts";
import { type KernelSpace, spaceOf } from "../kernels/space.ts";
import { hashSpace } from "../space/hash.ts";
import { type Found, findWinner, isOf, type Query } from "./find.ts";
import type { Winner } from "./winner.ts";

/** What is known of where a kernel will run, and with what. */
export type Conditions = Pick<Query, "threads" | "device" | "shape" | "offsets"> & {
  readonly dtype: Query["dtype"];
};

/** What a kernel takes: a schedule, or its default. */
export interface Chosen {
  readonly found: Found;
  /** Absent where the default is taken. */
  readonly schedule?: NamedSchedule;
}

/** The schedule that winners have for a kernel; where there are none of it, nothing is looked at. */
export function chooseSchedule(
  winners: readonly Winner[],
  kernel: Kernel,
  target: Target,
  { dtype, ...conditions }: Conditions,
): Chosen {
  const { operator, role, present } = kernel;
  const about = { operator, role, present, target: target.name, dtype, protocol };
  const own = winners.filter((winner) => isOf(winner, { ...about, kernel: "", space: "" }));
  if (own.length === 0)
    return { found: { rule: "default", why: "nothing was tuned", rejected: [] } };
  const of = spaceOf(kernel, target);
  const hashes = { kernel: hashKernel(kernel), space: hashSpace(of.space) };
  return applyFound(findWinner(own, { ...about, ...hashes, ...conditions }, of.default), of);
}

/** A configuration that its space refuses is as good as stale. */
function applyFound(found: Found, of: KernelSpace): Chosen {
  if (found.configuration === undefined) return { found };
  const schedule = of.scheduleFor(found.configuration);
  if (!("refused" in schedule)) return { found, schedule };
  const why = `its configuration is refused: ${schedule.refused}`;
  const rejected =
    found.winner === undefined
      ? found.rejected
      : [...found.rejected, { winner: found.winner, why, stale: true }];
  return { found: { rule: "default", why: `what was found is not used; ${why}`, rejected } };
}
