// What the position-sensitive RoI operators share: "R-FCN" (arXiv 1605.06409, section 3.1). Output channel o has a
// map of its own for each group of bins; group (g, h) of GH by GW is channel (o GH + g) GW + h of the input.

import { type Array64, type Attrs, requireShape, sizes4, type YX } from "./array.ts";

/** The sizes of a position-sensitive RoI operator. */
export interface Measured {
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly R: number;
  /** Output channels. */
  readonly O: number;
  readonly bins: YX;
  readonly groups: YX;
}

/** A pair of sizes, 0 standing for the number of bins. */
export const orBins = (size: YX, bins: YX): YX => ({ y: size.y || bins.y, x: size.x || bins.x });

/** The sizes, which must divide; `group_size` of 0 makes each bin a group. */
export function measureGroups(
  input: Array64,
  rois: Array64,
  attrs: Attrs,
  groupSize: YX,
): Measured {
  const [N, C, H, W] = sizes4("input", input);
  const R = rois.shape[0] ?? 0;
  requireShape("rois", rois, [R, 5]);
  const bins = attrs.output_size;
  if (!bins) throw new Error("output_size is required.");
  const groups = orBins(groupSize, bins);
  const O = C / (groups.y * groups.x);
  if (!Number.isInteger(O)) throw new Error(`${groups.y} by ${groups.x} do not divide ${C}.`);
  return { N, H, W, R, O, bins, groups };
}

/** The share among `shares` of equal size that bin p of `bins` begins in. */
export const shareOf = (p: number, bins: number, shares: number): number =>
  Math.trunc((p * shares) / bins);

/** The input channel of output channel o for bin (ph, pw). */
export function channelOf({ bins, groups }: Measured, o: number, ph: number, pw: number): number {
  const row = shareOf(ph, bins.y, groups.y);
  const column = shareOf(pw, bins.x, groups.x);
  return (o * groups.y + row) * groups.x + column;
}

/** The nearest whole number, halves away from zero. */
export const roundHalfAway = (value: number): number => {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
};
