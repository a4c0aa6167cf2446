// Which stages default schedules make tile by tile on devices with groups of threads.

import type { Kernel } from "../../ir/kernel.ts";
import {
  type Draft,
  type Limits,
  launchedStages,
  newDraft,
  type Params,
  type Schedule,
} from "../draft.ts";
import { inlineStages } from "../inline.ts";
import { findBatches } from "../sharing.ts";
import { partsOf } from "../splitSum.ts";
import { contract } from "../transforms/contract.ts";
import { materialise } from "../transforms/materialise.ts";
import { split } from "../transforms/split.ts";
import { recognise } from "./recognise.ts";
import { sharedBytesOf, type Tiles, threadsOf } from "./tiles.ts";

/**
 * Tiles from large to small. What a tile shares is made once for all of it, so large ones do least; very few rows,
 * as of a channel that is convolved alone, leave nearly all of a tile empty, and are for threads.
 */
const sizes: readonly Omit<Tiles, "rolled">[] = [
  { BM: 64, BP: 64, BK: 16, TM: 8, TP: 8, pad: 0, least: 4, group: 128 },
  { BM: 32, BP: 32, BK: 8, TM: 4, TP: 4, pad: 0, least: 4, group: 64 },
];

/** Numbers in the parts of sums: so many that groups fill a device, so few that they take little memory. */
const mostOfParts = 2 ** 20;

/**
 * The stages of a kernel that are contractions, with tiles that a device has room for. A sum over all of a batch,
 * as the gradient of a parameter is, has few elements and many terms: it is split.
 */
export function chooseTiles(kernel: Kernel, stored: Schedule, limits: Limits): Schedule {
  const tiles = sizes.find(
    (own) =>
      Math.max(threadsOf(own), own.group) <= limits.threads &&
      sharedBytesOf(own) <= limits.sharedBytes,
  );
  if (!tiles) return [];
  let draft = newDraft(kernel);
  for (const [step, params = {}] of stored) {
    if (step !== materialise.name) continue;
    const next = materialise.apply(draft, params, limits);
    if (!("refused" in next)) draft = next;
  }
  const batches = findBatches(kernel);
  const inlined = inlineStages(kernel, new Set(launchedStages(draft).map(({ name }) => name)));
  return inlined.stages.flatMap((stage): Schedule => {
    if (stage.kind !== "gather") return [];
    const found = recognise(inlined, stage, new Map(inlined.names));
    if ("refused" in found) return [];
    const { name } = stage;
    const [outer, next] = found.k;
    const parts: Params = {
      stage: name,
      axis: (next ?? outer)?.axis ?? "",
      most: mostOfParts,
      least: 256,
    };
    const long = outer !== undefined && batches.has(outer.axis);
    const cut = long ? split.apply(draft, parts, limits) : draft;
    const ways: readonly (readonly [Draft, string, Schedule])[] = [
      ...(long && !("refused" in cut)
        ? [[cut, partsOf(name), [[split.name, parts]]] as const]
        : []),
      [draft, name, []],
    ];
    for (const [from, made, before] of ways) {
      const params: Params = { stage: made, ...tiles, rolled: limits.unrolls !== true };
      if (!("refused" in contract.apply(from, params, limits)))
        return [...before, [contract.name, params]];
    }
    return [];
  });
}
