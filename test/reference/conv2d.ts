// Cross-correlation as deep-learning frameworks define "conv2d": input [N, C, H, W],
// weight [O, C / groups, KH, KW], optional bias [O].

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
} from "./array.ts";
import { readExtended } from "./sample.ts";
import { measureWindow } from "./window.ts";

/** y(o, p) = bias(o) + sum over channels and taps of weight times the zero-padded input. */
export function conv2d(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, weight, bias } = takeInputs(inputs, ["input", "weight"], ["bias"]);
  const [N] = sizes4("input", input);
  const [O, I, KH, KW] = sizes4("weight", weight);
  const { stride, dilation, padding, OH, OW, groups } = measureWindow(input, weight, attrs);
  if (bias) requireShape("bias", bias, [O]);

  const output = makeArray([N, O, OH, OW]);
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const group = Math.floor(o / (O / groups));
      for (let oh = 0; oh < OH; oh++) {
        for (let ow = 0; ow < OW; ow++) {
          let total = 0;
          for (let i = 0; i < I; i++) {
            for (let kh = 0; kh < KH; kh++) {
              for (let kw = 0; kw < KW; kw++) {
                const y = oh * stride.y - padding.top + kh * dilation.y;
                const x = ow * stride.x - padding.left + kw * dilation.x;
                total += read(weight, o, i, kh, kw) * readExtended(input, n, group * I + i, y, x);
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
