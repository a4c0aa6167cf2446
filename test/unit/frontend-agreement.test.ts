import { describe, expect, it } from "vitest";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { isOption, optionValues } from "../../generators/ir/kernel.ts";
import { expectAgreement, type Fill } from "../declarations/compare.ts";

const pathOf = (name: string) => new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;

const fill: Fill = (tensor, i, columns, random) => {
  if (tensor === "rois" && i % columns === 0) return Math.floor(random() * 1.2);
  if (tensor === "rois") return (i % columns) * 3 + random() * 6 - 3;
  if (tensor === "offset") return random() * 6 - 3;
  return random() * 2 - 1;
};

/** Every choice of options. */
function choices(name: string): Record<string, AttrValue>[] {
  const options = readOperator(pathOf(name)).attrs.filter(isOption);
  return options.reduce<Record<string, AttrValue>[]>(
    (all, attr) =>
      all.flatMap((one) =>
        optionValues(attr).map((v) => ({
          ...one,
          [attr.name]: attr.type === "bool" ? v === "true" : v,
        })),
      ),
    [{}],
  );
}

describe.each([
  "conv2d",
  "deform_conv2d",
  "roi_pool",
  "roi_align",
  "deform_roi_pool",
  "roi_align_rotated",
  "prroi_pool",
  "ps_roi_pool",
  "ps_roi_align",
  "deform_ps_roi_pool",
])("%s", (name) => {
  const operator = readOperator(pathOf(name));
  const cases = operator.variants.flatMap((present) =>
    operator.samples.flatMap((sample) =>
      choices(name).map((options) => ({ present, sample, options })),
    ),
  );
  it.each(cases)("declaration and interpreter agree: $present $options", async (c) => {
    const attrs = { ...c.sample.attrs, ...c.options };
    await expectAgreement(pathOf(name), { sizes: c.sample.sizes, attrs, present: c.present }, fill);
  });
  it("has cases", () => expect(cases.length).toBeGreaterThan(0));
});
