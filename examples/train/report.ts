// What the demonstration found, in words, tables and pictures: report.md and index.html say the same.

import { readFileSync } from "node:fs";
import { escapeHtml } from "../quickstart/page.ts";
import type { RunRecord } from "./records.ts";
import type { Settings, Task } from "./settings.ts";
import type { Summary } from "./statistics.ts";
import { type Against, type DilationRow, grounds, judge, type Row } from "./summary.ts";

/** A part of a report, written as Markdown and as HTML. */
export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: "figure"; readonly file: string; readonly text: string };

/** Everything that a report is made of. */
export interface Findings {
  readonly settings: Settings;
  readonly quick: boolean;
  readonly rows: readonly Row[];
  readonly dilation: readonly DilationRow[];
  readonly records: readonly RunRecord[];
  /** Processor, Node and workers, in a sentence. */
  readonly machine: string;
  readonly pictures: { readonly curves: string; readonly positions?: string };
}

/** A mean with its standard deviation over seeds. */
export const formatSummary = ({ mean, deviation, n }: Summary, digits: number): string =>
  n === 1 ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

const probability = (p: number): string => (p < 0.001 ? "< 0.001" : p.toFixed(3));

/** A variant's comparison with the plain network, as one sentence. */
export function describeAgainst(name: string, against: Against): string {
  const { mean, deviation, interval, n, p, adjusted } = against;
  const found = {
    better: "better than the plain network",
    worse: "worse than the plain network",
    "not distinguished": "no difference shown",
  }[judge(against)];
  const [low, high] = interval;
  return (
    `${name}: ${found}. ${signed(mean)} points, spread over seeds ${deviation.toFixed(1)} (n = ${n}), ` +
    `95 % interval ${signed(low)} to ${signed(high)}, p = ${probability(p)}, ` +
    `adjusted ${probability(adjusted)}.`
  );
}

const resultHead = ["network", "parameters", "test accuracy (%)", "test loss", "CPU seconds"];
const againstHead = ["against plain (points)", "95 % interval", "p", "adjusted p", "verdict"];

function resultTable(rows: readonly Row[]): Block {
  const compared = rows.some(({ against }) => against !== undefined);
  return {
    kind: "table",
    head: compared ? [...resultHead, ...againstHead] : resultHead,
    rows: rows.map((row) => [
      row.name,
      String(row.parameters),
      formatSummary(row.accuracy, 1),
      formatSummary(row.loss, 2),
      formatSummary(row.cpuSeconds, 1),
      ...(compared ? againstCells(row.against) : []),
    ]),
  };
}

function againstCells(against: Against | undefined): readonly string[] {
  if (against === undefined) return againstHead.map(() => "");
  const { mean, deviation, interval, p, adjusted } = against;
  return [
    `${signed(mean)} ± ${deviation.toFixed(1)}`,
    interval.map(signed).join(" to "),
    probability(p),
    probability(adjusted),
    judge(against),
  ];
}

function taskBlocks(task: Task, title: string, about: string, findings: Findings): Block[] {
  const rows = findings.rows.filter((row) => row.task === task);
  if (rows.length === 0) return [];
  const sentences = rows.flatMap(({ name, against }) =>
    against ? [describeAgainst(name, against)] : [],
  );
  const { epochs, batch, digits, views, scenes } = findings.settings[task];
  const seeds = rows[0]!.seeds;
  const said = seeds.length < 2 ? ["One seed: nothing is compared."] : sentences;
  return [
    { kind: "heading", text: title },
    {
      kind: "text",
      text:
        `${about} Images of ${scenes.size} × ${scenes.size}; ${digits} training digits in a new image ` +
        `each epoch, ${epochs} epochs, ${batch} images a step; tested on other digits, each in ` +
        `${views} images. Seeds: ${seeds.join(", ")}; a seed gives all networks the same digits, images ` +
        "and initial weights.",
    },
    resultTable(rows),
    ...said.map((text) => ({ kind: "text" as const, text })),
  ];
}

/** The report, part by part. */
export function composeReport(findings: Findings): readonly Block[] {
  const { quick, machine, records, pictures, dilation } = findings;
  const total = (of: (record: RunRecord) => number): string =>
    records.reduce((sum, record) => sum + of(record), 0).toFixed(0);
  return [
    {
      kind: "text",
      text:
        `${quick ? "A quick run, which shows that everything works and nothing else. " : ""}` +
        `${records.length} networks, trained on generated kernels by TensorFlow.js (backend cpu): ` +
        `${total(({ cpuSeconds }) => cpuSeconds)} CPU seconds in all, ` +
        `${total(({ seconds }) => seconds)} seconds of waiting added over networks. ${machine}`,
    },
    ...taskBlocks(
      "digits",
      "Deformable convolutions",
      "A digit, turned, scaled and sheared at random; the last 0 to 3 of three 3×3 convolutions are " +
        "deformable.",
      findings,
    ),
    ...taskBlocks(
      "boxes",
      "Deformable RoI pooling",
      "Three digits in an image, their boxes given; each box is pooled in 3×3 bins and classified.",
      findings,
    ),
    { kind: "heading", text: "Curves" },
    {
      kind: "figure",
      file: pictures.curves,
      text: "Test loss and accuracy after each epoch: mean over seeds, band of one standard deviation.",
    },
    ...(pictures.positions === undefined ? [] : positionBlocks(pictures.positions, dilation)),
    {
      kind: "text",
      text:
        "± is the standard deviation over seeds (n − 1). Differences are paired by seed: Student's t, " +
        "two-sided, p adjusted for the comparisons of a task by Holm's method; the verdict is at 5 %. " +
        "Digits: Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, CC BY 4.0.",
    },
  ];
}

function positionBlocks(file: string, dilation: readonly DilationRow[]): readonly Block[] {
  return [
    { kind: "heading", text: "Where the networks sample" },
    {
      kind: "figure",
      file,
      text:
        "What one unit of the last of three 3×3 layers sees: 9³ = 729 places, without and with learned " +
        "offsets. Units and images are chosen by size alone.",
    },
    {
      kind: "text",
      text:
        "Effective dilation: how far neighbouring taps lie apart (1 without offsets), by what is at the " +
        "unit's middle; digits in thirds by size; mean and standard deviation over seeds.",
    },
    {
      kind: "table",
      head: ["network", "layer", ...grounds],
      rows: dilation.map(({ variant, layer, values }) => [
        variant,
        String(layer),
        ...grounds.map((ground) => formatSummary(values[ground], 2)),
      ]),
    },
  ];
}

/** A report as Markdown. */
export function formatMarkdown(title: string, blocks: readonly Block[]): string {
  const parts = blocks.map((block) => {
    switch (block.kind) {
      case "heading":
        return `## ${block.text}`;
      case "text":
        return block.text;
      case "figure":
        return `![${block.text}](${block.file})\n\n${block.text}`;
      case "table":
        return [block.head, block.head.map((_, i) => (i === 0 ? "---" : "--:")), ...block.rows]
          .map((row) => `| ${row.join(" | ")} |`)
          .join("\n");
      default:
        return block satisfies never;
    }
  });
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}

const style = readFileSync(new URL("../quickstart/page.css", import.meta.url), "utf8");

/** A report as a page beside its pictures, readable without a network. */
export function formatPage(title: string, blocks: readonly Block[]): string {
  // Short cells are numbers and names, which are not broken.
  const cell = (text: string, tag: string): string =>
    `<${tag}${text.length < 20 ? ' class="number"' : ""}>${escapeHtml(text)}</${tag}>`;
  const cells = (row: readonly string[], tag: string): string =>
    `<tr>${row.map((text) => cell(text, tag)).join("")}</tr>`;
  const parts = blocks.map((block) => {
    switch (block.kind) {
      case "heading":
        return `<h2>${escapeHtml(block.text)}</h2>`;
      case "text":
        return `<p>${escapeHtml(block.text)}</p>`;
      case "figure":
        return `<figure><img src="${block.file}" alt="${escapeHtml(block.text)}">
<figcaption>${escapeHtml(block.text)}</figcaption></figure>`;
      case "table":
        return `<div class="scroll"><table>${cells(block.head, "th")}
${block.rows.map((row) => cells(row, "td")).join("\n")}</table></div>`;
      default:
        return block satisfies never;
    }
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
${style}</style>
<h1>${escapeHtml(title)}</h1>
${parts.join("\n")}
</html>
`;
}
