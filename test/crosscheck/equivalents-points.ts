// Mutants of operators that sample at points, or at places of a grid, which compute the same as the right kernel.

import type { Equivalent } from "./equivalents.ts";

const extended =
  "exactly one pixel beyond the map the zero-extended image is 0; only the slope differs";
const whole = "the number is whole or it is not, by whatever rounding";

const grids: readonly Equivalent[] = [
  {
    what: /: eq as le$/,
    node: /^(mode == bilinear|padding_mode == zeros)$/,
    reason: "the number of an option's value is never negative",
  },
  {
    what: /: eq as le$/,
    node: /^padding_mode == border$/,
    reason: "asked only where padding_mode is not 0",
  },
  {
    what: /: abs as neg$/,
    node: /^abs\(\(?align_corners == true \?/,
    reason: "an image that is mirrored again and again is the same from the other side",
  },
  {
    what: /: maximum without operand 1$/,
    node: /^maximum\(2 \* \(align_corners == true \? ([HW]) - 1 : \1\), 1\)$/,
    reason: "of one row all positions are row 0, as NaN is; no axis has fewer",
  },
  {
    what: /: lt as le$/,
    node: /^0\.0 < \(padding_mode == border \?/,
    reason: "exactly at 0 a position is where it is moved to",
  },
  {
    what: /: le as lt$/,
    node: /^(-1\.0 <= \(padding_mode == zeros \?|\(padding_mode == zeros \?.* <= coord\([HW]\)$)/,
    reason: `${extended}; the nearest pixel is beyond the map, too`,
  },
  {
    what: /: lt as le$/,
    node: /^\(padding_mode == zeros \?.* < coord\([HW]\)$/,
    reason: extended,
  },
  {
    what: /: and (as or|without operand [01])$/,
    node: /^-1\.0 <= \(padding_mode == zeros \?((?! < coord).)* <= coord\([HW]\)$/,
    reason:
      "the nearest pixel of what is beyond the map is 0, and NaN fails the tests that are left",
  },
  {
    what: /: and without operand 1$/,
    node: /^-1\.0 <= .* <= coord\(H\) && -1\.0 <= \(padding_mode == zeros \?((?! <= coord).)*$/,
    reason:
      "the nearest pixel of what is beyond the map is 0, and NaN fails the tests that are left",
  },
  { what: /: floor as (ceil|round)$/, node: /^floor\(rintf\(/, reason: whole },
].map((one) => ({ ...one, of: "grid_sample" }));

const points: readonly Equivalent[] = ["dcn_v3", "dcn_v4"].map((of) => ({
  what: /: lt as le$/,
  node: /^(-1\.0 < coord\(o[hw] |coord\(o[hw] .* < coord\([HW]\)$)/,
  reason: extended,
  of,
}));

const softmaxes: readonly Equivalent[] = [
  {
    what: /^near: floorf as (ceilf|roundf)$/,
    node: /^floorf\(max over /,
    of: "dcn_v4",
    reason: "by any number near the largest the softmax is the same",
  },
  {
    what: /^(near|norm): eq as le$/,
    node: /^softmax == true$/,
    of: "dcn_v4",
    reason: "without softmax neither is read",
  },
  {
    what: /: maximum without operand 1$/,
    node: /^maximum\(norm\[.*\], 0\.5\)$/,
    of: "dcn_v4",
    reason: "of weights that are numbers the largest adds 1, and no point counts where none is",
  },
];

const levels: readonly Equivalent[] = [
  {
    what: /: floorf as (ceilf|roundf)$/,
    node: /^floorf\((shapes\[l, [01]\]|starts\[l\])\)$/,
    reason: whole,
  },
  {
    what: /: floor as (ceil|round)$/,
    node: /^floor\(.* \? (starts\[l\] : 0\.0|shapes\[l, 1\] : 1\.0)\)$/,
    reason: "starts and sizes of levels that count are whole",
  },
  {
    what: /: and without operand 1$/,
    node: /== starts\[l\]( && 1\.0 <= shapes\[l, [01]\])+$/,
    reason: "a level of no rows or columns has no pixel",
  },
  {
    what: /: lt as le$/,
    node: /^(-1\.0 < )?location\[.*\] \* shapes\[l, [01]\] - 0\.5( < shapes\[l, [01]\])?$/,
    reason: extended,
  },
  {
    what: /: (lt as le|and without operand 1)$/,
    node: /: 0\.0\)\) < shapes\[l, [01]\]$/,
    reason: "the pixel at or before a position on a level is before the level's end",
  },
  {
    what: /: and without operand 1$/,
    node: / && 0 <= floor\(.* : 0\.0\) \+ 1$/,
    reason: "the pixel after a position on a level is not before its start",
  },
  {
    what: /: and without operand 0$/,
    node: /^0 <= floor\(.* : 0\.0\) \+ 1 && coord\(floor\(.* : 0\.0\) \+ 1\) < shapes\[l, 0\]$/,
    reason: "the pixel after a position on a level is not before its start",
  },
  {
    what: /: border of value: zero as clamp$/,
    node: /^value\.zero\[b, floor\(/,
    reason: "a pixel of a level lies on the axis that all share, and others do not count",
  },
].map((one) => ({ ...one, of: "ms_deform_attn" }));

/** Their classes. */
export const ofPoints: readonly Equivalent[] = [...grids, ...points, ...softmaxes, ...levels];
