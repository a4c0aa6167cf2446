// DCNv3: "InternImage" (arXiv 2211.05778, eq. 2), and DCNv4: "Efficient Deformable ConvNets" (arXiv 2401.06197), as
// their authors' kernels lay them out: channels last, points column by column, (x, y) of each.

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
import { sampleZeros } from "./sample.ts";

/** A point of an output position, and how much it counts. */
interface Point {
  readonly dx: number;
  readonly dy: number;
  readonly weight: number;
}

/** Where the columns of one output position say how the points of a group move. */
type PointsAt = (n: number, oh: number, ow: number, group: number) => readonly Point[];

/** Rows and columns of the points that count, in their order. */
function listTaps(KH: number, KW: number, removeCenter: boolean) {
  const taps: { readonly row: number; readonly col: number }[] = [];
  for (let col = 0; col < KW; col++) {
    for (let row = 0; row < KH; row++) {
      const middle = 2 * row === KH - 1 && 2 * col === KW - 1;
      if (!(removeCenter && middle)) taps.push({ row, col });
    }
  }
  if (removeCenter && (taps.length === KH * KW || taps.length === 0)) {
    throw new Error("remove_center needs a kernel with odd sides and more than one point.");
  }
  return taps;
}

/** The sizes that follow from the image and the kernel. */
function measure(input: Array64, attrs: Attrs) {
  const [N, H, W, C] = sizes4("input", input);
  const kernel = attrs.kernel ?? { y: 3, x: 3 };
  const stride = attrs.stride ?? { y: 1, x: 1 };
  const dilation = attrs.dilation ?? { y: 1, x: 1 };
  const padding = attrs.padding ?? { y: 1, x: 1 };
  if ("top" in padding) throw new Error("padding is a pair.");
  const G = attrs.group ?? 1;
  if (C % G !== 0) throw new Error(`${C} channels are not ${G} groups.`);
  const taps = listTaps(kernel.y, kernel.x, attrs.remove_center ?? false);
  const OH = Math.floor((H + 2 * padding.y - dilation.y * (kernel.y - 1) - 1) / stride.y) + 1;
  const OW = Math.floor((W + 2 * padding.x - dilation.x * (kernel.x - 1) - 1) / stride.x) + 1;
  return { N, H, W, C, G, D: C / G, OH, OW, kernel, stride, dilation, padding, taps };
}

/** The points of each group around each output position, added up by weight: [N, OH, OW, C]. */
function aggregate(input: Array64, attrs: Attrs, pointsAt: PointsAt): Array64 {
  const { N, H, W, C, G, D, OH, OW, kernel, stride, dilation, padding, taps } = measure(
    input,
    attrs,
  );
  const scale = attrs.offset_scale ?? 1;
  // As a map with channels first, which the sampler reads.
  const map = makeArray([N, C, H, W]);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let h = 0; h < H; h++)
        for (let w = 0; w < W; w++) write(map, [n, c, h, w], read(input, n, h, w, c));

  const halfY = Math.floor((dilation.y * (kernel.y - 1)) / 2);
  const halfX = Math.floor((dilation.x * (kernel.x - 1)) / 2);
  const output = makeArray([N, OH, OW, C]);
  for (let n = 0; n < N; n++) {
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow++) {
        for (let g = 0; g < G; g++) {
          const points = pointsAt(n, oh, ow, g);
          for (let d = 0; d < D; d++) {
            let total = 0;
            for (const [p, { row, col }] of taps.entries()) {
              const { dx, dy, weight } = points[p]!;
              const middleY = oh * stride.y - padding.y + halfY;
              const middleX = ow * stride.x - padding.x + halfX;
              const y = middleY - halfY * scale + (row * dilation.y + dy) * scale;
              const x = middleX - halfX * scale + (col * dilation.x + dx) * scale;
              total += weight * sampleZeros(map, n, g * D + d, y, x);
            }
            write(output, [n, oh, ow, g * D + d], total);
          }
        }
      }
    }
  }
  return output;
}

/** DCNv3: offset [N, OH, OW, G * P * 2], mask [N, OH, OW, G * P], which is used as it is. */
export function dcn_v3(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, offset, mask } = takeInputs(inputs, ["input", "offset", "mask"]);
  const { N, G, OH, OW, taps } = measure(input, attrs);
  const P = taps.length;
  requireShape("offset", offset, [N, OH, OW, G * P * 2]);
  requireShape("mask", mask, [N, OH, OW, G * P]);
  return aggregate(input, attrs, (n, oh, ow, g) =>
    taps.map((_, p) => ({
      dx: read(offset, n, oh, ow, (g * P + p) * 2),
      dy: read(offset, n, oh, ow, (g * P + p) * 2 + 1),
      weight: read(mask, n, oh, ow, g * P + p),
    })),
  );
}

/** Weights as they are, or their softmax; those that are NaN or infinite count for nothing. */
function weigh(raw: readonly number[], softmax: boolean): readonly number[] {
  const counted = raw.map((w) => Number.isFinite(w) && Math.abs(w) <= Math.fround(3.4028234e38));
  if (!softmax) return raw.map((w, p) => (counted[p] ? w : 0));
  const top = Math.max(...raw.filter((_, p) => counted[p]));
  const powers = raw.map((w, p) => (counted[p] ? Math.exp(w - top) : 0));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => (total > 0 ? power / total : 0));
}

/** DCNv4: offset_mask [N, OH, OW, M], of each group 2 P offsets, then P weights; what remains of M is not read. */
export function dcn_v4(inputs: Inputs, attrs: Attrs): Array64 {
  const { input, offset_mask } = takeInputs(inputs, ["input", "offset_mask"]);
  const { N, G, OH, OW, taps } = measure(input, attrs);
  const P = taps.length;
  const [, , , M] = sizes4("offset_mask", offset_mask);
  requireShape("offset_mask", offset_mask, [N, OH, OW, M]);
  if (M < 3 * G * P) throw new Error(`offset_mask needs ${3 * G * P} columns, got ${M}.`);
  return aggregate(input, attrs, (n, oh, ow, g) => {
    const column = (i: number): number => read(offset_mask, n, oh, ow, 3 * P * g + i);
    const weights = weigh(
      taps.map((_, p) => column(2 * P + p)),
      attrs.softmax ?? false,
    );
    return taps.map((_, p) => ({
      dx: column(2 * p),
      dy: column(2 * p + 1),
      weight: weights[p]!,
    }));
  });
}
