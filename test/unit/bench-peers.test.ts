// The parts of peers that need none of their packages: baselines as they were, models by the format.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeModel, nodeOf } from "../../bench/peers/onnx.ts";
import { encodeMessage } from "../../bench/peers/protobuf.ts";
import { makeConv, makeDeformConv } from "../../generators/measure/work/convolution.ts";
import { parseLayer, parsePooling } from "../../generators/measure/work/layers.ts";
import { makeRoiAlign } from "../../generators/measure/work/pooling.ts";

const hashes = {
  "dcn_bwd_c.c": "45d933899dc905534818deb755115cabf090f7b0323943d64cb24f9c617b89d1",
  "dcn_c.c": "189955723a8970feb865ec2de238b6036c85857601d7f5fd8cfb5182fb37be0b",
  "dcn_js.mjs": "11b5f27abaabe87ad11b5898fa554870d45bcae930184723fe6e3f765d4ea389",
  "dcn_wasm.mjs": "895db4146516e4c6d40bb9fb99da60530735937b877846e0371a8136e99aa0af",
  "roi_align_c.py": "9d9fac4169cea1990a116d5eab26f675e74fa4973fedc6d7fa735dff915f4178",
  "wgsl_bench.mjs": "ad123243a016c8576c633ef4383b77aa80271dedee4a77b64a653c8e676199ee",
} as const;

it.each(Object.entries(hashes))("the baseline %s is as it was", (name, hash) => {
  const text = readFileSync(new URL(`../../bench/baselines/${name}`, import.meta.url));
  expect(createHash("sha256").update(text).digest("hex")).toBe(hash);
});

describe("protocol buffers", () => {
  it("are written as their documentation's examples", () => {
    // Field 1 with the integer 150, field 2 with the text "testing", field 3 with the first message.
    const message = encodeMessage([
      [1, 150n],
      [2, "testing"],
      [3, [[1, 150n]]],
      [4, -2.5],
      [5, -1n],
    ]);
    expect(Buffer.from(message).toString("hex")).toBe(
      "089601120774657374696e671a0308960125000020c028ffffffffffffffffff01",
    );
  });
});

describe("models", () => {
  it("hold the weights, and take the other tensors", () => {
    const work = makeDeformConv(
      { ...parseLayer("1,2,5,4,3,3"), mask: true, bias: true },
      { kind: "normal", deviation: 2 },
    );
    const node = nodeOf(work)!;
    expect(node.inputs.map(([name]) => name)).toEqual([
      "input",
      "weight",
      "offset",
      "bias",
      "mask",
    ]);
    const bytes = Buffer.from(encodeModel(node, work.upstream.shape));
    const { data } = work.tensors.weight!;
    expect(bytes.includes(Buffer.from(data.buffer))).toBe(true);
    expect(bytes.includes(Buffer.from(work.tensors.input!.data.buffer))).toBe(false);
    for (const word of ["DeformConv", "offset_group", "output"])
      expect(bytes.includes(word)).toBe(true);
  });

  it("say what ONNX calls an operator, where it has it", () => {
    expect(nodeOf(makeConv(parseLayer("1,2,5,4,3,3")))).toMatchObject({ type: "Conv" });
    const align = nodeOf(makeRoiAlign(parsePooling("2,3,9,8,4,2")))!;
    const [, boxes, batch] = align.inputs.map(([, feed]) => feed!);
    expect([boxes!.shape, batch!.shape]).toEqual([[4, 4], [4]]);
    expect([...batch!.data].every((image) => image === 0n || image === 1n)).toBe(true);
    expect(nodeOf({ ...makeConv(parseLayer("1,2,5,4,3,3")), op: "other" })).toBeUndefined();
  });
});
