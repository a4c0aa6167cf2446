// A report as a static page: it loads nothing.

import { drawChart } from "../../page/draw.ts";
import { fillTemplate } from "../../page/fill.ts";
import { identifyConfiguration } from "../database/identity.ts";
import type { Configuration } from "../space/space.ts";
import { type Figure, figuresOf } from "./figures.ts";
import type { Matrix } from "./portability.ts";
import type { Report, Section } from "./report.ts";
import { findVaried, nameConfiguration } from "./study.ts";
import { formatCost, formatShare } from "./words.ts";

/** The page's HTML. */
export async function renderReport(report: Report): Promise<string> {
  const { sections, portability } = report;
  const drawn = [];
  for (const [i, section] of sections.entries()) drawn.push(await fillSection(section, i));
  return fillTemplate(new URL("page.html.hbs", import.meta.url), {
    title: sections.length === 1 ? sections[0]!.study.title : `${sections.length} tuned kernels`,
    several: sections.length > 1,
    sections: drawn,
    matrices: portability.map(fillMatrix),
  });
}

async function fillSection(section: Section, index: number) {
  const { study, timed } = section;
  const parts = [];
  for (const [i, { heading, figures }] of figuresOf(section).entries()) {
    const drawn = [];
    for (const [j, figure] of figures.entries())
      drawn.push(await fillFigure(figure, `c${index}-${i}-${j}`));
    parts.push({ heading, figures: drawn });
  }
  return {
    id: `s${index}`,
    title: study.title,
    label: study.label,
    lead: sayWon(section),
    winner: timed.length === 0 ? [] : listWinner(section),
    facts: Object.entries(study.facts)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => ({ name, value })),
    parts,
  };
}

async function fillFigure({ title, says, spec, head, rows }: Figure, prefix: string) {
  const svg = await drawChart(spec, prefix);
  return {
    title,
    says,
    svg: svg.replace("<svg ", `<svg role="img" aria-labelledby="${prefix}" `),
    id: prefix,
    head,
    rows,
  };
}

/** What a reader wants to know first. */
function sayWon({ study, timed }: Section): string {
  const { won, usual } = study;
  if (won === undefined || timed.length === 0) return "No configuration has a time that counts.";
  const of = (wanted: Configuration | undefined) =>
    wanted &&
    timed.find(
      ({ configuration }) => identifyConfiguration(configuration) === identifyConfiguration(wanted),
    )?.cost;
  const { ratio, how, configuration } = won;
  if (ratio !== undefined) {
    const [value, low, high] = [ratio.value, ratio.low, ratio.high].map((x) => x.toFixed(2));
    return `The best configuration is ${value} times as fast as the default (${low} to ${high}), ${how}.`;
  }
  const [own, other] = [of(configuration), of(usual)];
  const takes = own === undefined ? "" : ` takes ${formatCost(own)}`;
  const faster =
    own === undefined || other === undefined || own === other
      ? ""
      : `, ${(other / own).toFixed(2)} times as fast as the default`;
  const unknown =
    usual === undefined && study.ordered
      ? " The default is not known: kernel or space are others today."
      : "";
  return `The best configuration${takes}${faster}: ${how}.${unknown}`;
}

/** The winner's values, beside the default's where they differ. */
function listWinner({ study }: Section) {
  const { won, usual } = study;
  if (won === undefined) return [];
  return findVaried(study).map(({ name }) => {
    const [value, other] = [won.configuration[name], usual?.[name]];
    const differs = usual !== undefined && value !== other;
    return { name, value: String(value), note: differs ? `default: ${String(other)}` : "" };
  });
}

function fillMatrix({ kernel, columns, rows }: Matrix) {
  const configurations = rows.map(({ configuration }) => configuration);
  const names = [...new Set(configurations.flatMap((of) => Object.keys(of)))];
  const varied = names
    .filter((name) => new Set(configurations.map((of) => of[name])).size > 1)
    .map((name) => ({ name, values: [] }));
  return {
    kernel,
    columns: columns.map((label, i) => ({ number: i + 1, label })),
    rows: rows.map(({ configuration, won, isUsual, fractions }) => ({
      name: nameConfiguration(configuration, varied),
      note: isUsual ? "default" : "",
      cells: fractions.map((share, i) => ({
        text: share === null ? "–" : formatShare(share),
        share: share === null ? 0 : Math.round(share * 100),
        won: won.includes(columns[i]!),
      })),
    })),
  };
}
