// Results as pictures: what Vega is to draw.

import type { PositionFieldDef } from "vega-lite/types_unstable/channeldef.js";
import { chartConfig as config, type TopLevelSpec } from "../../generators/page/draw.ts";
import type { Peaks } from "../machine/peaks.ts";
import type { BenchRecord } from "../report.ts";

const kinds = ["warpweave", "others"] as const;
const colors = ["#1f6f8b", "#b9b4a7"] as const;

const kindOf = ({ target }: BenchRecord): (typeof kinds)[number] =>
  target === null ? "others" : "warpweave";

/** A colour for each contender of ours, one for all others. */
const seriesOf = (record: BenchRecord): string =>
  record.target === null ? kinds[1] : record.contender;

const palette = ["#1f6f8b", "#d1495b", "#66a182", "#edae49", "#8d5a97", "#2e4057"] as const;

const isTimed = (record: BenchRecord): boolean => record.gflops !== null;

/** Operations a second, of a time in milliseconds. */
const rateOf = ({ gflops, median_ms }: BenchRecord, milliseconds: number): number =>
  (gflops! * median_ms!) / milliseconds;

/**
 * A bar for each contender of one call: GFLOP/s of the median, with a line to that of the fastest
 * run, and a mark at that of the processor time where there is one thread.
 */
export function barsOf(records: readonly BenchRecord[]): TopLevelSpec {
  const values = records.filter(isTimed).map((record) => ({
    contender: record.contender,
    gflops: record.gflops!,
    most: rateOf(record, record.min_ms!),
    cpu: record.threads === 1 ? rateOf(record, record.cpu_ms!) : record.gflops!,
    end: Math.max(rateOf(record, record.min_ms!), rateOf(record, record.cpu_ms!)),
    kind: kindOf(record),
    said: `${record.gflops!.toPrecision(3)}   (${record.median_ms!.toPrecision(3)} ms)`,
  }));
  const sort = values.toSorted((a, b) => b.gflops - a.gflops).map(({ contender }) => contender);
  const y = { field: "contender", type: "nominal", sort, title: null } as const;
  return {
    data: { values },
    width: 480,
    height: { step: 22 },
    config,
    encoding: { y },
    layer: [
      {
        mark: { type: "bar", height: 15 },
        encoding: {
          x: {
            field: "gflops",
            type: "quantitative",
            title: "GFLOP/s, by the median (line: fastest run, mark: processor time)",
          },
          color: {
            field: "kind",
            type: "nominal",
            scale: { domain: [...kinds], range: [...colors] },
          },
        },
      },
      {
        mark: { type: "rule", color: "#444" },
        encoding: {
          x: { field: "gflops", type: "quantitative" },
          x2: { field: "most" },
        },
      },
      {
        mark: { type: "tick", color: "#111", thickness: 2, height: 15 },
        encoding: { x: { field: "cpu", type: "quantitative" } },
      },
      {
        mark: { type: "text", align: "left", dx: 6, fontSize: 11, color: "#333" },
        encoding: {
          x: { field: "end", type: "quantitative" },
          text: { field: "said" },
        },
      },
    ],
  };
}

/** Speed of the fastest run over operations for each byte, below what the machine can do. */
export function rooflineOf(records: readonly BenchRecord[], peaks: Peaks): TopLevelSpec {
  // The usual way of each alone: others lie close to it.
  const timed = records.filter((record) => isTimed(record) && !record.contender.includes(", "));
  const ends = timed.flatMap(({ intensity }) => intensity ?? []);
  const [least, most] = [Math.min(...ends) / 2, Math.max(...ends) * 2];
  const domain = [least, most];
  const roofs = peaks.roofs.flatMap(({ name, gflops }) => {
    const ridge = gflops / peaks.bandwidth;
    const at = [least, ridge, most].filter((x) => x >= least && x <= most);
    return at.map((x) => ({ name, x, y: Math.min(gflops, x * peaks.bandwidth) }));
  });
  const labels = peaks.roofs.map(({ name, gflops }) => ({
    x: most,
    y: Math.min(gflops, most * peaks.bandwidth),
    said: `${name}: ${gflops.toPrecision(3)}`,
  }));
  const points = timed.map((record) => ({
    x: record.intensity,
    y: rateOf(record, record.min_ms!),
    series: seriesOf(record),
  }));
  const ours = [...new Set(points.map(({ series }) => series))].filter((s) => s !== kinds[1]);
  const range = [...ours.map((_, i) => palette[i % palette.length]!), colors[1]];
  const x: PositionFieldDef<string> = {
    field: "x",
    type: "quantitative",
    scale: { type: "log", domain },
    axis: { format: "~g", tickCount: 6 },
    title: "operations for each byte of inputs and results",
  };
  const y = {
    field: "y",
    type: "quantitative",
    scale: { type: "log" },
    axis: { format: "~g", tickCount: 6 },
    title: "GFLOP/s",
  } as const;
  return {
    width: 620,
    height: 380,
    config,
    layer: [
      {
        data: { values: roofs },
        mark: { type: "line", color: "#999", strokeDash: [5, 3] },
        encoding: { x, y, detail: { field: "name" } },
      },
      {
        data: { values: labels },
        mark: { type: "text", align: "right", dy: -7, fontSize: 11, color: "#666" },
        encoding: { x, y, text: { field: "said" } },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 60, opacity: 0.85 },
        encoding: {
          x,
          y,
          color: {
            field: "series",
            type: "nominal",
            scale: { domain: [...ours, kinds[1]], range },
          },
        },
      },
    ],
  };
}
