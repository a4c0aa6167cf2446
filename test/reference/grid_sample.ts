// Sampling at given positions: "Spatial Transformer Networks" (arXiv 1506.02025, section 3.3) as PyTorch's
// grid_sample and ONNX GridSample-16 specify it, two-dimensional, without cubic interpolation.

import {
  type Array64,
  type Attrs,
  type Inputs,
  makeArray,
  read,
  requireShape,
  sizes4,
  takeInputs,
  write,
} from "./array.ts";
import { readExtended, sampleZeros } from "./sample.ts";

/** A share of the picture, from -1 to 1, in pixels. */
function denormalise(share: number, size: number, corners: boolean): number {
  return corners ? ((share + 1) / 2) * (size - 1) : ((share + 1) * size - 1) / 2;
}

/** A position mirrored at both ends until it lies between them: after an odd number of turns from the far end. */
function mirror(p: number, low: number, high: number): number {
  const span = high - low;
  if (span <= 0) return 0;
  const away = Math.abs(p - low);
  const turns = Math.floor(away / span);
  const rest = away - turns * span;
  return turns % 2 === 0 ? low + rest : high - rest;
}

/** What a position beyond the image becomes; one that is no number becomes the first pixel. */
function pad(p: number, size: number, mode: "zeros" | "border" | "reflection", corners: boolean) {
  const clip = (q: number): number => (Number.isNaN(q) ? 0 : Math.min(Math.max(q, 0), size - 1));
  switch (mode) {
    case "zeros":
      return p;
    case "border":
      return clip(p);
    case "reflection":
      return clip(corners ? mirror(p, 0, size - 1) : mirror(p, -0.5, size - 0.5));
    default:
      return mode satisfies never;
  }
}

/** The nearest whole number, halves to the even one. */
function roundHalfEven(p: number): number {
  const low = Math.floor(p);
  if (p - low < 0.5) return low;
  if (p - low > 0.5) return low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** output(n, c, oh, ow) = input(n, c) at grid(n, oh, ow) = (x, y), where -1 to 1 is the picture. */
export function grid_sample(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, grid } = takeInputs(inputs, ["input", "grid"]);
  const [N, C, H, W] = sizes4("input", input);
  const [, OH, OW] = sizes4("grid", grid);
  requireShape("grid", grid, [N, OH, OW, 2]);
  const mode = attrs.mode ?? "bilinear";
  if (mode !== "bilinear" && mode !== "nearest") throw new Error("mode is bilinear or nearest.");
  const padding = attrs.padding_mode ?? "zeros";
  const corners = attrs.align_corners ?? false;

  const output = makeArray([N, C, OH, OW]);
  for (let n = 0; n < N; n++) {
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow++) {
        const x = pad(denormalise(read(grid, n, oh, ow, 0), W, corners), W, padding, corners);
        const y = pad(denormalise(read(grid, n, oh, ow, 1), H, corners), H, padding, corners);
        for (let c = 0; c < C; c++) {
          const value =
            mode === "bilinear"
              ? sampleZeros(input, n, c, y, x)
              : readExtended(input, n, c, roundHalfEven(y), roundHalfEven(x));
          write(output, [n, c, oh, ow], value);
        }
      }
    }
  }
  return output;
}
