// What the two convolutions share: output sizes and channel groups.

import { type Array64, type Attrs, type Padding, sizes4, type YX } from "./array.ts";

/** The geometry of a convolution: attributes with their defaults, output sizes, channel groups. */
export interface Window {
  readonly stride: YX;
  readonly dilation: YX;
  readonly padding: Padding;
  readonly OH: number;
  readonly OW: number;
  /** Channel groups G: output channel o reads input channels of group floor(o / (O / G)). */
  readonly groups: number;
}

/** Output positions along one axis: floor((padded - dilation (kernel - 1) - 1) / stride) + 1. */
function countPositions(padded: number, kernel: number, stride: number, dilation: number): number {
  const positions = Math.floor((padded - dilation * (kernel - 1) - 1) / stride) + 1;
  if (!(positions > 0)) throw new Error("The dilated kernel is larger than the padded input.");
  return positions;
}

/** Reads off the geometry of a convolution of `input` with `weight`. */
export function measureWindow(input: Array64, weight: Array64, attrs: Attrs): Window {
  const [, C, H, W] = sizes4("input", input);
  const [O, I, KH, KW] = sizes4("weight", weight);
  const stride = attrs.stride ?? { y: 1, x: 1 };
  const dilation = attrs.dilation ?? { y: 1, x: 1 };
  const padding = attrs.padding ?? { top: 0, left: 0, bottom: 0, right: 0 };
  if ("y" in padding) throw new Error("padding has four sides.");
  const groups = C / I;
  if (!Number.isInteger(groups) || !Number.isInteger(O / groups)) {
    throw new Error(`${C} input channels by ${I} do not form groups that divide ${O} outputs.`);
  }
  const OH = countPositions(H + padding.top + padding.bottom, KH, stride.y, dilation.y);
  const OW = countPositions(W + padding.left + padding.right, KW, stride.x, dilation.x);
  return { stride, dilation, padding, OH, OW, groups };
}
