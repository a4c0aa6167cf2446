// Long work shared out among processes or machines: each does one of several shares of the parts.

import { UsageError } from "./errors.ts";
import { plural } from "./terminal.ts";

/** One share of the parts of some work, both counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Reads `2/4`; the whole work where nothing is said. */
export function parseShard(text = "1/1"): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined && index >= 1 && index <= count)
    return { index, count };
  throw new UsageError(
    `--shard ${text} cannot be read; write which share of how many, such as 1/4 or 4/4`,
  );
}

/**
 * One part of each `count` that follow each other, another one each time, so that parts which come in pairs (results,
 * then gradients) are shared out too; all shares together are all parts, each once, and none is empty.
 */
export function shareOut<T>(parts: readonly T[], { index, count }: Shard): readonly T[] {
  if (count > 1 && count > parts.length)
    throw new UsageError(
      `--shard ${index}/${count} would leave shares empty: ${plural(parts.length, "part")} can ` +
        `be shared out among ${parts.length} at most`,
    );
  return parts.filter((_, i) => (i + Math.floor(i / count)) % count === index - 1);
}

/** How far long work of several parts is: `2 of 6, about 3 min left`, judged by the parts that are done. */
export function describePart(at: number, all: number, milliseconds: number): string {
  if (at === 0) return `1 of ${all}`;
  const minutes = Math.ceil(((milliseconds / at) * (all - at)) / 60_000);
  return `${at + 1} of ${all}, about ${minutes} min left`;
}
