import { describe, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { expectSame, pathOf } from "./schedule.fixtures.ts";

const layout = (of: string, axes: string) => ["layout", { of, axes }] as const;
const vector = (stage: string, axis: string, by = 4) => ["vector", { stage, axis, by }] as const;

describe("axes in another order", () => {
  const roi = {
    present: [],
    sizes: { N: 2, C: 5, H: 9, W: 7, R: 5 },
    attrs: { output_size: { y: 3, x: 2 }, spatial_scale: 0.5, sampling_ratio: 2 },
  };
  const operator = readOperator(pathOf("roi_align"));
  it("of a tensor that is read with border rules", () => {
    expectSame(operator, [layout("input", "N H W C"), vector("output", "C")], roi);
  });
  it("of a result", () => {
    expectSame(operator, [layout("output", "R PH PW C"), vector("output_rphpwc", "C")], roi);
  });
  it("of what is added to", () => {
    expectSame(
      backwardOf(operator),
      [layout("grad_input", "N H W C"), vector("grad_input_nhwc", "C")],
      roi,
      1e-12,
    );
  });
});
