// Loss and accuracy over the epochs, with their spread over the seeds, as one SVG.

import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { RunRecord } from "./records.ts";
import type { Task, Variant } from "./settings.ts";
import { summarize } from "./statistics.ts";

/** A point of a curve: a value after an epoch, over all seeds. */
export interface CurvePoint {
  readonly variant: string;
  readonly epoch: number;
  readonly mean: number;
  /** The mean less and plus a standard deviation. */
  readonly low: number;
  readonly high: number;
}

/** What is drawn of each task. */
const measures = {
  loss: { title: "test loss (nats)", of: (epoch: RunRecord["epochs"][number]) => epoch.loss },
  accuracy: {
    title: "test accuracy (%)",
    of: (epoch: RunRecord["epochs"][number]) => 100 * epoch.accuracy,
  },
} as const;

const tasks: Readonly<Record<Task, string>> = {
  digits: "Digits: 0 to 3 deformable convolutions",
  boxes: "Digits in boxes: RoI pooling",
};

// Okabe and Ito's colours, which people with any colour vision tell apart; and dashes beside them.
const black = "#000000";
const blue = "#0072B2";
const orange = "#D55E00";
const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [2, 3],
  [7, 3],
  [1, 0],
];

const colourOf = ({ deformable, modulated }: Variant): string =>
  deformable === 0 ? black : modulated ? orange : blue;

/** The points of all curves of a task, from at least one finished run for each. */
export function curvePoints(
  task: Task,
  measure: keyof typeof measures,
  records: readonly RunRecord[],
): readonly CurvePoint[] {
  const own = records.filter((record) => record.task === task);
  const names = [...new Set(own.map(({ variant }) => variant))];
  return names.flatMap((variant) => {
    const runs = own.filter((record) => record.variant === variant);
    return runs[0]!.epochs.map(({ epoch }, i) => {
      const { mean, deviation } = summarize(
        runs.map((run) => measures[measure].of(run.epochs[i]!)),
      );
      return { variant, epoch, mean, low: mean - deviation, high: mean + deviation };
    });
  });
}

/** Draws the curves of both tasks. */
export async function drawCurves(
  variants: readonly Variant[],
  records: readonly RunRecord[],
): Promise<string> {
  const view = new vega.View(vega.parse(compile(specify(variants, records)).spec), {
    renderer: "none",
  });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function specify(variants: readonly Variant[], records: readonly RunRecord[]): TopLevelSpec {
  const shown = (Object.keys(tasks) as Task[]).filter((task) =>
    records.some((record) => record.task === task),
  );
  const rows = shown.map((task) => ({
    title: { text: tasks[task], anchor: "start" as const },
    // One legend for both panels, beside the second.
    resolve: { legend: { color: "independent", strokeDash: "independent" } },
    hconcat: (["loss", "accuracy"] as const).map((measure) =>
      panel(
        variants.filter((variant) => variant.task === task),
        curvePoints(task, measure, records),
        measures[measure].title,
        measure === "accuracy",
      ),
    ),
  }));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    vconcat: rows,
    spacing: 28,
    resolve: { scale: { color: "independent", strokeDash: "independent" } },
    config: {
      font: "Helvetica, Arial, sans-serif",
      title: { fontSize: 14, color: "#1d2327" },
      // Without a canvas, text is measured only roughly: room is left for it.
      axis: {
        labelFontSize: 11,
        labelFlush: false,
        titleFontSize: 12,
        titleFontWeight: "normal",
        titlePadding: 12,
        labelColor: "#333",
        titleColor: "#333",
      },
      legend: { labelFontSize: 12, labelLimit: 300, labelColor: "#333", symbolSize: 900 },
      view: { stroke: "#cccccc" },
    },
  } as TopLevelSpec;
}

function panel(
  variants: readonly Variant[],
  values: readonly CurvePoint[],
  title: string,
  legend: boolean,
) {
  const domain = variants.map(({ name }) => name);
  // Lines as they are drawn, not the bands.
  const lines = {
    title: null,
    symbolType: "stroke",
    symbolOpacity: 1,
    symbolStrokeWidth: 2,
    symbolFillColor: "transparent",
  };
  const colour = {
    field: "variant",
    type: "nominal",
    scale: { domain, range: variants.map(colourOf) },
    legend: legend ? lines : null,
  };
  const dash = {
    field: "variant",
    type: "nominal",
    scale: { domain, range: variants.map(({ deformable }) => dashes[deformable]) },
    legend: legend ? lines : null,
  };
  const x = {
    field: "epoch",
    type: "quantitative",
    title: "epoch",
    axis: { tickMinStep: 1, format: "d", grid: false },
    scale: { nice: false, zero: false },
  };
  return {
    width: 300,
    height: 220,
    data: { values },
    layer: [
      {
        mark: { type: "area", opacity: 0.1 },
        encoding: {
          x,
          y: { field: "low", type: "quantitative", title, scale: { zero: false } },
          y2: { field: "high" },
          color: colour,
        },
      },
      {
        mark: { type: "line", strokeWidth: 2 },
        encoding: {
          x,
          y: { field: "mean", type: "quantitative", title, scale: { zero: false } },
          color: colour,
          strokeDash: dash,
        },
      },
    ],
  };
}
