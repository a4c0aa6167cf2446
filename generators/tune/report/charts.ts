// Charts of parameters, failures and of where time went.

import type { TopLevelSpec } from "../../page/draw.ts";
import type { Marginal, Pair } from "./effects.ts";
import type { Failure, Spent } from "./spent.ts";
import { muted, palette, scaleOf, size, theme, timeAxis } from "./theme.ts";

/** The best and the median time of each value of a parameter. */
export function drawMarginal({ values }: Marginal): TopLevelSpec {
  const rows = values.map(({ value, best, median }) => ({ value: String(value), best, median }));
  const scale = scaleOf(rows.flatMap(({ best, median }) => [best, median]));
  const y = {
    field: "value",
    type: "ordinal",
    sort: rows.map(({ value }) => value),
    title: null,
    axis: { grid: true, ticks: false, labelPadding: 6, ...broken },
  } as const;
  const lines = Math.max(...rows.map(({ value }) => value.split(", ").length));
  const points = rows.flatMap(({ value, best, median }) => [
    { value, what: "best", time: best },
    { value, what: "median", time: median },
  ]);
  const x = {
    type: "quantitative",
    scale,
    axis: { ...timeAxis, grid: false },
    title: "ms",
  } as const;
  return {
    ...theme,
    height: 76 + (4 + 14 * lines) * Math.min(rows.length, 24),
    layer: [
      {
        data: { values: rows },
        mark: { type: "rule", color: muted, strokeWidth: 2 },
        encoding: { y, x: { field: "best", ...x }, x2: { field: "median" } },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 60, opacity: 1 },
        encoding: {
          y,
          x: { field: "time", ...x },
          color: {
            field: "what",
            type: "nominal",
            scale: { domain: ["best", "median"], range: [palette[0]!, palette[1]!] },
          },
        },
      },
    ],
  };
}

/** Long texts are lists, of which each part gets a line. */
const broken = { labelExpr: "split(datum.label, ', ')", labelLimit: 190 } as const;

/** The best time of each pair of values. */
export function drawPair({ parameters, cells }: Pair): TopLevelSpec {
  const longest = (i: 0 | 1): number =>
    Math.max(...cells.map(({ values }) => String(values[i]).length));
  // Long texts are read beside rows, not below columns.
  const [across, down] = longest(0) > longest(1) ? ([1, 0] as const) : ([0, 1] as const);
  const sortOf = (i: 0 | 1): readonly string[] => {
    const all = new Map(cells.map(({ values }) => [String(values[i]), values[i]]));
    const isNumber = [...all.values()].every((value) => typeof value === "number");
    return [...all.keys()].sort((a, b) => (isNumber ? Number(a) - Number(b) : a < b ? -1 : 1));
  };
  const values = cells.map(({ values: pair, best }) => ({
    x: String(pair[across]),
    y: String(pair[down]),
    best,
  }));
  const scale = scaleOf(values.map(({ best }) => best));
  const upright = longest(across) <= 3;
  return {
    ...theme,
    height: 300,
    data: { values },
    view: { fill: "var(--grid)" },
    mark: "rect",
    encoding: {
      x: {
        field: "x",
        type: "ordinal",
        sort: [...sortOf(across)],
        title: parameters[across],
        axis: { labelAngle: upright ? 0 : -40, labelLimit: 80 },
      },
      y: {
        field: "y",
        type: "ordinal",
        sort: [...sortOf(down)],
        title: parameters[down],
        axis: broken,
      },
      color: {
        field: "best",
        type: "quantitative",
        scale: {
          ...scale,
          scheme: "viridis",
          reverse: true,
        },
        legend: {
          title: "best, ms",
          gradientLength: size.width - (longest(down) > 12 ? 200 : 140),
          format: "~r",
          tickCount: 4,
        },
      },
    },
  };
}

/** How many configurations failed, by status. */
export function drawFailures(failures: readonly Failure[], most: number): TopLevelSpec {
  const values = failures.slice(0, most).map(({ status, count }) => ({ status, count }));
  const y = {
    field: "status",
    type: "nominal",
    sort: values.map(({ status }) => status),
    title: null,
    axis: { ticks: false, labelPadding: 6, labelLimit: 200 },
  } as const;
  const x = {
    field: "count",
    type: "quantitative",
    title: "configurations",
    axis: { tickCount: 4, tickMinStep: 1, format: "d" },
  } as const;
  return {
    ...theme,
    height: 60 + 26 * values.length,
    data: { values },
    mark: { type: "bar", color: palette[1]! },
    encoding: { x, y },
  };
}

/** Seconds by stage, of configurations that work and of others. */
export function drawSpent(spent: readonly Spent[]): TopLevelSpec {
  const [works, fails] = ["of configurations with a time", "of others"];
  const values = spent.flatMap(({ stage, seconds, failed }) => [
    { stage, seconds: seconds - failed, of: works },
    { stage, seconds: failed, of: fails },
  ]);
  const shown = values.filter((value) => value.of === works || value.seconds > 0);
  const domain = [...new Set(shown.map((value) => value.of))];
  return {
    ...theme,
    height: 170,
    data: { values: shown },
    mark: "bar",
    encoding: {
      y: {
        field: "stage",
        type: "nominal",
        sort: spent.map(({ stage }) => stage),
        title: null,
        axis: { ticks: false, labelPadding: 6 },
      },
      x: { field: "seconds", type: "quantitative", title: "seconds", axis: { tickCount: 4 } },
      color: {
        field: "of",
        type: "nominal",
        scale: { domain, range: [palette[0]!, palette[1]!].slice(0, domain.length) },
        // Nothing failed: there is nothing to tell apart.
        legend: domain.length === 1 ? null : { columns: 1, labelLimit: 260 },
      },
    },
  };
}
