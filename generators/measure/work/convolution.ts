// Calls of the two convolutions.

import type { Layer } from "./layers.ts";
import { nameLayer } from "./layers.ts";
import { drawOffset, type Offsets } from "./offsets.ts";
import { fillArray, startDraw } from "./random.ts";
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

function makeConvolution(op: string, layer: Layer, deformed: boolean, offsets: Offsets): Work {
  const { N, C, H, W, O, K, G, stride } = layer;
  const draw = startDraw(20170317);
  const [OH, OW] = [outputSize(H, layer), outputSize(W, layer)];
  const signed = () => 2 * draw.uniform() - 1;
  const taps = G * K * K;
  const upstream = makeTensor([N, O, OH, OW], signed);
  const tensors: Record<string, Tensor> = { input: makeTensor([N, C, H, W], signed) };
  if (deformed) tensors.offset = makeTensor([N, 2 * taps, OH, OW], () => drawOffset(offsets, draw));
  tensors.weight = makeTensor([O, C, K, K], signed);
  if (deformed && layer.mask) tensors.mask = makeTensor([N, taps, OH, OW], draw.uniform);
  if (layer.bias) tensors.bias = makeTensor([O], signed);
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
