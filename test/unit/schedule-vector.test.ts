import { describe, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { expectSame, pathOf } from "./schedule.fixtures.ts";

const vector = (stage: string, axis: string, by = 4) => ["vector", { stage, axis, by }] as const;

describe("elements at once", () => {
  it.each([1, 4, 5, 8, 13])("roi_align, %d channels", (C) => {
    for (const mode of ["avg", "max", "max_corner"])
      for (const sampling_ratio of [0, 2])
        expectSame(readOperator(pathOf("roi_align")), [vector("output", "C")], {
          present: [],
          sizes: { N: 2, C, H: 9, W: 7, R: 5 },
          attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, sampling_ratio, mode },
        });
  });
  it("roi_align's gradient", () => {
    for (const sampling_ratio of [0, 2])
      expectSame(
        backwardOf(readOperator(pathOf("roi_align"))),
        [vector("grad_input", "C")],
        {
          present: [],
          sizes: { N: 2, C: 5, H: 9, W: 7, R: 5 },
          attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, sampling_ratio },
        },
        1e-12,
      );
  });
});
