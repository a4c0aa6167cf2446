// How offsets are drawn.

import { UsageError } from "../../messages/errors.ts";
import type { Draw } from "./random.ts";

/** How offsets are drawn, in pixels: their deviation, their range, or none. */
export type Offsets =
  | { readonly kind: "normal"; readonly deviation: number }
  | { readonly kind: "uniform"; readonly most: number }
  | { readonly kind: "zero" };

/**
 * Offsets between multiples of 1/1024: coordinates are exact in f32 then, so that all who compute
 * them agree on which side of a pixel they are, and no difference of results is one of rounding a
 * coordinate.
 */
export function drawOffset(offsets: Offsets, draw: Draw): number {
  const between = (value: number): number => (Math.floor(value * 1024) + 0.5) / 1024;
  switch (offsets.kind) {
    case "normal":
      return between(offsets.deviation * draw.normal());
    case "uniform":
      return between(offsets.most * (2 * draw.uniform() - 1));
    case "zero":
      return 0;
    default:
      return offsets satisfies never;
  }
}

/** As they are written on the command line and in keys. */
export function printOffsets(offsets: Offsets): string {
  switch (offsets.kind) {
    case "normal":
      return `normal:${offsets.deviation}`;
    case "uniform":
      return `uniform:${offsets.most}`;
    case "zero":
      return "zero";
    default:
      return offsets satisfies never;
  }
}

/** `normal:2`, `uniform:40` or `zero`. */
export function parseOffsets(text: string): Offsets {
  const [kind, amount] = text.split(":", 2) as [string, string?];
  const pixels = Number(amount);
  const isAmount = amount !== undefined && /^\d+(\.\d+)?$/.test(amount) && pixels > 0;
  // Multiples of 1/2048 of up to 2^13 pixels are exact in f32.
  if (isAmount && pixels > 1000)
    throw new UsageError(`--offsets ${text} is too far; coordinates are exact up to 1000 pixels`);
  if (kind === "zero" && amount === undefined) return { kind };
  if (kind === "normal" && isAmount) return { kind, deviation: pixels };
  if (kind === "uniform" && isAmount) return { kind, most: pixels };
  throw new UsageError(
    `--offsets ${text} cannot be read; write normal:2 (deviation in pixels), uniform:40 (at most) or zero`,
  );
}
