// Golden cases of mmcv's own tests.

import { makeArray } from "../reference/array.ts";
import { type GoldenCase, revive, type Stored } from "./case.ts";

/** A case of mmcv.json: a layer whose offsets are 0, with 2 by 2 bins of 2 by 2 samples. */
export interface MmcvCase {
  readonly name: string;
  readonly x: Stored;
  readonly rois: Stored;
  readonly y: Stored;
  /** For an adjoint of 1 everywhere. The layer's predictor of offsets passes none on: it is 0. */
  readonly grad_x: Stored;
}

/** The layer as a call of deform_roi_pool. */
export function readMmcv(source: string, stored: MmcvCase): GoldenCase {
  const expected = revive(stored.y);
  const output = makeArray(expected.shape);
  output.data.fill(1);
  return {
    name: `mmcv/${stored.name}`,
    source,
    operator: "deform_roi_pool",
    inputs: {
      input: revive(stored.x),
      rois: revive(stored.rois),
      offset: makeArray([stored.rois.shape[0]!, 2, 2, 2]),
    },
    attrs: { output_size: { y: 2, x: 2 }, sampling_ratio: 2 },
    expected,
    tolerance: 1e-14,
    why: "the numbers are exact, and so nearly is float64",
    gradients: { output, inputs: { input: revive(stored.grad_x) } },
  };
}
