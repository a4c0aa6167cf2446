// The operators that can be timed, and how their calls are made.

import { UsageError } from "../../messages/errors.ts";
import { checkConvolution, makeConv, makeDeformConv } from "./convolution.ts";
import { type Layer, layersOf, parseLayer, parsePooling } from "./layers.ts";
import type { Offsets } from "./offsets.ts";
import { checkPooling, makeRoiAlign, makeRoiPool } from "./pooling.ts";
import type { Work } from "./work.ts";

/** What of a call is chosen on the command line. */
export interface Choice {
  readonly shapes: readonly string[];
  readonly presets: readonly string[];
  readonly offsets: Offsets;
  /** Optional tensors that are given in any case. */
  readonly given: readonly string[];
  readonly stride: number;
}

/** Calls are made one at a time: the arrays of all layers together may be large. */
export type Makers = readonly (() => Work)[];

function layers({ shapes, presets, given, stride }: Choice, deformed: boolean): readonly Layer[] {
  const chosen = [...shapes.map(parseLayer), ...presets.flatMap(layersOf)];
  const [mask, bias] = [given.includes("mask"), given.includes("bias")];
  const all = (chosen.length > 0 ? chosen : layersOf("square").slice(0, 1)).map((layer) => ({
    ...layer,
    stride,
    mask: layer.mask || mask,
    bias: layer.bias || bias,
  }));
  for (const layer of all) checkConvolution(layer, deformed);
  return all;
}

function poolings({ shapes, presets, given, stride }: Choice) {
  if (presets.length > 0 || given.length > 0 || stride !== 1)
    throw new UsageError(
      "--preset, --with and --stride are of convolutions; poolings take --shape",
    );
  const chosen = (shapes.length > 0 ? shapes : ["1,256,50,68,512,7"]).map(parsePooling);
  for (const pooling of chosen) checkPooling(pooling);
  return chosen;
}

/** By operator: the calls that a choice means. */
export const makers: Readonly<Record<string, (choice: Choice) => Makers>> = {
  deform_conv2d: (choice) =>
    layers(choice, true).map((l) => () => makeDeformConv(l, choice.offsets)),
  conv2d: (choice) => {
    if (choice.given.includes("mask"))
      throw new UsageError("--with mask is of deform_conv2d; conv2d takes --with bias");
    return layers(choice, false).map((layer) => () => makeConv(layer));
  },
  roi_align: (choice) => poolings(choice).map((pooling) => () => makeRoiAlign(pooling)),
  roi_pool: (choice) => poolings(choice).map((pooling) => () => makeRoiPool(pooling)),
};
