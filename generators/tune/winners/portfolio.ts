// A few configurations, of which one is good under each of the conditions that were measured.

import { identifyConfiguration } from "../database/identity.ts";
import type { Configuration } from "../space/space.ts";
import type { Winner } from "./winner.ts";

/** How many times faster than the default a configuration was under the conditions of a winner; if that is known. */
export function ratioUnder({ configuration, evidence }: Winner, name: string): number | undefined {
  if (identifyConfiguration(configuration) === name) return evidence.ratio;
  return evidence.others?.find((other) => identifyConfiguration(other.configuration) === name)
    ?.ratio;
}

/**
 * The configurations that together gain most, by the geometric mean over all conditions of the best of them there:
 * the one that gains most alone, then whichever adds most to those before it. Where one was not measured, it gains
 * nothing; what is no faster than the default anywhere is none of them.
 */
export function choosePortfolio(
  winners: readonly Winner[],
  most: number,
): readonly Configuration[] {
  const left = new Map(
    winners.map(({ configuration }) => [identifyConfiguration(configuration), configuration]),
  );
  const reached = winners.map(() => 1);
  const gainOf = (name: string): number =>
    winners.reduce(
      (sum, winner, i) =>
        sum + Math.log(Math.max(1, (ratioUnder(winner, name) ?? 1) / reached[i]!)),
      0,
    );
  const chosen: Configuration[] = [];
  while (chosen.length < most) {
    let best: { readonly name: string; readonly gain: number } | undefined;
    for (const name of left.keys()) {
      const gain = gainOf(name);
      if (gain > (best?.gain ?? 0)) best = { name, gain };
    }
    if (best === undefined) return chosen;
    const { name } = best;
    chosen.push(left.get(name)!);
    left.delete(name);
    for (const [i, winner] of winners.entries())
      reached[i] = Math.max(reached[i]!, ratioUnder(winner, name) ?? 1);
  }
  return chosen;
}
