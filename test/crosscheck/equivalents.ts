// Mutants that compute the same as the right kernel, by class, each with the reason.

import { ofPoints } from "./equivalents-points.ts";

/** A class of mutants: what was changed, in which expression (as dumps print it). */
export interface Equivalent {
  readonly what: RegExp;
  readonly node: RegExp;
  readonly reason: string;
  /** The operator, where the reason holds for one only. */
  readonly of?: string;
}

const options: readonly Equivalent[] = [
  {
    what: /: eq as le$/,
    node: /^(border == zeros|edge_grad == one_sided|offset_order == interleaved|mode == avg|coords == round|clip == image|reduce == max|grid == centre|border == clamp)$/,
    reason: "the number of an option's value is never negative",
  },
  {
    what: /: eq as le$/,
    node: /^mode == max$/,
    of: "roi_align",
    reason: "asked only where mode is not 0",
  },
  {
    what: /: select with its branches exchanged$/,
    node: /^edge_grad == one_sided \?/,
    reason: "edge_grad chooses a slope, not a value",
  },
];

const early = "runs begin a step early, so a first sample beyond the map is walked and counts as 0";

const sampling: readonly Equivalent[] = [
  {
    what: /: (le as lt|lt as le)$/,
    node: /^-1\.0 <=? coord\(o[hw]/,
    of: "deform_conv2d",
    reason: "at exactly -1 the zero-extended image is 0; only the slope differs",
  },
  {
    what: /: (le as lt|lt as le)$/,
    node: /^(-1\.0 <= )?\(coords == round \? .*(coord\([HW]\))?$/,
    of: "roi_pool",
    reason: "at exactly -1, H and W the zero-extended image is 0; only the slope differs",
  },
  {
    what: /: and (as or|without operand [01])$/,
    node: /^-1\.0 <= \(coords == round \?/,
    of: "roi_pool",
    reason: "only steps near the map are walked, and beyond it the zero-extended image is 0",
  },
  {
    what: /: maximum without operand 0$/,
    node: /^maximum\(0\.0, minimum\(0\.0 <= /,
    reason: "the position was replaced by 0 unless it is at least 0",
  },
  {
    what: /: border of input: zero as clamp$/,
    node: /^input\.zero\[.*, (c|o, [gp]h, [gp]w|o, idiv\(.*\)), floor\(maximum\(0\.0, minimum\(/,
    reason: "the position is clamped into the map, and the corner beyond has weight 0",
  },
  {
    what: /: and (as or|without operand [01])$/,
    node: /^-1\.0 <= rois\[r, 2\](?!.*coord\(a\))(?!.* - 1\.0 \+ 0\.5\))/,
    of: "roi_align",
    reason: early,
  },
  {
    what: /: and without operand 0$/,
    // The test of the first sample, then that of the last.
    node: /^-1\.0 <= rois\[r, 2\](?!((?! && ).)* - 1\.0 \+ 0\.5\)).* - 1\.0 \+ 0\.5\)/,
    of: "roi_align",
    reason: early,
  },
];

const turned: readonly Equivalent[] = [
  {
    what: /: (roundf as (floorf|ceilf)|sub as add)$/,
    node: /^(rois\[r, 5\] \/ \(angle == degrees \? 360\.0 : 6\.2\d+\)( - |$)|roundf\(rois\[r, 5\])/,
    of: "roi_align_rotated",
    reason:
      "whole turns more or less: only the range of angles that sines are asked for is another",
  },
];

const areas: readonly Equivalent[] = [
  {
    what: /: lt as le$/,
    node: /^1e-30 < /,
    of: "prroi_pool",
    reason: "no bin is exactly as wide or tall as the least",
  },
  {
    what: /: maximum without operand 1$/,
    node: /^maximum\(minimum\(0\.0, .* : 1\.0\) - coord\([xy]\)\), -1\.0\)$/,
    of: "prroi_pool",
    reason: "no pixel is walked that lies 1 or more beyond a bin's last edge",
  },
  {
    what: /: minimum without operand 0$/,
    node: /^minimum\(1\.0, .* : 0\.0\) - coord\([xy]\)\)$/,
    of: "prroi_pool",
    reason: "no pixel is walked that lies 1 or more before a bin's first edge",
  },
];

const boxes: readonly Equivalent[] = [
  {
    what: /: floorf as (ceilf|roundf)$/,
    node: /^floorf\(rois\[r, 0\]\)$/,
    reason: "the index is whole or it is not, by whatever rounding",
  },
  {
    what: /: (round as (floor|ceil)|sub as add|minimum without operand 1|maximum without operand 0)$/,
    node: /^(round\(rois\[r, 0\]\)|N - 1|(maximum\(0, )?minimum\(round\(rois\[r, 0\]\), N - 1\)\)?)$/,
    reason: "a batch index that is none is known by itself: its box gives 0, wherever it reads",
  },
  {
    what: /: le as lt$/,
    node: /^abs\(.*\) <= 3\.4028234663852886e\+38$/,
    reason: "a box at the largest number of f32 is beyond every map, and gives 0 either way",
  },
];

const bins: readonly Equivalent[] = [
  {
    what: /: floorf as (ceilf|roundf)$/,
    node: /^floorf\(.* \/ coord\(P[HW]\)\)$/,
    reason: "a quotient that is off by one is put right",
  },
  {
    what: /: sub as add$/,
    node: /^floorf\(.* \/ coord\(P[HW]\)\) - 1\.0$/,
    reason: "a quotient comes out too large by one only for boxes of four million pixels or more",
  },
  {
    what: /: le as eq$/,
    node: /^\(floorf\(.*\) \+ 1\.0\) \* coord\(P[HW]\) <= /,
    reason: "division misses a whole quotient only where it is exact",
  },
  {
    what: /: mul as add$/,
    node: /^\(floorf\(-\(.*\) \+ 1\.0\) \* coord\(P[HW]\)$/,
    reason: "of numbers that are not positive: the sum then is never at or below the product",
  },
  {
    what: /: neg as abs$/,
    node: /^-\(-\(coord\(p[hw] \+ 1\) \* /,
    reason: "the end of a bin is never before the start of its box",
  },
  {
    what: /: (and (as or|without operand [01])|abs as neg|le as lt)$/,
    node: /^abs\(coords == round \? \(coords == round \?/,
    reason: "a span that is not finite is of a box that gives 0, however far it is walked",
  },
  {
    what: /: ceil as (floor|round)$/,
    node: /^ceil\(coords == round \?/,
    reason: "the bounds of a bin are whole",
  },
  {
    what: /: maximum without operand 1$/,
    node: /^maximum\(\(.*, 1\.0\)$/,
    reason: "a box of some width has a pixel in each bin, unless rounding loses that width",
  },
];

const clipped: readonly Equivalent[] = [
  {
    what: /: abs as neg$/,
    node: /^abs\(coords == round \? roundf\(rois\[r, [12]\] \* spatial_scale\) : .* \* spatial_scale\)$/,
    of: "ps_roi_pool",
    reason: "a box that begins at no ordinary number has no pixel in any bin",
  },
  {
    what: /: and without operand 1$/,
    node: /roundf\(rois\[r, [12]\]\) \* spatial_scale\) <= 3\.4028234663852886e\+38$/,
    of: "ps_roi_pool",
    reason: "a box that begins at no ordinary number has no pixel in any bin",
  },
  {
    what: /: minimum without operand 1$/,
    node: /^minimum\(coords == round \?(?!.*coord\(p[hw] \+ 1\))/,
    of: "ps_roi_pool",
    reason: "a bin that begins beyond the image has no pixel",
  },
  {
    what: /: maximum without operand 0$/,
    node: /^maximum\(0\.0, minimum\(coords == round \?.*coord\(p[hw] \+ 1\)/,
    of: "ps_roi_pool",
    reason: "a bin that ends before the image has no pixel",
  },
  {
    what: /: (abs as neg|and (as or|without operand [01]))$/,
    node: /^abs\(maximum\(0\.0, minimum\(coords == round \?/,
    of: "ps_roi_pool",
    reason: "the ends of a bin are moved onto the image, so they are ordinary numbers",
  },
  {
    what: /: (ceil as (floor|round)|(maximum|minimum) without operand 1)$/,
    node: /^((maximum|minimum)\()?ceil\(maximum\(0\.0, minimum\(coords == round \?/,
    of: "ps_roi_pool",
    reason: "the ends of a bin are whole and on the image",
  },
];

const unbounded: readonly Equivalent[] = [
  {
    what: /: abs as neg$/,
    node: /^abs\(\(?roundf\(rois\[r, [1-4]\]\)( \+ 1\.0\))? \* spatial_scale - 0\.5\)$/,
    of: "deform_ps_roi_pool",
    reason: "a box that is not finite has no sample; the test is for slopes",
  },
  {
    what: /: and without operand 1$/,
    node: /abs\(roundf\(rois\[r, [12]\]\) \* spatial_scale - 0\.5\) <= 3\.4028234663852886e\+38$/,
    of: "deform_ps_roi_pool",
    reason: "a box that is not finite has no sample; the test is for slopes",
  },
];

/** All classes. */
export const equivalents: readonly Equivalent[] = [
  ...options,
  ...sampling,
  ...turned,
  ...areas,
  ...boxes,
  ...clipped,
  ...unbounded,
  ...ofPoints,
  ...bins.flatMap((one) => ["roi_pool", "ps_roi_pool"].map((of) => ({ ...one, of }))),
];
