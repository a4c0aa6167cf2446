import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AttrSpec,
  formatAttribute,
  parseAttribute,
  parseAttributes,
} from "../../generators/cli/attributes.ts";
import { UserError } from "../../generators/cli/errors.ts";
import { editDistance, findNearest, suggestName } from "../../generators/messages/nearest.ts";

const SPECS: readonly AttrSpec[] = [
  { name: "stride", type: "pair", default: 1, min: 1, doc: "step of the kernel" },
  { name: "padding", type: "sides", default: 0, min: 0, doc: "zeros around the map" },
  { name: "spatial_scale", type: "real", default: 1, min: 0, max: 16, doc: "map over picture" },
  { name: "sampling_ratio", type: "int", default: 0, doc: "samples of a bin; 0 adapts" },
  { name: "aligned", type: "bool", default: false, doc: "half a pixel shift" },
  {
    name: "border",
    type: "choice",
    default: "zeros",
    values: ["zeros", "dcnv1"],
    doc: "what lies outside",
  },
];
const SIZED: readonly AttrSpec[] = [
  { name: "output_size", type: "pair", min: 1, doc: "bins", max: 100 },
];

function parse(...texts: string[]) {
  return parseAttributes(texts, SPECS, "some_op");
}

describe("attributes", () => {
  test("defaults, in declared order and full form", () => {
    const values = parse();
    expect(values).toStrictEqual({
      stride: { y: 1, x: 1 },
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
      spatial_scale: 1,
      sampling_ratio: 0,
      aligned: false,
      border: "zeros",
    });
    expect(Object.keys(values)).toStrictEqual(SPECS.map((spec) => spec.name));
  });

  test.each([
    ["stride=2", "stride", { y: 2, x: 2 }],
    ["stride=2,1", "stride", { y: 2, x: 1 }],
    [" stride = 2 , 1 ", "stride", { y: 2, x: 1 }],
    ["padding=3", "padding", { top: 3, left: 3, bottom: 3, right: 3 }],
    ["padding=1,0", "padding", { top: 1, left: 0, bottom: 1, right: 0 }],
    ["padding=1,2,3,4", "padding", { top: 1, left: 2, bottom: 3, right: 4 }],
    ["spatial_scale=0.25", "spatial_scale", 0.25],
    ["spatial_scale=.5", "spatial_scale", 0.5],
    ["spatial_scale=6.25e-2", "spatial_scale", 0.0625],
    ["sampling_ratio=-1", "sampling_ratio", -1],
    ["sampling_ratio=-0", "sampling_ratio", 0],
    ["aligned=true", "aligned", true],
    ["aligned=False", "aligned", false],
    ["border=dcnv1", "border", "dcnv1"],
  ])("%s", (text, name, value) => {
    expect(parse(text)).toStrictEqual({ ...parse(), [name]: value });
  });

  test.each([
    ["strid=2", 'some_op has no attribute "strid"; did you mean "stride"?'],
    ["Aligned=true", 'has no attribute "Aligned"; did you mean "aligned"?'],
    ["bananas=2", 'has no attribute "bananas"; there are: stride, padding, spatial_scale'],
    ["__proto__=2", 'has no attribute "__proto__"'],
    ["stride", "--attr stride is not of the form name=value"],
    ["=2", "--attr =2 is not of the form name=value"],
    ["stride=", "stride has no value; write one whole number or two (y,x)"],
    ["stride=0", "stride=0 is out of range; allowed is at least 1"],
    ["stride=1,-2", "stride=1,-2 is out of range; allowed is at least 1"],
    ["stride=1.5", "stride=1.5 cannot be read; write one whole number or two (y,x)"],
    ["stride=1,2,3", "stride=1,2,3 cannot be read"],
    ["stride=1,", "stride=1, cannot be read"],
    ["stride=2147483648", "out of range; allowed is from 1 to 2147483647"],
    ["stride=99999999999999999999", "is out of range"],
    ["stride=0x10", "cannot be read"],
    ["stride=1e1", "cannot be read"],
    ["padding=1,2,3", "write one whole number, two (y,x) or four (top,left,bottom,right)"],
    ["spatial_scale=NaN", "spatial_scale=NaN cannot be read; write one number"],
    ["spatial_scale=Infinity", "cannot be read"],
    ["spatial_scale=1e999", "cannot be read"],
    ["spatial_scale=-1", "spatial_scale=-1 is out of range; allowed is from 0 to 16"],
    ["spatial_scale=16.5", "allowed is from 0 to 16"],
    ["spatial_scale=1,2", "cannot be read; write one number"],
    ["spatial_scale=--1", "cannot be read"],
    ["aligned=1", "aligned=1 cannot be read; write true or false"],
    ["border=dcnv", 'border=dcnv is not one of zeros, dcnv1; did you mean "dcnv1"?'],
    ["border=Zeros", 'did you mean "zeros"?'],
    ["sampling_ratio=two", "sampling_ratio=two cannot be read; write one whole number"],
  ])("%s is refused", (text, message) => {
    expect(() => parse(text)).toThrow(UserError);
    expect(() => parse(text)).toThrow(message);
  });

  test("a name given twice, a required one not given", () => {
    expect(() => parse("stride=2", "stride=2")).toThrow("stride is given more than once");
    expect(() => parseAttributes([], SIZED, "roi_pool")).toThrow(
      "roi_pool needs the attribute output_size: one whole number or two (y,x) (bins)",
    );
    expect(parseAttributes(["output_size=7,5"], SIZED, "roi_pool")).toStrictEqual({
      output_size: { y: 7, x: 5 },
    });
  });

  test("an operator without attributes", () => {
    expect(parseAttributes([], [], "op")).toStrictEqual({});
    expect(() => parseAttributes(["a=1"], [], "op")).toThrow('no attribute "a"; there are none');
  });

  test("what is formatted is read again", () => {
    const part = fc.integer({ min: -3, max: 3 });
    const sides = fc.record({ top: part, left: part, bottom: part, right: part });
    const spec = (type: AttrSpec["type"]): AttrSpec => ({ name: "a", type, doc: "" });
    fc.assert(
      fc.property(sides, fc.record({ y: part, x: part }), (four, two) => {
        // Zero has one sign here: attributes of whole numbers have no -0.
        expect(parseAttribute(spec("sides"), formatAttribute(four))).toEqual(four);
        expect(parseAttribute(spec("pair"), formatAttribute(two))).toEqual(two);
      }),
    );
    expect(formatAttribute({ top: 1, left: 2, bottom: 1, right: 2 })).toBe("1,2");
    const real = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((x) => !Object.is(x, -0));
    fc.assert(
      fc.property(real, (x) => {
        expect(parseAttribute(spec("real"), formatAttribute(x))).toBe(x);
      }),
    );
  });
});

describe("nearest names", () => {
  test.each([
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["roi_pool", "roi_pool", 0],
    ["flaw", "lawn", 2],
  ])("from %j to %j", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  const operators = ["conv2d", "deform_conv2d", "roi_pool", "roi_align"];
  test.each([
    ["deform_conv", "deform_conv2d"],
    ["deformconv2d", "deform_conv2d"],
    ["ROI_ALIGN", "roi_align"],
    ["roi_lapin", "roi_align"],
    ["roi_aling", "roi_align"],
    ["softmax", undefined],
    ["x", undefined],
  ])("%s", (typed, meant) => {
    expect(findNearest(typed, operators)).toBe(meant);
  });

  test("in a sentence", () => {
    expect(suggestName("roipool", operators)).toBe('did you mean "roi_pool"?');
    expect(suggestName("x", ["c", "js"])).toBe("there are: c, js");
    expect(suggestName("C", ["c", "js"])).toBe('did you mean "c"?');
    expect(suggestName("softmax", operators)).toBe(`there are: ${operators.join(", ")}`);
  });
});
