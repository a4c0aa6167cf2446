// Deformable convolution, "Deformable Convolutional Networks" (arXiv 1703.06211, eq. 2 to 4), and
// its modulated form, "Deformable ConvNets v2" (arXiv 1811.11168, eq. 1).
// input [N, C, H, W], offset [N, OG * 2 * K, OH, OW], weight [O, C / G, KH, KW],
// mask [N, OG * K, OH, OW] and bias [O] optional; K = KH * KW, taps counted row by row.

import {
  type Array64,
  type Attrs,
  type Inputs,
  makeArray,
  read,
  requireShape,
  sizes4,
  takeInputs,
  write,
  type YX,
} from "./array.ts";
import { sampleDcnv1, sampleZeros } from "./sample.ts";
import { measureWindow } from "./window.ts";

/** The offset channels that hold the dy and the dx of one tap of one offset group. */
function offsetChannels(
  order: "interleaved" | "rows_then_columns",
  group: number,
  tap: number,
  K: number,
): YX {
  const first = group * 2 * K;
  switch (order) {
    case "interleaved":
      return { y: first + 2 * tap, x: first + 2 * tap + 1 };
    case "rows_then_columns":
      return { y: first + tap, x: first + K + tap };
    default:
      return order satisfies never;
  }
}

/**
 * y(o, p) = bias(o) + sum over channels and taps k of
 * weight(o, c, k) * mask(k, p) * input(c, p + p_k + offset(k, p)).
 * A sample at a NaN, infinite or far position is exactly 0; edge_grad does not matter here.
 */
export function deform_conv2d(inputs: Inputs, attrs: Attrs): Array64 {
  const required = ["input", "offset", "weight"] as const;
  const { input, offset, weight, mask, bias } = takeInputs(inputs, required, ["mask", "bias"]);
  const [N, C] = sizes4("input", input);
  const [O, I, KH, KW] = sizes4("weight", weight);
  const { stride, dilation, padding, OH, OW, groups } = measureWindow(input, weight, attrs);
  const K = KH * KW;
  const offsetGroups = sizes4("offset", offset)[1] / (2 * K);
  if (!Number.isInteger(offsetGroups) || !Number.isInteger(C / offsetGroups)) {
    throw new Error(`offset must have 2 * ${K} channels for each of a divisor of ${C} groups.`);
  }
  requireShape("offset", offset, [N, offsetGroups * 2 * K, OH, OW]);
  if (mask) requireShape("mask", mask, [N, offsetGroups * K, OH, OW]);
  if (bias) requireShape("bias", bias, [O]);
  const order = attrs.offset_order ?? "interleaved";
  const sample = attrs.border === "dcnv1" ? sampleDcnv1 : sampleZeros;

  const output = makeArray([N, O, OH, OW]);
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const group = Math.floor(o / (O / groups));
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++) {
          let total = 0;
          for (let i = 0; i < I; i++) {
            const c = group * I + i;
            const og = Math.floor(c / (C / offsetGroups));
            for (let kh = 0; kh < KH; kh++) {
              for (let kw = 0; kw < KW; kw++) {
                const tap = kh * KW + kw;
                const channel = offsetChannels(order, og, tap, K);
                const dy = read(offset, n, channel.y, oh, ow);
                const dx = read(offset, n, channel.x, oh, ow);
                const y = oh * stride.y - padding.top + kh * dilation.y + dy;
                const x = ow * stride.x - padding.left + kw * dilation.x + dx;
                const modulation = mask ? read(mask, n, og * K + tap, oh, ow) : 1;
                total += read(weight, o, i, kh, kw) * modulation * sample(input, n, c, y, x);
              }
            }
          }
          write(output, [n, o, oh, ow], total + (bias ? read(bias, o) : 0));
        }
      }
    }
  }
  return output;
}
