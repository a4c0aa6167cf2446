// What `bench` understands, and the sentences where it does not.

import { describe, expect, it } from "vitest";
import { chooseAgainst, choosePeers, peers } from "../../bench/peers/index.ts";
import { readWorks } from "../../generators/cli/calls.ts";
import { parseFlags } from "../../generators/cli/flags.ts";
import { runCommandLine } from "../../generators/cli/main.ts";
import { layersOf, nameLayer, parseLayer, presets } from "../../generators/measure/work/layers.ts";
import { calls } from "../../generators/measure/work/networks.ts";
import { drawOffset, parseOffsets } from "../../generators/measure/work/offsets.ts";
import { startDraw } from "../../generators/measure/work/random.ts";

async function refuse(...args: readonly string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const code = await runCommandLine(["bench", ...args], { out: say, err: say });
  return { code, said: said.join("") };
}

describe("refused with one sentence", () => {
  it.each([
    ["an operator", ["deform_conv"], 1, 'there is no operator "deform_conv"; did you mean'],
    ["a size", ["grid_sample", "--shape", "H=0"], 2, "a size is a whole number from 1 on"],
    ["a name", ["grid_sample", "--shape", "HH=8"], 2, 'did you mean "H"?'],
    ["sizes in order", ["dcn_v3", "--shape", "1,64,56,56"], 2, "such as N=1,H=56,W=56,D=16,P=9"],
    ["a call", ["dcn_v3", "--shape", "P=8"], 1, "is no call of dcn_v3: mask has 8 points"],
    ["another's preset", ["dcn_v3", "--preset", "square"], 2, 'dcn_v3 has no preset "square"'],
    ["strides", ["dcn_v3", "--stride", "2"], 2, "takes --shape stride=2"],
    ["an optional tensor", ["deform_roi_pool", "--with", "ofset"], 1, 'did you mean "offset"?'],
    ["offsets of boxes", ["prroi_pool", "--offsets", "zero"], 2, "prroi_pool has none"],
    ["a shape", ["deform_conv2d", "--shape", "1,64,56"], 2, "write six whole numbers from 1 on"],
    ["a shape with 0", ["conv2d", "--shape", "1,0,5,5,4,3"], 2, "N,C,H,W,O,k"],
    ["boxes", ["roi_align", "--shape", "1,2,3"], 2, "N,C,H,W,boxes,bins"],
    ["a preset", ["deform_conv2d", "--preset", "sqare"], 2, 'did you mean "square"?'],
    ["a preset of poolings", ["roi_align", "--preset", "square"], 2, "poolings take --shape"],
    ["offsets", ["deform_conv2d", "--offsets", "normal"], 2, "write normal:2"],
    ["a peer", ["deform_conv2d", "--peers", "onnx"], 2, 'did you mean "onnxruntime"?'],
    ["threads", ["deform_conv2d", "--threads", "0"], 2, "from 1 to 256"],
    ["runs", ["deform_conv2d", "--runs", "many"], 2, "--runs many cannot be read"],
    ["adding", ["deform_conv2d", "--accumulate", "atomic"], 2, "gradients, which need --grad"],
    ["a tensor", ["deform_conv2d", "--with", "masks"], 2, 'not "masks"'],
    ["a target", ["deform_conv2d", "--target", "jss"], 2, 'did you mean "js"?'],
    ["a flag", ["deform_conv2d", "--node=--no-such-flag-of-node"], 1, "this Node does not take"],
  ])("%s", async (_, args, code, sentence) => {
    const refused = await refuse(...args);
    expect(refused.said).toContain(sentence);
    expect(refused.said.trim().split("\n")).toHaveLength(1);
    expect(refused.code).toBe(code);
  });
});

describe("read", () => {
  it("offsets", () => {
    expect(parseOffsets("normal:2.5")).toEqual({ kind: "normal", deviation: 2.5 });
    expect(parseOffsets("uniform:40")).toEqual({ kind: "uniform", most: 40 });
    expect(parseOffsets("zero")).toEqual({ kind: "zero" });
  });

  it("flags", () => {
    expect(parseFlags(undefined)).toEqual([]);
    expect(parseFlags("--max-old-space-size=100 --expose-gc")).toHaveLength(2);
  });

  it("peers", () => {
    expect(choosePeers("all")).toBe(peers);
    expect(choosePeers("none")).toEqual([]);
    expect(chooseAgainst(undefined, [])).toBeUndefined();
    expect(chooseAgainst("hand-c", peers)).toBe("hand-c");
    expect(() => chooseAgainst("hand-c", [])).toThrow("add it to --peers");
    expect(() => chooseAgainst("hand-d", peers)).toThrow('did you mean "hand-c"?');
    expect(choosePeers("im2col-js, torchvision").map(({ name }) => name)).toEqual([
      "torchvision",
      "im2col-js",
    ]);
  });

  it("layers, by the names that results give them", () => {
    const layer = parseLayer("2,3,4,5,6,7");
    expect(nameLayer(layer)).toBe("2,3,4,5,6,7");
    expect(nameLayer({ ...layer, stride: 2, G: 3, mask: true, bias: true })).toBe(
      "2,3,4,5,6,7 stride 2 3 offset groups mask bias",
    );
    for (const name of Object.keys(presets)) expect(layersOf(name).length).toBeGreaterThan(0);
  });

  it("calls of every operator, one at a time", () => {
    const usual = { stride: "1", threads: "1", peers: "none", runs: "1" };
    for (const op of ["deform_conv2d", "conv2d"]) {
      const works = readWorks(op, { ...usual, shape: ["1,2,5,4,3,3", "1,2,5,4,3,1"] });
      expect(works.map((make) => make().shape)).toEqual(["1,2,5,4,3,3", "1,2,5,4,3,1"]);
    }
    const [make] = readWorks("roi_align", { ...usual, shape: ["1,2,5,4,3,2"] });
    expect(make!().shape).toBe("1,2,5,4,3,2 ratio 2");
    const huge = { ...usual, shape: ["1,4,40000,40000,4,3"] };
    for (const op of ["deform_conv2d", "conv2d", "roi_align", "roi_pool"])
      expect(() => readWorks(op, huge)).toThrow(
        /the tensor input of 1,4,40000,40000,4,3 would have 6400000000 elements .*of up to/,
      );
    expect(() => readWorks("conv2d", { ...usual, with: "mask" })).toThrow("takes --with bias");
    expect(() => readWorks("conv2d", { ...usual, offsets: "zero" })).toThrow("conv2d has none");
  });

  it("layers of networks, whose names are shapes again", () => {
    const usual = { stride: "1" };
    for (const [op, { networks }] of Object.entries(calls)) {
      const works = readWorks(op, { ...usual, preset: Object.keys(networks) });
      expect(works.length).toBe(Object.values(networks).flatMap((one) => one.calls).length);
    }
    const [make] = readWorks("deform_roi_pool", { ...usual, shape: ["R=3,C=4,output_size=2"] });
    const { shape, tensors, upstream, operations } = make!();
    expect(shape).toMatch(/^N=1,H=50,W=68,R=3,C=4,output_size=2,.* offset$/);
    expect(tensors.offset!.shape).toEqual([3, 2, 2, 2]);
    expect(upstream.shape).toEqual([3, 4, 2, 2]);
    expect(operations).toBe(32 * 3 * 4 * 2 * 2);
    const { data } = tensors.rois!;
    for (let r = 0; r < 3; r++) {
      const [n, left, top, right, bottom] = data.subarray(5 * r, 5 * r + 5);
      expect(n).toBe(0);
      expect(left!).toBeGreaterThan(0);
      expect(right!).toBeGreaterThan(left!);
      expect(bottom!).toBeGreaterThan(top!);
      expect(right!).toBeLessThan(16 * 67);
      expect(bottom!).toBeLessThan(16 * 49);
    }
    const text = shape.split(" ")[0]!;
    const [again] = readWorks("deform_roi_pool", { ...usual, shape: [text] });
    expect(again!().shape).toBe(shape);
  });

  it("shares of a picture near where they belong, and on no pixel of any level", () => {
    const [flow] = readWorks("grid_sample", { stride: "1", shape: ["H=9,W=5,OH=4,OW=6"] });
    const grid = flow!().tensors.grid!.data;
    for (let i = 0; i < grid.length; i++) {
      const at = ((grid[i]! + 1) / 2) * (i % 2 === 0 ? 5 : 9) - 0.5;
      expect(Math.abs(at - Math.round(at))).toBeGreaterThan(5e-4);
    }
    // Offsets smaller than what counts as on a pixel end too.
    const close = { stride: "1", offsets: "normal:0.0001", shape: ["H=4,W=4,OH=4,OW=4"] };
    const [still] = readWorks("grid_sample", close);
    for (const share of still!().tensors.grid!.data) {
      const at = ((share + 1) / 2) * 4 - 0.5;
      expect(Math.abs(at - Math.round(at))).toBeGreaterThan(5e-4);
      expect(Math.abs(at - Math.round(at))).toBeLessThan(0.1);
    }
    const [decoder] = readWorks("ms_deform_attn", { stride: "1", shape: ["Q=9"] });
    const { shapes, starts, location } = decoder!().tensors;
    expect([...starts!.data]).toEqual([0, 13400, 16750, 17600]);
    expect([...shapes!.data].slice(0, 2)).toEqual([100, 134]);
    for (let i = 0; i < location!.data.length; i += 2)
      for (let l = 0; l < 4; l++) {
        const at = location!.data[i]! * shapes!.data[2 * l + 1]! - 0.5;
        expect(Math.abs(at - Math.round(at))).toBeGreaterThan(5e-4);
      }
  });
});

it("offsets never move a tap onto a pixel, except where all are 0", () => {
  const draw = startDraw(1);
  for (let i = 0; i < 1000; i++) {
    for (const offsets of [
      { kind: "normal", deviation: 2 },
      { kind: "uniform", most: 40 },
    ] as const) {
      const offset = drawOffset(offsets, draw);
      expect(Number.isInteger(offset)).toBe(false);
      expect(Math.fround(100 + offset) - 100).toBe(offset);
    }
  }
  expect(drawOffset({ kind: "zero" }, draw)).toBe(0);
});
