// Numbers and names as a report writes them.

/** A number with three digits that count. */
export function formatNumber(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** Milliseconds. */
export const formatCost = (milliseconds: number): string => `${formatNumber(milliseconds)} ms`;

/** Seconds, minutes or hours. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${formatNumber(seconds)} s`;
  if (seconds < 7200) return `${formatNumber(seconds / 60)} min`;
  return `${formatNumber(seconds / 3600)} h`;
}

/** A share of 1 as percent; only the whole is 100 %. */
export function formatShare(share: number): string {
  if (share === 0 || share === 1) return `${100 * share} %`;
  return `${Math.min(99.9, 100 * share).toFixed(1)} %`;
}

/** `1 configuration`, `2 configurations`. */
export const count = (number: number, noun: string): string =>
  `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
