// The words of the command line, read into what they mean.

import { spawnSync } from "node:child_process";
import type { CallRequest } from "../generators/cli/calls.ts";
import { UsageError, UserError } from "../generators/cli/errors.ts";
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
  readonly json?: boolean;
  readonly out?: string;
}

/** A way of adding in gradients. */
export function parseAccumulate({ accumulate, grad }: Request): { readonly accumulate?: string } {
  if (accumulate === undefined) return {};
  if (!waysOfAdding.some((by) => by === accumulate))
    throw new UsageError(`--accumulate takes ${waysOfAdding.join(", ")}, not "${accumulate}"`);
  if (grad !== true) throw new UsageError("--accumulate is of gradients, which need --grad");
  return { accumulate };
}

/**
 * Flags for the processes of Node, separated by blanks; those that this Node does not know are
 * refused.
 */
export function parseFlags(text: string | undefined): readonly string[] {
  const flags = (text ?? "").split(" ").filter((flag) => flag !== "");
  for (const flag of flags)
    if (!/^--[a-z][\w-]*(=\S+)?$/.test(flag))
      throw new UsageError(
        `--node ${flag} is no flag; write for example --node=--max-old-space-size=8192`,
      );
  const tried = spawnSync(process.execPath, [...flags, "--version"], { encoding: "utf8" });
  if (tried.status === 0) return flags;
  throw new UserError(`this Node does not take ${flags.join(" ")}: ${tried.stderr.trim()}`);
}
