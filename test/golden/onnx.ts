// Golden cases of ONNX: the backend node tests of DeformConv, RoiAlign and GridSample.

import { type Array64, makeArray } from "../reference/array.ts";
import {
  type GoldenCase,
  type Pair,
  pad,
  present,
  revive,
  type Stored,
  type StoredTensors,
  yx,
} from "./case.ts";

interface OnnxAttrs {
  readonly pads?: readonly [number, number, number, number];
  readonly strides?: Pair;
  readonly dilations?: Pair;
  readonly coordinate_transformation_mode?: "half_pixel" | "output_half_pixel";
  readonly mode?: "avg" | "max" | "linear" | "nearest";
  readonly padding_mode?: "zeros" | "border" | "reflection";
  readonly align_corners?: 0 | 1;
  readonly output_height?: number;
  readonly output_width?: number;
  readonly sampling_ratio?: number;
  readonly spatial_scale?: number;
}

/** A case of onnx.json. */
export interface OnnxCase {
  readonly name: string;
  readonly op: "DeformConv" | "RoiAlign" | "GridSample";
  readonly attrs: OnnxAttrs;
  readonly node_inputs: readonly string[];
  readonly inputs: StoredTensors;
  readonly outputs: StoredTensors;
}

/** ONNX keeps the image numbers of RoIs in a tensor of their own. */
function mergeRois(rois: Stored, images: Stored): Array64 {
  const rows = images.data.map((n, r) => [n, ...rois.data.slice(4 * r, 4 * r + 4)]);
  return makeArray([rows.length, 5], rows.flat());
}

/** ONNX names a node's inputs by place; an optional one that is left out has an empty name. */
export function readOnnx(source: string, stored: OnnxCase): GoldenCase {
  const { attrs } = stored;
  const expected = Object.values(stored.outputs)[0];
  if (!expected) throw new Error(`${stored.name} has no output.`);
  const input = (index: number): Stored | undefined => {
    const name = stored.node_inputs[index];
    return name ? stored.inputs[name] : undefined;
  };
  const tensor = (index: number): Stored => {
    const found = input(index);
    if (!found) throw new Error(`${stored.name} lacks input ${index}.`);
    return found;
  };
  const common = { name: `onnx/${stored.name}`, source, expected: revive(expected) };
  switch (stored.op) {
    case "DeformConv": {
      const [weight, offset, bias, mask] = [tensor(1), tensor(2), input(3), input(4)];
      return {
        ...common,
        operator: "deform_conv2d",
        inputs: {
          input: revive(tensor(0)),
          offset: revive(offset),
          weight: revive(weight),
          ...(bias && { bias: revive(bias) }),
          ...(mask && { mask: revive(mask) }),
        },
        attrs: present({
          stride: yx(attrs.strides),
          dilation: yx(attrs.dilations),
          padding: attrs.pads && pad(...attrs.pads),
        }),
        tolerance: 4e-6,
        why: "computed in float32: one ulp (2^-18) of a result between 32 and 64",
      };
    }
    case "RoiAlign": {
      const { output_height, output_width } = attrs;
      if (!output_height || !output_width) throw new Error(`${stored.name} has no output size.`);
      const max = attrs.mode === "max";
      return {
        ...common,
        operator: "roi_align",
        inputs: { input: revive(tensor(0)), rois: mergeRois(tensor(1), tensor(2)) },
        attrs: {
          ...present({
            spatial_scale: attrs.spatial_scale,
            sampling_ratio: attrs.sampling_ratio,
          }),
          output_size: { y: output_height, x: output_width },
          // ONNX defines half_pixel as the default, and its maximum over the weighted corners.
          aligned: (attrs.coordinate_transformation_mode ?? "half_pixel") === "half_pixel",
          mode: max ? "max_corner" : "avg",
        },
        tolerance: max ? 1e-6 : 1e-4,
        why: max
          ? "two float32 positions below 16, each rounded by at most 2^-21, weigh a value below 1"
          : "input and result are each printed to 4 decimals (5e-5 each)",
      };
    }
    case "GridSample":
      return {
        ...common,
        operator: "grid_sample",
        inputs: { input: revive(tensor(0)), grid: revive(tensor(1)) },
        attrs: present({
          mode: attrs.mode === "nearest" ? "nearest" : "bilinear",
          padding_mode: attrs.padding_mode,
          align_corners: attrs.align_corners === undefined ? undefined : attrs.align_corners === 1,
        }),
        tolerance: 1e-6,
        why: "computed in float32: a result up to 15 and the position it is read at, rounded by 2^-22",
      };
    default:
      return stored.op satisfies never;
  }
}
