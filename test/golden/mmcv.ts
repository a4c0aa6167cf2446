// Golden cases of mmcv's own tests.

import { type Array64, type Attrs, makeArray } from "../reference/array.ts";
import { type GoldenCase, revive, type Stored } from "./case.ts";

/** A case of mmcv.json: 2 by 2 bins of the boxes of a small image. */
export interface MmcvCase {
  readonly name: string;
  readonly operator: MmcvOperator;
  readonly x: Stored;
  readonly rois: Stored;
  readonly y: Stored;
  /** For an adjoint of 1 everywhere, as grad_rois. */
  readonly grad_x: Stored;
  readonly grad_rois?: Stored;
}

type MmcvOperator = "deform_roi_pool" | "roi_align_rotated" | "prroi_pool";

interface Call {
  readonly attrs: Attrs;
  /** Further inputs, given how many boxes there are. */
  readonly inputs: (boxes: number) => Readonly<Record<string, Array64>>;
  readonly tolerance: number;
  readonly why: string;
}

const exact = { tolerance: 1e-14, why: "the numbers are exact, and so nearly is float64" };

const calls: Readonly<Record<MmcvOperator, Call>> = {
  // A layer whose predictor of offsets is 0, and passes no gradient on.
  deform_roi_pool: {
    attrs: { sampling_ratio: 2 },
    inputs: (boxes) => ({ offset: makeArray([boxes, 2, 2, 2]) }),
    ...exact,
  },
  roi_align_rotated: { attrs: { sampling_ratio: 2 }, inputs: () => ({}), ...exact },
  prroi_pool: {
    attrs: {},
    inputs: () => ({}),
    tolerance: 1e-6,
    why: "computed in float32, up to 14 and of several sums, and printed with 8 decimals",
  },
};

/** A case as a call of its operator. */
export function readMmcv(source: string, stored: MmcvCase): GoldenCase {
  const { attrs, inputs, tolerance, why } = calls[stored.operator];
  const expected = revive(stored.y);
  const output = makeArray(expected.shape);
  output.data.fill(1);
  const { grad_rois } = stored;
  return {
    name: `mmcv/${stored.name}`,
    source,
    operator: stored.operator,
    inputs: {
      input: revive(stored.x),
      rois: revive(stored.rois),
      ...inputs(stored.rois.shape[0]!),
    },
    attrs: { output_size: { y: 2, x: 2 }, ...attrs },
    expected,
    tolerance,
    why,
    gradients: {
      output,
      inputs: { input: revive(stored.grad_x), ...(grad_rois && { rois: revive(grad_rois) }) },
      ...(stored.operator === "prroi_pool" && { tolerance }),
    },
  };
}
