// Cases drawn from signatures: reproducible, varied, and what their names say.

import { describe, expect, it } from "vitest";
import {
  type Case,
  drawCase,
  kindsFor,
  listCases,
  listTiled,
} from "../../generators/check/cases.ts";
import { divisors } from "../../generators/check/sizes.ts";
import { allVariants, nameVariant, pairwiseVariants } from "../../generators/check/variants.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";

const names = ["conv2d", "deform_conv2d", "roi_pool", "roi_align", "deform_roi_pool"] as const;
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));
const named = (name: string): Operator => operators.find((o) => o.name === name)!;

function draw(operator: Operator, id: string): Case {
  const drawn = drawCase(operator, id, allVariants(operator));
  if ("undrawn" in drawn) throw new Error(`${id}: ${drawn.undrawn}`);
  return drawn;
}

/** The case of a kind for the plainest variant. */
function first(operator: Operator, kind: string, number = 0): Case {
  return draw(operator, `${nameVariant(operator, allVariants(operator)[0]!)}/${kind}/${number}`);
}

describe("variants", () => {
  it("cover every pair of choices with few", () => {
    const operator = named("deform_conv2d");
    const all = allVariants(operator);
    const few = pairwiseVariants(operator);
    expect(all.length).toBe(4 * 2 * 2 * 2);
    expect(few.length).toBeLessThan(9);
    const options = ["border", "offset_order", "edge_grad"] as const;
    for (const [i, a] of options.entries())
      for (const b of options.slice(i + 1))
        for (const x of [0, 1])
          for (const y of [0, 1])
            expect(few.some((v) => v.options[a] === x && v.options[b] === y)).toBe(true);
    for (const tensor of ["mask", "bias"])
      for (const given of [true, false])
        for (const x of [0, 1])
          expect(
            few.some((v) => v.present.includes(tensor) === given && v.options.border === x),
          ).toBe(true);
  });

  it("leave out what the operator refuses", () => {
    const found = allVariants(named("roi_pool")).map((v) => nameVariant(named("roi_pool"), v));
    expect(found).toContain("offset,reduce=mean,coords=real");
    expect(found.some((name) => name.startsWith("offset,reduce=max"))).toBe(false);
  });
});

describe("cases", () => {
  it("are made again from their names", () => {
    for (const operator of operators) {
      const id = listCases(operator, allVariants(operator)[0]!, 2, 5).at(-1)!;
      expect(id.endsWith("/random/6")).toBe(true);
      expect(draw(operator, id)).toEqual(draw(operator, id));
    }
    expect(first(named("conv2d"), "random", 1)).not.toEqual(first(named("conv2d"), "random", 2));
  });

  it("refuse names that mean nothing", () => {
    const operator = named("conv2d");
    const all = allVariants(operator);
    expect(() => drawCase(operator, "mask/random/1", all)).toThrow("has no variant mask");
    for (const id of ["none/odd/1", "none/random/x", "none/random", "none/random/1/2"])
      expect(() => drawCase(operator, id, all)).toThrow("is not the name of a case");
  });

  it.each(names)("of every kind and pair of options can be drawn for %s", (name) => {
    const operator = named(name);
    for (const variant of pairwiseVariants(operator))
      for (const id of listCases(operator, variant, 1))
        expect(drawCase(operator, id, allVariants(operator))).not.toHaveProperty("undrawn");
  });

  it("of odd coordinates are for operators that have some", () => {
    expect(kindsFor(named("conv2d"))).not.toContain("nan");
    expect(kindsFor(named("roi_align"))).toContain("nan");
  });

  it.each([
    ["conv2d", "O", ["N", "OH", "OW"]],
    ["deform_conv2d", "O", ["N", "OH", "OW"]],
  ] as const)("of %s have several tiles in each direction", (name, row, columns) => {
    const operator = named(name);
    const [id, ...others] = listTiled(operator, pairwiseVariants(operator));
    expect(others).toEqual([]);
    const { sizes } = draw(operator, id!).numbers;
    expect(sizes[row]! / sizes.groups!).toBeGreaterThan(64);
    expect(columns.reduce((n, axis) => n * sizes[axis]!, 1)).toBeGreaterThan(64);
    expect(sizes.I).toBeGreaterThan(16);
    for (const axis of [row, "I"]) expect(sizes[axis]! % 16).not.toBe(0);
  });

  it("of several tiles are for operators that have products", () => {
    expect(listTiled(named("roi_pool"), pairwiseVariants(named("roi_pool")))).toEqual([]);
  });

  it("are what their kinds say", () => {
    const deform = named("deform_conv2d");
    const roi = named("roi_pool");
    expect(first(deform, "empty").numbers.sizes.N).toBe(0);
    expect(first(roi, "empty").numbers.sizes.R).toBe(0);
    const groups = first(deform, "groups");
    const { sizes, attrs, options } = groups.numbers;
    const counts = divisors(deform.kernel([]), sizes, attrs, options);
    expect(counts.some((a) => counts.some((b) => a > 1 && b > a && b % a !== 0))).toBe(true);
    const covering = first(deform, "covering").numbers.sizes;
    expect([covering.OH, covering.OW]).toEqual([1, 1]);
    const some = (of: Case, tensor: string, f: (v: number) => boolean) =>
      expect(of.inputs[tensor]!.data.some(f)).toBe(true);
    some(first(deform, "nan"), "offset", Number.isNaN);
    some(first(roi, "infinite"), "rois", (v) => Math.abs(v) === Number.POSITIVE_INFINITY);
    some(first(deform, "huge"), "offset", (v) => Math.abs(v) > 1e9);
    expect(first(roi, "negative").inputs.input!.data.every((v) => v < 0)).toBe(true);
    expect(first(deform, "zero").inputs.offset!.data.every((v) => v === 0)).toBe(true);
    expect(first(deform, "whole").inputs.offset!.data.every(Number.isInteger)).toBe(true);
    const { height, width } = { height: 8, width: 8 };
    some(first(roi, "far"), "rois", (v) => Math.abs(v) > 64 * Math.max(height, width));
  });

  it("have batch indices inside the batch, and attributes as f32 holds them", () => {
    for (let number = 0; number < 10; number++) {
      const { inputs, numbers } = first(named("roi_align"), "random", number);
      const { data } = inputs.rois!;
      for (let r = 0; r < data.length; r += 5) {
        expect(Number.isInteger(data[r])).toBe(true);
        expect(data[r]!).toBeGreaterThanOrEqual(0);
        expect(data[r]!).toBeLessThan(numbers.sizes.N!);
      }
      for (const value of Object.values(numbers.attrs)) expect(Math.fround(value)).toBe(value);
    }
  });
});
