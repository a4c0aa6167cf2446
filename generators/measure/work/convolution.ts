// Calls of the two convolutions.

import type { Layer } from "./layers.ts";
import { nameLayer } from "./layers.ts";
import { drawOffset, type Offsets } from "./offsets.ts";
import { checkSizes, fillArray, startDraw } from "./random.ts";
import type { Tensor, Work } from "./work.ts";

/** Output positions along a side. */
const outputSize = (size: number, { K, stride }: Layer): number =>
  Math.floor((size + 2 * (K >> 1) - K) / stride) + 1;

const makeTensor = (shape: readonly number[], next: () => number): Tensor => ({
  shape,
  data: fillArray(
    shape.reduce((n, size) => n * size, 1),
    next,
  ),
});

/** The shapes of a layer's tensors, those of a deformable convolution too. */
function shapesOf(layer: Layer) {
  const { N, C, H, W, O, K, G } = layer;
  const [OH, OW] = [outputSize(H, layer), outputSize(W, layer)];
  const taps = G * K * K;
  return {
    input: [N, C, H, W],
    offset: [N, 2 * taps, OH, OW],
    weight: [O, C, K, K],
    mask: [N, taps, OH, OW],
    bias: [O],
    output: [N, O, OH, OW],
  } as const;
}

/** Refuses layers that are too large, before one is made. */
export function checkConvolution(layer: Layer, deformed: boolean): void {
  const { offset, mask, ...plain } = shapesOf(layer);
  const more = { offset, ...(layer.mask ? { mask } : {}) };
  checkSizes(nameLayer(layer), deformed ? { ...plain, ...more } : plain);
}

function makeConvolution(op: string, layer: Layer, deformed: boolean, offsets: Offsets): Work {
  const { N, C, H, W, O, K, G, stride } = layer;
  const draw = startDraw(20170317);
  const signed = () => 2 * draw.uniform() - 1;
  const shapes = shapesOf(layer);
  const [, , OH, OW] = shapes.output;
  const upstream = makeTensor(shapes.output, signed);
  const tensors: Record<string, Tensor> = { input: makeTensor(shapes.input, signed) };
  if (deformed) tensors.offset = makeTensor(shapes.offset, () => drawOffset(offsets, draw));
  tensors.weight = makeTensor(shapes.weight, signed);
  if (deformed && layer.mask) tensors.mask = makeTensor(shapes.mask, draw.uniform);
  if (layer.bias) tensors.bias = makeTensor(shapes.bias, signed);
  const padding = K >> 1;
  return {
    op,
    shape: nameLayer(layer),
    tensors,
    attrs: { stride, padding },
    numbers: { N, C, H, W, O, K, G, OH, OW, stride, padding },
    upstream,
    differentiable: Object.keys(tensors),
    parameters: ["weight", "bias"].filter((name) => tensors[name] !== undefined),
    grad: false,
    operations: 2 * N * O * C * K * K * OH * OW,
  };
}

/** A deformable convolution; offsets as asked for, masks in (0, 1). */
export const makeDeformConv = (layer: Layer, offsets: Offsets): Work =>
  makeConvolution("deform_conv2d", layer, true, offsets);

/** A plain convolution; a layer's mask and offset groups do not concern it. */
export const makeConv = (layer: Layer): Work =>
  makeConvolution("conv2d", { ...layer, mask: false, G: 1 }, false, { kind: "zero" });
