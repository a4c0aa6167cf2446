// Flags for processes of Node.

import { spawnSync } from "node:child_process";
import { UsageError, UserError } from "./errors.ts";

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
