// One generated kernel in an application: the bundle holds it and nothing of the compiler.

import { roi_align } from "warpweave/js/roi_align";

const size = 16;

/** A picture whose values say where they are: row and column, as 3.07 for row 3, column 7. */
const input = {
  data: Float32Array.from(
    { length: size * size },
    (_, i) => Math.floor(i / size) + (i % size) / 100,
  ),
  shape: [1, 1, size, size],
};

/** Picture 0, from (2, 4) to (10, 12): x1, y1, x2, y2. */
const rois = { data: Float32Array.of(0, 2, 4, 10, 12), shape: [1, 5] };

const { data, shape } = roi_align({ input, rois }, { output_size: 4, sampling_ratio: 2 });

const rows = Array.from({ length: 4 }, (_, row) =>
  Array.from(data.subarray(4 * row, 4 * row + 4), (value) => value.toFixed(2)).join("  "),
);
const result = document.getElementById("result");
if (result) result.textContent = [`shape ${shape.join(" × ")}`, ...rows].join("\n");
