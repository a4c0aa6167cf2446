// How charts of a report look: colours are variables of the page, which has two sets of them.

import { chartConfig } from "../../page/draw.ts";

const ink = "currentColor";

/** Charts that fit a narrow screen; wide ones show several beside each other. */
export const size = { width: 340, height: 250 } as const;

/** Colours of series, told apart in light and dark and by people who see few colours. */
export const palette = [0, 1, 2, 3, 4, 5].map((i) => `var(--series-${i})`);

/** What is not the subject. */
export const muted = "var(--muted)";

/** What all charts of a report have in common. */
export const theme = {
  config: {
    ...chartConfig,
    // The page describes each chart in words and has its numbers in a table.
    aria: false,
    axis: {
      ...chartConfig.axis,
      labelFontSize: 11,
      titleFontSize: 11,
      labelColor: ink,
      titleColor: ink,
      domainColor: muted,
      tickColor: muted,
      gridColor: "var(--grid)",
      labelLimit: 150,
      labelOverlap: "greedy",
    },
    legend: {
      ...chartConfig.legend,
      labelFontSize: 11,
      titleFontSize: 11,
      titleFontWeight: "normal",
      labelColor: ink,
      titleColor: ink,
      // Widths are guessed where there is no canvas, too wide.
      labelLimit: 260,
    },
  },
  autosize: { type: "fit", contains: "padding" },
  width: size.width,
  height: size.height,
} as const;

/** What an axis of numbers spans. */
interface Scale {
  readonly type: "log" | "linear";
  readonly nice: false;
  domain: number[];
}

/** A logarithmic axis where numbers lie far apart, else one that need not begin at 0. */
export function scaleOf(values: readonly number[]): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least > 0 && most / least > 4)
    return { type: "log", nice: false, domain: [least / 1.1, most * 1.1] };
  // One value alone has some room too.
  const room = (most - least) / 20 || most / 20 || 1;
  return { type: "linear", nice: false, domain: [Math.max(0, least - room), most + room] };
}

/** Ticks of milliseconds. */
export const timeAxis = { format: "~r", tickCount: 5 } as const;
