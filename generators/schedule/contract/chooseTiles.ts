// Which stages default schedules make tile by tile on devices with groups of threads.

import type { Kernel } from "../../ir/kernel.ts";
import { type Limits, launchedStages, newDraft, type Params, type Schedule } from "../draft.ts";
import { contract } from "../transforms/contract.ts";
import { materialise } from "../transforms/materialise.ts";
import { sharedBytesOf, type Tiles, threadsOf } from "./tiles.ts";

/**
 * Tiles from large to small. What a tile shares is made once for all of it, so large ones do least; very few rows,
 * as of a channel that is convolved alone, leave nearly all of a tile empty, and are for threads.
 */
const sizes: readonly Omit<Tiles, "rolled">[] = [
  { BM: 64, BP: 64, BK: 16, TM: 8, TP: 8, pad: 0, least: 4, group: 128 },
  { BM: 32, BP: 32, BK: 8, TM: 4, TP: 4, pad: 0, least: 4, group: 64 },
];

/** The stages of a kernel that are contractions, with tiles that a device has room for. */
export function chooseTiles(kernel: Kernel, stored: Schedule, limits: Limits): Schedule {
  const tiles = sizes.find(
    (own) =>
      Math.max(threadsOf(own), own.group) <= limits.threads &&
      sharedBytesOf(own) <= limits.sharedBytes,
  );
  if (!tiles) return [];
  let draft = newDraft(kernel);
  for (const [, params = {}] of stored) {
    const next = materialise.apply(draft, params, limits);
    if (!("refused" in next)) draft = next;
  }
  return launchedStages(draft).flatMap(({ kind, name }): Schedule => {
    if (kind !== "gather") return [];
    const params: Params = { stage: name, ...tiles, rolled: limits.unrolls !== true };
    return "refused" in contract.apply(draft, params, limits) ? [] : [[contract.name, params]];
  });
}
