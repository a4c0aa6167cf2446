// Charts of searches, and of all times in order.

import type { TopLevelSpec } from "../../page/draw.ts";
import { identifyConfiguration } from "../database/identity.ts";
import { type Curve, spread } from "./progress.ts";
import type { Section } from "./report.ts";
import { muted, palette, scaleOf, theme, timeAxis } from "./theme.ts";

/** The best so far as a share of the best known, against evaluations or seconds. */
export function drawProgress(
  curves: readonly Curve[],
  by: "byEvaluations" | "bySeconds",
  title: string,
): TopLevelSpec {
  const shown = curves.filter((curve) => curve[by].length > 0);
  const searches = shown.filter(({ runs }) => Number.isFinite(runs));
  const until = Math.max(...searches.map((curve) => curve[by].at(-1)!.at));
  const values = shown.flatMap((curve) =>
    curve[by].filter(({ at }) => at <= until).map((band) => ({ ...band, name: curve.name })),
  );
  const least = Math.min(...values.map(({ low }) => low));
  const names = shown.map(({ name }) => name);
  const range = shown.map(({ runs }, i) =>
    Number.isFinite(runs) ? palette[i % palette.length]! : muted,
  );
  const color = {
    field: "name",
    type: "nominal",
    scale: { domain: names, range },
    legend: names.length === 1 ? null : { columns: 3, symbolType: "stroke", symbolOpacity: 1 },
  } as const;
  const across = { domain: [0, until], nice: false };
  const x = {
    field: "at",
    type: "quantitative",
    title,
    scale: across,
    axis: { tickCount: 5, format: "~s" },
  } as const;
  const scale = { domain: [Math.floor(least * 20) / 20, 1], nice: false };
  const axis = { format: ".0%", tickCount: 5 };
  const y = { type: "quantitative", scale, axis, title: "best known time / best so far" } as const;
  return {
    ...theme,
    data: { values },
    layer: [
      {
        transform: [{ filter: "datum.high > datum.low" }],
        mark: { type: "area", interpolate: "step-after", opacity: 0.15 },
        encoding: {
          x,
          y: { field: "low", ...y },
          y2: { field: "high" },
          color,
        },
      },
      {
        mark: { type: "line", interpolate: "step-after", strokeWidth: 2 },
        encoding: { x, y: { field: "middle", ...y }, color },
      },
    ],
  };
}

/** All times, fastest first, with their intervals; what won and the default are marked. */
export function drawSorted({ study, timed }: Section): TopLevelSpec {
  const marks = new Map<string, string>();
  if (study.usual) marks.set(identifyConfiguration(study.usual), "default");
  if (study.won) {
    const name = identifyConfiguration(study.won.configuration);
    marks.set(name, marks.has(name) ? "default, which won" : "winner");
  }
  const all = timed.map(({ configuration, cost, interval }, i) => ({
    rank: i + 1,
    cost,
    low: interval?.[0] ?? cost,
    high: interval?.[1] ?? cost,
    mark: marks.get(identifyConfiguration(configuration)) ?? null,
  }));
  const ranks = new Set(spread(all.length));
  const values = all.filter(({ rank, mark }) => ranks.has(rank) || mark !== null);
  const scale = scaleOf(values.flatMap(({ low, high }) => [low, high]));
  const across = { domain: [0, all.length], nice: false, padding: 6 };
  const x = {
    field: "rank",
    type: "quantitative",
    title: "configurations, fastest first",
    scale: across,
    axis: { tickCount: 5, grid: false },
  } as const;
  const y = { type: "quantitative", scale, axis: timeAxis, title: "ms" } as const;
  const names = [...new Set(marks.values())];
  return {
    ...theme,
    data: { values },
    layer: [
      {
        mark: { type: "rule", color: muted },
        encoding: { x, y: { field: "low", ...y }, y2: { field: "high" } },
      },
      {
        mark: { type: "point", filled: true, size: 12, color: muted, opacity: 1 },
        encoding: { x, y: { field: "cost", ...y } },
      },
      {
        transform: [{ filter: "datum.mark !== null" }],
        mark: { type: "point", filled: true, size: 110, opacity: 1 },
        encoding: {
          x,
          y: { field: "cost", ...y },
          color: {
            field: "mark",
            type: "nominal",
            scale: { domain: names, range: names.map((_, i) => palette[i]!) },
          },
          shape: {
            field: "mark",
            type: "nominal",
            scale: { domain: names, range: ["circle", "diamond"].slice(0, names.length) },
          },
        },
      },
    ],
  };
}
