// Targets whose kernels return the one element of each thread, and write nowhere else.

import type { Draft, Limits } from "./draft.ts";

/** Why a device without memory that kernels write as they like cannot run a draft, or nothing. */
export function refusePieces({ loops, walkings, panels }: Draft, { updates }: Limits) {
  if (updates !== false) return undefined;
  const pieces = [...loops].find(([, { by }]) => by !== "threads")?.[0];
  const several = [...walkings].find(([, { vector }]) => vector !== undefined)?.[0];
  const name = pieces ?? several ?? [...panels.keys()][0];
  return name === undefined
    ? undefined
    : `kernels here return one element of each thread and have no memory for pieces of ${name}`;
}
