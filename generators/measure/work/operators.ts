// The operators that can be timed, and how their calls are made.

import { UserError } from "../../messages/errors.ts";
import { makeConv, makeDeformConv } from "./convolution.ts";
import { type Layer, layersOf, parseLayer, parsePooling } from "./layers.ts";
import type { Offsets } from "./offsets.ts";
import { makeRoiAlign, makeRoiPool } from "./pooling.ts";
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

function layers({ shapes, presets, given, stride }: Choice): readonly Layer[] {
  const chosen = [...shapes.map(parseLayer), ...presets.flatMap(layersOf)];
  const [mask, bias] = [given.includes("mask"), given.includes("bias")];
  return (chosen.length > 0 ? chosen : layersOf("square").slice(0, 1)).map((layer) => ({
    ...layer,
    stride,
    mask: layer.mask || mask,
    bias: layer.bias || bias,
  }));
}

function poolings({ shapes, presets, given, stride }: Choice) {
  if (presets.length > 0 || given.length > 0 || stride !== 1)
    throw new UserError("--preset, --with and --stride are of convolutions; poolings take --shape");
  return (shapes.length > 0 ? shapes : ["1,256,50,68,512,7"]).map(parsePooling);
}

/** By operator: the calls that a choice means. */
export const makers: Readonly<Record<string, (choice: Choice) => Makers>> = {
  deform_conv2d: (choice) => layers(choice).map((l) => () => makeDeformConv(l, choice.offsets)),
  conv2d: (choice) => {
    if (choice.given.includes("mask"))
      throw new UserError("--with mask is of deform_conv2d; conv2d takes --with bias");
    return layers(choice).map((layer) => () => makeConv(layer));
  },
  roi_align: (choice) => poolings(choice).map((pooling) => () => makeRoiAlign(pooling)),
  roi_pool: (choice) => poolings(choice).map((pooling) => () => makeRoiPool(pooling)),
};
