// ONNX models of one node, by the field numbers of onnx.proto3.

import type { Work } from "../../generators/measure/work/work.ts";
import { encodeMessage, type Field, type Message } from "./protobuf.ts";

/** An input of the model: numbers of one type with their shape. */
export interface Feed {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A node with its inputs; those that are constant may be prepared once by who runs it. */
export interface NodeCall {
  readonly type: string;
  readonly opset: bigint;
  /** In the node's order; a blank stands for one that is left out. */
  readonly inputs: readonly (readonly [name: string, feed: Feed | undefined, constant?: true])[];
  readonly attributes: Readonly<Record<string, bigint | number | string | readonly bigint[]>>;
}

const [FLOAT, INT64] = [1n, 7n];

function encodeAttribute(name: string, value: NodeCall["attributes"][string]): Message {
  if (typeof value === "bigint")
    return [
      [1, name],
      [3, value],
      [20, 2n],
    ];
  if (typeof value === "number")
    return [
      [1, name],
      [2, value],
      [20, 1n],
    ];
  if (typeof value === "string")
    return [
      [1, name],
      [4, value],
      [20, 3n],
    ];
  return [[1, name], ...value.map((one): Field => [8, one]), [20, 7n]];
}

const typeOf = ({ data }: Feed): bigint => (data instanceof Float32Array ? FLOAT : INT64);

const valueInfo = (name: string, type: bigint, shape: readonly number[]): Message => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, type],
          [2, shape.map((size): Field => [1, [[1, BigInt(size)]]])],
        ],
      ],
    ],
  ],
];

/** The model's bytes; its output is `output`. */
export function encodeModel(
  { type, opset, inputs, attributes }: NodeCall,
  shape: readonly number[],
) {
  const given = inputs.flatMap(([name, feed, constant]) =>
    feed ? [{ name, feed, constant: constant === true }] : [],
  );
  const node: Message = [
    ...inputs.map(([name, feed]): Field => [1, feed ? name : ""]),
    [2, "output"],
    [3, type],
    [4, type],
    ...Object.entries(attributes).map(([n, value]): Field => [5, encodeAttribute(n, value)]),
  ];
  const constants = given.filter(({ constant }) => constant);
  const graph: Message = [
    [1, node],
    [2, "graph"],
    ...constants.map(({ name, feed }): Field => {
      const { buffer, byteOffset, byteLength } = feed.data;
      const raw = new Uint8Array(buffer, byteOffset, byteLength);
      const dims = feed.shape.map((size): Field => [1, BigInt(size)]);
      return [5, [...dims, [2, typeOf(feed)], [8, name], [9, raw]]];
    }),
    ...given
      .filter(({ constant }) => !constant)
      .map(({ name, feed }): Field => [11, valueInfo(name, typeOf(feed), feed.shape)]),
    [12, valueInfo("output", FLOAT, shape)],
  ];
  return encodeMessage([
    [1, 9n],
    [2, "warpweave"],
    [7, graph],
    [
      8,
      [
        [1, ""],
        [2, opset],
      ],
    ],
  ]);
}

const pads = (padding: number) => Array.from({ length: 4 }, () => BigInt(padding));

/** The node of a call, or undefined where ONNX has none. */
export function nodeOf({ op, tensors, numbers }: Work): NodeCall | undefined {
  const { input, offset, weight, mask, bias, rois } = tensors;
  const { K = 0, G = 1, P = 0, stride = 1, padding = 0, ratio = 0, scale = 1 } = numbers;
  const window = {
    kernel_shape: [BigInt(K), BigInt(K)],
    strides: [BigInt(stride), BigInt(stride)],
    pads: pads(padding),
    dilations: [1n, 1n],
  };
  switch (op) {
    case "deform_conv2d":
      return {
        type: "DeformConv",
        opset: 19n,
        inputs: [
          ["input", input],
          ["weight", weight, true],
          ["offset", offset],
          ...(bias || mask ? [["bias", bias, true] as const] : []),
          ...(mask ? [["mask", mask] as const] : []),
        ],
        attributes: { ...window, group: 1n, offset_group: BigInt(G) },
      };
    case "conv2d":
      return {
        type: "Conv",
        opset: 19n,
        inputs: [
          ["input", input],
          ["weight", weight, true],
          ...(bias ? [["bias", bias, true] as const] : []),
        ],
        attributes: { ...window, group: 1n },
      };
    case "roi_align": {
      const R = rois!.shape[0]!;
      const boxes = Float32Array.from({ length: 4 * R }, (_, i) => {
        return rois!.data[5 * Math.floor(i / 4) + 1 + (i % 4)]!;
      });
      const batch = BigInt64Array.from({ length: R }, (_, r) => BigInt(rois!.data[5 * r]!));
      return {
        type: "RoiAlign",
        opset: 16n, // 22 is not registered on the CPU.
        inputs: [
          ["input", input],
          ["rois", { shape: [R, 4], data: boxes }],
          ["batch", { shape: [R], data: batch }],
        ],
        attributes: {
          coordinate_transformation_mode: "output_half_pixel",
          mode: "avg",
          output_height: BigInt(P),
          output_width: BigInt(P),
          sampling_ratio: BigInt(ratio),
          spatial_scale: scale,
        },
      };
    }
    case "roi_pool":
      return {
        type: "MaxRoiPool",
        opset: 16n,
        inputs: [
          ["input", input],
          ["rois", rois],
        ],
        attributes: { pooled_shape: [BigInt(P), BigInt(P)], spatial_scale: scale },
      };
    default:
      return undefined;
  }
}
