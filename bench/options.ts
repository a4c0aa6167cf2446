// The words of the command line, read into what they mean.

import type { CallRequest } from "../generators/cli/calls.ts";
import { UsageError } from "../generators/cli/errors.ts";
import { waysOfAdding } from "../generators/cli/lowerings.ts";

/** What commander gives. */
export interface Request extends CallRequest {
  readonly target?: string;
  readonly threads: string;
  readonly grad?: boolean;
  readonly peers: string;
  readonly runs: string;
  readonly against?: string;
  readonly node?: string;
  readonly accumulate?: string;
  readonly tuned?: boolean;
  readonly json?: boolean;
  readonly out?: string;
}

/** A way of adding in gradients. */
export function parseAccumulate({ accumulate, grad, tuned }: Request): {
  readonly accumulate?: string;
} {
  if (accumulate === undefined) return {};
  if (!waysOfAdding.some((by) => by === accumulate))
    throw new UsageError(`--accumulate takes ${waysOfAdding.join(", ")}, not "${accumulate}"`);
  if (tuned === true)
    throw new UsageError("--accumulate has schedules of its own; leave out --tuned");
  if (grad !== true) throw new UsageError("--accumulate is of gradients, which need --grad");
  return { accumulate };
}
