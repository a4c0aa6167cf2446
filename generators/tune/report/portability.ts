// How configurations that won somewhere do elsewhere.

import { identifyConfiguration } from "../database/identity.ts";
import type { Configuration } from "../space/space.ts";
import { isTimed, type Study, sortTimed } from "./study.ts";

/** A configuration under several conditions. */
export interface Row {
  readonly configuration: Configuration;
  /** Labels of the studies in which it won. */
  readonly won: readonly string[];
  readonly isUsual: boolean;
  /** For each study best time / its time; null where it was not measured, or failed. */
  readonly fractions: readonly (number | null)[];
}

/** Winners of one kernel against devices and shapes. */
export interface Matrix {
  readonly kernel: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** A matrix for each kernel that was measured under several conditions. */
export function comparePlaces(studies: readonly Study[]): readonly Matrix[] {
  const groups = new Map<string, Study[]>();
  for (const study of studies)
    if (study.trials.some(isTimed))
      groups.set(study.kernel, [...(groups.get(study.kernel) ?? []), study]);
  return [...groups.values()].filter((group) => group.length > 1).map(makeMatrix);
}

function makeMatrix(studies: readonly Study[]): Matrix {
  const costs = studies.map(
    ({ trials }) =>
      new Map(
        trials
          .filter(isTimed)
          .map(({ configuration, cost }) => [identifyConfiguration(configuration), cost] as const),
      ),
  );
  const best = studies.map((study) => sortTimed(study)[0]!.cost);
  const usuals = new Set(
    studies.flatMap(({ usual }) => (usual ? [identifyConfiguration(usual)] : [])),
  );
  const rows = new Map<string, { readonly configuration: Configuration; readonly won: string[] }>();
  const rowOf = (configuration: Configuration) => {
    const name = identifyConfiguration(configuration);
    const row = rows.get(name) ?? { configuration, won: [] };
    rows.set(name, row);
    return row;
  };
  for (const { usual } of studies) if (usual) rowOf(usual);
  for (const { won, label } of studies) if (won) rowOf(won.configuration).won.push(label);
  return {
    kernel: studies[0]!.kernel,
    columns: studies.map(({ label }) => label),
    rows: [...rows].map(([name, { configuration, won }]) => ({
      configuration,
      won,
      isUsual: usuals.has(name),
      fractions: costs.map((of, i) => {
        const own = of.get(name);
        return own === undefined ? null : best[i]! / own;
      }),
    })),
  };
}
