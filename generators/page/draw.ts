// Charts as SVG text by Vega, which is loaded when something is drawn: packages that are installed
// without it do everything else.

import type { Spec } from "vega";
import type { TopLevelSpec } from "vega-lite";
import { codeOf, UserError } from "../messages/errors.ts";

export type { TopLevelSpec } from "vega-lite";

/** What charts of all pages have in common. */
export const chartConfig = {
  font: "system-ui, sans-serif",
  background: "transparent",
  axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 260 },
  legend: { labelFontSize: 12, labelLimit: 300, title: null, orient: "top" },
  view: { stroke: null },
} as const;

/** Vega, or a sentence about what to install. */
async function loadVega() {
  try {
    return await Promise.all([import("vega"), import("vega-lite")]);
  } catch (error) {
    if (codeOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError(
      "charts are drawn by two packages that are not installed: `npm install vega vega-lite`",
    );
  }
}

/** Refuses where charts could not be drawn, before work is done for nothing. */
export async function checkCharts(): Promise<void> {
  await loadVega();
}

/** A chart as SVG text; names inside it begin with `prefix`, so that charts of one page differ. */
export async function drawChart(spec: TopLevelSpec, prefix = ""): Promise<string> {
  const [vega, vegaLite] = await loadVega();
  const compiled: Spec = vegaLite.compile(spec).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return prefix === "" ? svg : svg.replaceAll(/(\bid="|url\(#)(?=clip|gradient)/g, `$1${prefix}-`);
}
