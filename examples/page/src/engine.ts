// What computes: the operator forward, and its gradient with respect to the offsets.

import type { Offsets } from "./field.ts";
import { type Extent, paddingOf, resultExtent, type Shape } from "./geometry.ts";

/** One call of the operator; arrays that are the same object hold what they held before. */
export interface Call {
  readonly photo: Extent;
  readonly shape: Shape;
  /** [1, 3, H, W], values from 0 to 1. */
  readonly input: Float32Array<ArrayBuffer>;
  readonly offsets: Offsets;
  /** [3, 1, size, size]. */
  readonly weight: Float32Array<ArrayBuffer>;
}

/** An array, and how long its kernel took, without copying to and from the device. */
export interface Timed {
  readonly data: Float32Array<ArrayBuffer>;
  readonly milliseconds: number;
  /** Whether the time has compiling in it, which later calls do not. */
  readonly compiled?: boolean;
}

/** Computes on one device. */
export interface Engine {
  /** The result [1, 3, OH, OW]. */
  forward(call: Call): Promise<Timed>;
  /** The gradient of the offsets, shaped as they are. */
  backward(call: Call, gradient: Float32Array<ArrayBuffer>): Promise<Timed>;
  close(): void;
}

/** The tensors of a call with their shapes, as the JavaScript kernels take them. */
export function tensorsOf({ photo, shape, input, offsets, weight }: Call) {
  const out = resultExtent(photo, shape);
  const { size } = shape;
  return {
    input: { data: input, shape: [1, 3, photo.height, photo.width] },
    offset: { data: offsets.data, shape: [1, 2 * size * size, out.height, out.width] },
    weight: { data: weight, shape: [3, 1, size, size] },
  };
}

/** The attributes of a call. */
export const attributesOf = ({ shape }: Call) => ({
  stride: shape.stride,
  padding: paddingOf(shape),
  dilation: shape.dilation,
});

/** Every scalar of the kernels, by name. */
export function scalarsOf(call: Call): Readonly<Record<string, number>> {
  const { photo, shape } = call;
  const { stride, padding, dilation } = attributesOf(call);
  const out = resultExtent(photo, shape);
  return {
    ...{ N: 1, C: 3, H: photo.height, W: photo.width },
    ...{ G: 1, KH: shape.size, KW: shape.size, OH: out.height, OW: out.width },
    // Each colour is a group of its own.
    ...{ O: 3, I: 1, groups: 3 },
    ...{ stride_y: stride, stride_x: stride, dilation_y: dilation, dilation_x: dilation },
    ...{ padding_top: padding, padding_left: padding },
    ...{ padding_bottom: padding, padding_right: padding },
  };
}
