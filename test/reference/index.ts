// The reference implementations by operator name.

import type { Reference } from "./array.ts";
import { conv2d } from "./conv2d.ts";
import { dcn_v3, dcn_v4 } from "./dcn.ts";
import { deform_conv2d } from "./deform_conv2d.ts";
import { deform_ps_roi_pool } from "./deform_ps_roi_pool.ts";
import { deform_roi_pool } from "./deform_roi_pool.ts";
import { grid_sample } from "./grid_sample.ts";
import { ms_deform_attn } from "./ms_deform_attn.ts";
import { prroi_pool } from "./prroi_pool.ts";
import { ps_roi_align } from "./ps_roi_align.ts";
import { ps_roi_pool } from "./ps_roi_pool.ts";
import { roi_align } from "./roi_align.ts";
import { roi_align_rotated } from "./roi_align_rotated.ts";
import { roi_pool } from "./roi_pool.ts";

/** The operators that have a reference implementation. */
export type OperatorName =
  | "conv2d"
  | "deform_conv2d"
  | "roi_pool"
  | "roi_align"
  | "deform_roi_pool"
  | "roi_align_rotated"
  | "prroi_pool"
  | "ps_roi_pool"
  | "ps_roi_align"
  | "deform_ps_roi_pool"
  | "grid_sample"
  | "dcn_v3"
  | "dcn_v4"
  | "ms_deform_attn";

/** The plain-loop float64 reference of each operator. */
export const references: Readonly<Record<OperatorName, Reference>> = {
  conv2d,
  deform_conv2d,
  roi_pool,
  roi_align,
  deform_roi_pool,
  roi_align_rotated,
  prroi_pool,
  ps_roi_pool,
  ps_roi_align,
  deform_ps_roi_pool,
  grid_sample,
  dcn_v3,
  dcn_v4,
  ms_deform_attn,
};
