// Sizes of the operators' calls: as typed, and layers of published networks.

import { UsageError } from "../../messages/errors.ts";
import { findNearest } from "../../messages/nearest.ts";

/** A convolutional layer; padded by half the taps, so that stride 1 keeps the size. */
export interface Layer {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly O: number;
  /** Taps along each side. */
  readonly K: number;
  readonly stride: number;
  /** Offset groups. */
  readonly G: number;
  readonly mask: boolean;
  readonly bias: boolean;
}

/** Pooling of boxes of a feature map. */
export interface Pooling {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  /** Boxes. */
  readonly R: number;
  /** Bins along each side. */
  readonly P: number;
  /** Samples along each side of a bin. */
  readonly ratio: number;
}

/** Layers under one name, with the source of their sizes. */
export interface Preset {
  readonly source: string;
  readonly layers: readonly (Pick<Layer, "C" | "H" | "W" | "O" | "K"> &
    Partial<Pick<Layer, "G" | "mask">>)[];
}

/**
 * Layers as published configurations have them, on one image; `square` is what kernels are tuned
 * on.
 */
export const presets: Readonly<Record<string, Preset>> = {
  birefnet: {
    source: "github.com/ZhengPeng7/BiRefNet 25cb930, decoder blocks at 1024 x 1024",
    layers: [
      { C: 64, H: 32, W: 32, O: 256, K: 7, mask: true },
      { C: 64, H: 64, W: 64, O: 256, K: 7, mask: true },
      { C: 64, H: 256, W: 256, O: 256, K: 3, mask: true },
      { C: 64, H: 256, W: 256, O: 256, K: 7, mask: true },
    ],
  },
  centernet: {
    source: "github.com/xingyizhou/CenterNet 4c50fd3, DLA-34 at 512 x 512",
    layers: [
      { C: 512, H: 16, W: 16, O: 256, K: 3, mask: true },
      { C: 128, H: 64, W: 64, O: 128, K: 3, mask: true },
      { C: 64, H: 128, W: 128, O: 64, K: 3, mask: true },
    ],
  },
  dbnet: {
    source: "github.com/MhLiao/DB 65ca77a, ResNet-50 stages 3 and 5 at 1280 x 736",
    layers: [
      { C: 128, H: 92, W: 160, O: 128, K: 3, mask: true },
      { C: 512, H: 23, W: 40, O: 512, K: 3, mask: true },
    ],
  },
  edvr: {
    source: "github.com/XPixelGroup/BasicSR 8d56e3a, EDVR-M level 1 at 320 x 180",
    layers: [{ C: 64, H: 180, W: 320, O: 64, K: 3, G: 8, mask: true }],
  },
  basicvsr: {
    source: "github.com/XPixelGroup/BasicSR 8d56e3a, BasicVSR++ on crops of 64 x 64",
    layers: [{ C: 128, H: 64, W: 64, O: 64, K: 3, G: 16, mask: true }],
  },
  square: {
    source: "as many output channels as input channels, as in ResNet's stages",
    layers: [
      { C: 64, H: 56, W: 56, O: 64, K: 3 },
      { C: 128, H: 28, W: 28, O: 128, K: 3 },
      { C: 256, H: 28, W: 28, O: 256, K: 3 },
      { C: 512, H: 14, W: 14, O: 512, K: 3 },
    ],
  },
};

/** What all layers have that say nothing else. */
const plain = { N: 1, stride: 1, G: 1, mask: false, bias: false } as const;

/** The layers of a preset; an unknown name is refused. */
export function layersOf(name: string): readonly Layer[] {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset) return preset.layers.map((layer) => ({ ...plain, ...layer }));
  const known = Object.keys(presets);
  const nearest = findNearest(name, known);
  const meant = nearest === undefined ? "" : `did you mean "${nearest}"? `;
  throw new UsageError(`there is no preset "${name}"; ${meant}there are: ${known.join(", ")}`);
}

/** The name of a layer in results: what `--shape` takes, then what is not plain. */
export function nameLayer(layer: Layer): string {
  const { N, C, H, W, O, K, stride, G, mask, bias } = layer;
  const more = [
    ...(stride === 1 ? [] : [`stride ${stride}`]),
    ...(G === 1 ? [] : [`${G} offset groups`]),
    ...(mask ? ["mask"] : []),
    ...(bias ? ["bias"] : []),
  ];
  return [[N, C, H, W, O, K].join(","), ...more].join(" ");
}

/** The same of a pooling. */
export const namePooling = ({ N, C, H, W, R, P, ratio }: Pooling): string =>
  `${[N, C, H, W, R, P].join(",")} ratio ${ratio}`;

/** Six whole numbers from 1 on, separated by commas; `form` says what they are. */
function parseSizes(text: string, form: string): readonly number[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length === 6 && parts.every((part) => /^[1-9]\d{0,5}$/.test(part)))
    return parts.map(Number);
  throw new UsageError(
    `--shape ${text} cannot be read; write six whole numbers from 1 on, ${form}, for example ` +
      `${form.endsWith("k") ? "1,64,56,56,64,3" : "1,256,50,68,512,7"}`,
  );
}

/** A layer from `--shape N,C,H,W,O,k`. */
export function parseLayer(text: string): Layer {
  const [N, C, H, W, O, K] = parseSizes(text, "N,C,H,W,O,k") as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { ...plain, N, C, H, W, O, K };
}

/** A pooling from `--shape N,C,H,W,boxes,bins`. */
export function parsePooling(text: string): Pooling {
  const [N, C, H, W, R, P] = parseSizes(text, "N,C,H,W,boxes,bins") as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { N, C, H, W, R, P, ratio: 2 };
}
