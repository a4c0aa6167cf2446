// Targets by name.

import { targets } from "../../targets/registry.ts";
import type { Target } from "../emit/target.ts";
import { suggestName } from "../messages/nearest.ts";
import { UsageError } from "./errors.ts";

/** The target of a name. */
export function parseTarget(name: string): Target {
  const target = targets.find((t) => t.name === name);
  if (target !== undefined) return target;
  const known = targets.map((t) => t.name);
  if (name === "reference")
    throw new UsageError(
      `the target reference is the declaration itself, for \`run\` only; there are: ${known.join(", ")}`,
    );
  throw new UsageError(`there is no target "${name}"; ${suggestName(name, known)}`);
}

/** The targets named in a list with commas, in the order in which they are shown; or all. */
export function parseTargets(text: string | undefined): readonly Target[] {
  if (text === undefined) return targets;
  const named = text.split(",").map((name) => parseTarget(name.trim()));
  return targets.filter((t) => named.includes(t));
}
