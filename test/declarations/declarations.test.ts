import { describe, expect, it } from "vitest";
import { readOperator } from "../../generators/frontend/operator.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { expectAgreement, type Fill, randomFrom } from "./compare.ts";

const pathOf = (name: string) => new URL(`./${name}.ts`, import.meta.url).pathname;
const own = (name: string) => new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;

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

describe("roi_align_rotated", () => {
  const sizes = { N: 2, C: 2, H: 9, W: 8, R: 3 };
  const fill: Fill = (tensor, i, columns, random) => {
    if (tensor !== "rois") return random() * 2 - 1;
    return [Math.floor(random() * 2), 4, 5, 6, 3 + random(), random() * 6][i % columns]!;
  };
  const bools = [false, true];
  const cases = [0, 2].flatMap((sampling_ratio) =>
    bools.flatMap((aligned) => bools.map((clockwise) => ({ sampling_ratio, aligned, clockwise }))),
  );
  it.each(cases)("declaration and interpreter agree: %o", async (options) => {
    const attrs = { output_size: { y: 2, x: 3 }, spatial_scale: 0.75, ...options };
    await expectAgreement(pathOf("roi_align_rotated"), { sizes, attrs, present: [] }, fill);
  });

  it("is roi_align where nothing is rotated", async () => {
    const rotated = await run(pathOf("roi_align_rotated"));
    const upright = await run(own("roi_align"));
    const random = randomFrom(3);
    const input = array([1, 1, 9, 8], random);
    const attrs = { output_size: { y: 2, x: 2 }, aligned: true };
    const one = { N: 1, C: 1, H: 9, W: 8, R: 1 };
    const box = rotated({ input, rois: array([1, 6], (i) => [0, 4, 5, 6, 4, 0][i]!) }, one, attrs);
    const same = upright({ input, rois: array([1, 5], (i) => [0, 1, 3, 7, 7][i]!) }, one, attrs);
    expect(box.length).toBe(4);
    expect(Math.max(...box.map((x, i) => Math.abs(x - same[i]!)))).toBeLessThan(1e-12);
  });

  it("turns counterclockwise, or the other way", async () => {
    const rotated = await run(pathOf("roi_align_rotated"));
    const input = array([1, 1, 9, 8], (i) => i % 8);
    const one = { N: 1, C: 1, H: 9, W: 8, R: 1 };
    const at = (clockwise: boolean) => {
      const rois = array([1, 6], (i) => [0, 4, 4.5, 4, 4, Math.PI / 2][i]!);
      return rotated({ input, rois }, one, { output_size: { y: 2, x: 1 }, clockwise });
    };
    // x = v sin + u cos: by +90 degrees the upper bin lies left of the lower one.
    const [upper, lower] = at(false);
    expect(upper!).toBeLessThan(lower!);
    expect(at(true)[0]!).toBeGreaterThan(at(true)[1]!);
  });
});
