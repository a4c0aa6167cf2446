// Results as a static page: it loads nothing.

import { drawChart } from "../../generators/page/draw.ts";
import { fillTemplate } from "../../generators/page/fill.ts";
import type { Environment } from "../environment.ts";
import type { Peaks } from "../machine/peaks.ts";
import { type BenchRecord, formatNumber } from "../report.ts";
import { barsOf, rooflineOf } from "./charts.ts";

/** All that a page shows. */
export interface Results {
  readonly op: string;
  readonly environment: Environment;
  readonly peaks: Peaks;
  readonly records: readonly BenchRecord[];
}

/** Records of one call together, in their order. */
function groupCalls(records: readonly BenchRecord[]): readonly (readonly BenchRecord[])[] {
  const calls = new Map<string, BenchRecord[]>();
  for (const record of records) {
    const { op, shape, grad, threads } = record;
    const key = JSON.stringify([op, shape, grad, threads]);
    calls.set(key, [...(calls.get(key) ?? []), record]);
  }
  return [...calls.values()];
}

const rowOf = (r: BenchRecord) => ({
  contender: r.contender,
  ours: r.target !== null,
  median: r.median_ms === null ? "not timed" : formatNumber(r.median_ms),
  min: formatNumber(r.min_ms),
  cpu: formatNumber(r.cpu_ms),
  max: formatNumber(r.max_ms),
  gflops: formatNumber(r.gflops),
  speedup: formatNumber(r.speedup, " ×"),
  speedupMin: formatNumber(r.speedup_min, " ×"),
  speedupCpu: formatNumber(r.speedup_cpu, " ×"),
  peak: formatNumber(r.peak_mib),
  workspace: formatNumber(r.workspace_mib),
  packing: formatNumber(r.packing_ms),
  error: r.error === null ? "NaN, 0, shape" : r.error.toExponential(1),
  counted: r.counted,
  device: [r.device, ...Object.entries(r.versions).map(([name, v]) => `${name} ${v}`)].join(", "),
});

/** The page's HTML. */
export async function renderPage({ op, environment, peaks, records }: Results): Promise<string> {
  const calls = [];
  for (const call of groupCalls(records)) {
    const [first] = call;
    const { shape, grad, threads } = first!;
    // Charts are of operations a second; of some calls nobody has counted them.
    const timed = call.some(({ gflops }) => gflops !== null);
    calls.push({
      title: `${shape}${grad ? ", forward and all gradients" : ""}`,
      threads: threads === 1 ? "1 thread" : `${threads} threads`,
      bars: timed ? await drawChart(barsOf(call)) : "",
      rows: call.map(rowOf),
    });
  }
  const timed = records.some(({ gflops }) => gflops !== null);
  const roofline = timed ? await drawChart(rooflineOf(records, peaks)) : "";
  return fillTemplate(new URL("page.html.hbs", import.meta.url), {
    op,
    environment: { ...environment, load: environment.load.toFixed(1) },
    bandwidth: peaks.bandwidth.toPrecision(3),
    bandwidthBy: peaks.bandwidthBy,
    roofline,
    calls,
  });
}
