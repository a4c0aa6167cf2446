// Golden cases computed with torchvision, and with PyTorch itself.

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

interface TorchvisionAttrs {
  readonly stride?: Pair;
  readonly pad?: Pair;
  readonly dilation?: Pair;
  readonly out?: Pair;
  readonly spatial_scale?: number;
  readonly sampling_ratio?: number;
  readonly aligned?: boolean;
  readonly clip?: "image" | "torchvision";
  readonly mode?: "bilinear" | "nearest";
  readonly padding_mode?: "zeros" | "border" | "reflection";
  readonly align_corners?: boolean;
}

/** A case of torchvision.json. */
export interface TorchvisionCase {
  readonly name: string;
  readonly op:
    | "deform_conv2d"
    | "roi_pool"
    | "roi_align"
    | "ps_roi_pool"
    | "ps_roi_align"
    | "grid_sample";
  readonly attrs: TorchvisionAttrs;
  readonly inputs: StoredTensors;
  readonly y: Stored;
  /** Absent, and so are the gradients, where its own are not those of its forward pass. */
  readonly grad_y?: Stored;
  readonly grads?: StoredTensors;
}

/** torchvision calls the input x and pads both sides alike; groups follow from the shapes. */
export function readTorchvision(source: string, stored: TorchvisionCase): GoldenCase {
  const { attrs } = stored;
  const rename = (tensors: StoredTensors) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [name === "x" ? "input" : name, revive(t)]),
    );
  return {
    name: `torchvision/${stored.name}`,
    source,
    operator: stored.op,
    inputs: rename(stored.inputs),
    attrs: present({
      stride: yx(attrs.stride),
      dilation: yx(attrs.dilation),
      padding: attrs.pad && pad(...attrs.pad),
      output_size: yx(attrs.out),
      spatial_scale: attrs.spatial_scale,
      sampling_ratio: attrs.sampling_ratio,
      aligned: attrs.aligned,
      clip: attrs.clip,
      mode: attrs.mode,
      padding_mode: attrs.padding_mode,
      align_corners: attrs.align_corners,
    }),
    expected: revive(stored.y),
    tolerance: 6e-11,
    why: "printed to 10 decimals (5e-11), and float64 rounding of the sums",
    ...(stored.grad_y && stored.grads
      ? { gradients: { output: revive(stored.grad_y), inputs: rename(stored.grads) } }
      : {}),
  };
}
