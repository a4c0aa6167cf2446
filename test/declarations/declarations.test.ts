import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { expectAgreement, type Fill } from "./compare.ts";

const pathOf = (name: string) => new URL(`./${name}.ts`, import.meta.url).pathname;

async function run(path: string) {
  const operator = readOperator(path);
  const reference = await loadReference(path);
  return (
    inputs: Parameters<typeof runReference>[2],
    sizes: Parameters<typeof runReference>[3],
    attrs: Parameters<typeof runReference>[4],
  ) => runReference(operator, reference, inputs, sizes, attrs).output!.data;
}

const array = (shape: readonly number[], f: (i: number) => number) => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
});

describe("dcn_v4", () => {
  const sizes = { N: 2, H: 5, W: 6, G: 2, D: 3, M: 56 };
  const fill: Fill = (_, __, ___, random) => random() * 4 - 2;
  const bools = [false, true];
  const cases = bools.flatMap((softmax) =>
    bools.map((remove_center) => ({ softmax, remove_center, offset_scale: 0.75 })),
  );
  it.each(cases)("declaration and interpreter agree: %o", async (attrs) => {
    await expectAgreement(pathOf("dcn_v4"), { sizes, attrs, present: [] }, fill);
  });

  it("without offsets and with weights of 1 adds up the points of the grid", async () => {
    const dcn = await run(pathOf("dcn_v4"));
    const small = { N: 1, H: 4, W: 4, G: 1, D: 1, M: 27 };
    const input = array([1, 4, 4, 1], (i) => i);
    const offset_mask = array([1, 4, 4, 27], (i) => (i % 27 < 18 ? 0 : 1));
    // Pixel (1, 1): the nine of rows 0..2 and columns 0..2.
    expect(dcn({ input, offset_mask }, small, {})[5]).toBe(45);
    const ring = array([1, 4, 4, 27], (i) => (i % 27 < 16 ? 0 : 1));
    expect(dcn({ input, offset_mask: ring }, small, { remove_center: true })[5]).toBe(40);
  });

  it("moves a point by (x, y)", async () => {
    const dcn = await run(pathOf("dcn_v4"));
    const small = { N: 1, H: 4, W: 4, G: 1, D: 1, M: 3 };
    const input = array([1, 4, 4, 1], (i) => i);
    const offset_mask = array([1, 4, 4, 3], (i) => [0.5, 1, 2][i % 3]!);
    const attrs = { kernel: { y: 1, x: 1 }, padding: { y: 0, x: 0 } };
    expect(dcn({ input, offset_mask }, small, attrs)[0]).toBe(2 * 4.5);
  });
});

describe("ms_deform_attn", () => {
  const sizes = { B: 2, S: 26, M: 2, D: 3, L: 2, Q: 4, P: 3 };
  const levels = { shapes: [4, 5, 2, 3], starts: [0, 20] };
  const fill: Fill = (tensor, i, _, random) => {
    if (tensor === "shapes" || tensor === "starts") return levels[tensor][i]!;
    return tensor === "location" ? random() * 1.4 - 0.2 : random() * 2 - 1;
  };
  it("declaration and interpreter agree", async () => {
    await expectAgreement(pathOf("ms_deform_attn"), { sizes, attrs: {}, present: [] }, fill);
  });

  it("gives the pixel whose centre is named, of the level that is named", async () => {
    const attend = await run(pathOf("ms_deform_attn"));
    const one = { B: 1, S: 26, M: 1, D: 1, L: 2, Q: 1, P: 1 };
    const inputs = {
      value: array([1, 26, 1, 1], (i) => i + 1),
      shapes: array([2, 2], (i) => levels.shapes[i]!),
      starts: array([2], (i) => levels.starts[i]!),
      // Row 2, column 3 of the first level (4 by 5); row 1, column 0 of the second (2 by 3).
      location: array([1, 1, 1, 2, 1, 2], (i) => [3.5 / 5, 2.5 / 4, 0.5 / 3, 1.5 / 2][i]!),
      attention: array([1, 1, 1, 2, 1], (i) => [1, 10][i]!),
    };
    expect(attend(inputs, one, {})[0]).toBeCloseTo(14 + 10 * 24, 10);
  });
});
