// Figures of a report: a chart, a title, a sentence of what it shows, and its numbers as a table.

import type { TopLevelSpec } from "../../page/draw.ts";
import { drawFailures, drawMarginal, drawPair, drawSpent } from "./charts.ts";
import { drawProgress, drawSorted } from "./curves.ts";
import type { Marginal, Pair } from "./effects.ts";
import type { Band, Curve } from "./progress.ts";
import type { Section } from "./report.ts";
import { findVaried, nameConfiguration } from "./study.ts";
import { count, formatCost, formatNumber, formatSeconds, formatShare } from "./words.ts";

/** A chart with everything that stands around it. */
export interface Figure {
  readonly title: string;
  readonly says: string;
  readonly spec: TopLevelSpec;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The figures of a section under one heading. */
export interface Part {
  readonly heading: string;
  readonly figures: readonly Figure[];
}

/** Rows of tables that are too long to be read, and charts that nobody looks at. */
const most = { rows: 30, marginals: 12, failures: 10 } as const;

/** All figures of a section; where nothing has a time, only what failed and what was spent. */
export const figuresOf = (section: Section): readonly Part[] =>
  [
    { heading: "Search and times", figures: [...progressOf(section), ...sortedOf(section)] },
    { heading: "Time and failures", figures: [...spentOf(section), ...failuresOf(section)] },
    {
      heading: "Parameters",
      figures: section.marginals
        .filter(({ values }) => values.length > 1)
        .slice(0, most.marginals)
        .map(marginalOf),
    },
    { heading: "Pairs of parameters", figures: section.pairs.map(pairOf) },
  ].filter(({ figures }) => figures.length > 0);

function progressOf({ curves }: Section): readonly Figure[] {
  const searches = curves.filter(({ runs }) => Number.isFinite(runs));
  if (searches.length === 0) return [];
  const several = searches.filter(({ runs }) => runs > 1);
  const bands = several.length > 0 ? " Lines: the middle run; bands: four of five runs." : "";
  const hasChance = curves.length > searches.length;
  const hasBands = hasChance || several.length > 0;
  const of = (name: string, by: "byEvaluations" | "bySeconds", says: string): readonly Figure[] => {
    if (searches.some((curve) => curve[by].length === 0)) return [];
    const unit = by === "byEvaluations" ? "evaluations" : "seconds";
    const rows = [...searches, ...curves.filter((curve) => !searches.includes(curve))].flatMap(
      (curve) =>
        pickRows(curve[by]).map((band) => [
          curve.name,
          formatNumber(band.at),
          ...(hasBands ? shares(band) : [formatShare(band.middle)]),
        ]),
    );
    const columns = hasBands ? ["10 % of runs below", "middle", "90 % below"] : ["reached"];
    return [
      {
        title: `Best so far, by ${name}`,
        says,
        spec: drawProgress(curves, by, unit),
        head: ["search", unit, ...columns],
        rows,
      },
    ];
  };
  return [
    ...of(
      "evaluations",
      "byEvaluations",
      `${sayReached(searches)}${bands}${hasChance ? " Chance: drawing configurations without a plan, computed exactly for the whole space." : ""}`,
    ),
    ...of(
      "seconds",
      "bySeconds",
      `The same against the time that compiling, verifying and measuring took.${
        hasChance ? " An evaluation by chance takes what one takes in the mean." : ""
      }`,
    ),
  ];
}

/** After how many evaluations each search was within 5 % of the best known time. */
function sayReached(searches: readonly Curve[]): string {
  const parts = searches.map(({ name, byEvaluations }) => {
    const near = byEvaluations.find(({ middle }) => middle >= 0.95);
    const last = byEvaluations.at(-1)!;
    return near === undefined
      ? `${name} not (${formatShare(last.middle)} after ${formatNumber(last.at)})`
      : `${name} ${formatNumber(near.at)}`;
  });
  return `Evaluations until within 5 % of the best known time: ${parts.join(", ")}.`;
}

const shares = ({ low, middle, high }: Band): readonly string[] =>
  [low, middle, high].map(formatShare);

/** Some bands, from the first to the last. */
function pickRows(bands: readonly Band[]): readonly Band[] {
  const step = Math.max(1, (bands.length - 1) / 11);
  const wanted = new Set(Array.from({ length: 12 }, (_, i) => Math.round(i * step)));
  return bands.filter((_, i) => wanted.has(i));
}

function sortedOf(section: Section): readonly Figure[] {
  const { study, timed } = section;
  const [fastest] = timed;
  if (fastest === undefined) return [];
  const varied = findVaried(study);
  const near = timed.filter(({ cost }) => cost <= 1.05 * fastest.cost).length;
  const hasIntervals = timed.some(({ interval }) => interval !== undefined);
  const adjusted = study.ordered
    ? " Each is its share of the default's time in the same rounds, times what the default usually takes."
    : "";
  return [
    {
      title: "All times in order",
      says:
        `${count(timed.length, "configuration")} from ${formatCost(fastest.cost)} to ` +
        `${formatCost(timed.at(-1)!.cost)}; ${near} within 5 % of the fastest.` +
        `${hasIntervals ? " Lines: 95 % intervals." : ""}${adjusted}`,
      spec: drawSorted(section),
      head: ["rank", "ms", "95 % interval", "configuration"],
      rows: timed
        .slice(0, most.rows)
        .map(({ configuration, cost, interval }, i) => [
          String(i + 1),
          formatNumber(cost),
          interval ? interval.map(formatNumber).join(" to ") : "",
          nameConfiguration(configuration, varied),
        ]),
    },
  ];
}

function spentOf({ study, spent }: Section): readonly Figure[] {
  if (spent === undefined) return [];
  const total = spent.reduce((sum, { seconds }) => sum + seconds, 0);
  const failed = spent.reduce((sum, of) => sum + of.failed, 0);
  if (total === 0) return [];
  return [
    {
      title: "Where the time went",
      says:
        `${formatSeconds(total)} for ${count(study.trials.length, "configuration")}: ` +
        `${spent.map((of) => `${formatShare(of.seconds / total)} to ${of.stage}`).join(", ")}.` +
        `${failed === 0 ? "" : ` ${formatShare(failed / total)} went to configurations without a time.`}`,
      spec: drawSpent(spent),
      head: ["stage", "seconds", "share", "of those without a time"],
      rows: spent.map((of) => [
        of.stage,
        formatNumber(of.seconds),
        formatShare(of.seconds / total),
        formatNumber(of.failed),
      ]),
    },
  ];
}

function failuresOf({ study, failures }: Section): readonly Figure[] {
  if (failures.length === 0) return [];
  const all = failures.reduce((sum, of) => sum + of.count, 0);
  const varied = findVaried(study);
  const left = failures.length - most.failures;
  return [
    {
      title: "Failures",
      says:
        `${count(all, "configuration")} of ${study.trials.length.toLocaleString("en-US")} without a time that ` +
        `counts, by reason${left > 0 ? `; ${left} rarer reasons are in the table` : ""}.`,
      spec: drawFailures(failures, most.failures),
      head: ["status", "configurations", "an example", "its error"],
      rows: failures.map(({ status, count: number, example }) => [
        status,
        String(number),
        nameConfiguration(example.configuration, varied),
        example.error ?? "",
      ]),
    },
  ];
}

const marginalOf = (marginal: Marginal): Figure => {
  const best = marginal.values.reduce((a, b) => (b.best < a.best ? b : a));
  return {
    title: marginal.parameter,
    says:
      `Explains ${formatShare(marginal.explained)} of the variance of all times alone; ` +
      `the best one has ${String(best.value)}.`,
    spec: drawMarginal(marginal),
    head: ["value", "best ms", "median ms", "configurations"],
    rows: marginal.values.map(({ value, best: least, median, count: number }) => [
      String(value),
      formatNumber(least),
      formatNumber(median),
      String(number),
    ]),
  };
};

const pairOf = (pair: Pair): Figure => {
  const [a, b] = pair.parameters;
  const best = pair.cells.reduce((x, y) => (y.best < x.best ? y : x));
  return {
    title: `${a} and ${b}`,
    says:
      `Together they explain ${formatShare(pair.explained)} of the variance, alone ` +
      `${pair.apart.map(formatShare).join(" and ")}; the best time has ${a}=${String(best.values[0])}, ` +
      `${b}=${String(best.values[1])}. Grey: nothing with a time.`,
    spec: drawPair(pair),
    head: [a, b, "best ms", "median ms", "configurations"],
    rows: pair.cells.map(({ values, best: least, median, count: number }) => [
      ...values.map(String),
      formatNumber(least),
      formatNumber(median),
      String(number),
    ]),
  };
};
