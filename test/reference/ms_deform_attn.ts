// Multi-scale deformable attention: "Deformable DETR" (arXiv 2010.04159, eq. 3), without the projections around it.

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

/** One level as a map [B, M * D, h, w]; undefined, which adds nothing, where its numbers name none. */
function cutLevel(value: Array64, h: number, w: number, start: number): Array64 | undefined {
  const [B, S, M, D] = sizes4("value", value);
  const whole = [h, w, start].every(Number.isInteger);
  if (!(whole && h >= 1 && w >= 1 && start >= 0 && start + h * w <= S)) return undefined;
  const map = makeArray([B, M * D, h, w]);
  for (let b = 0; b < B; b++)
    for (let m = 0; m < M; m++)
      for (let d = 0; d < D; d++)
        for (let y = 0; y < h; y++)
          for (let x = 0; x < w; x++)
            write(map, [b, m * D + d, y, x], read(value, b, start + y * w + x, m, d));
  return map;
}

/**
 * output(b, q, m, d) = sum over levels l and points p of attention(b, q, m, l, p) * level l of value at
 * location(b, q, m, l, p) = (x, y), where 0 to 1 is the picture: [B, Q, M * D].
 */
export function ms_deform_attn(inputs: Inputs, _: Attrs): Array64 {
  const names = ["value", "shapes", "starts", "location", "attention"] as const;
  const { value, shapes, starts, location, attention } = takeInputs(inputs, names);
  const [B, , M, D] = sizes4("value", value);
  const [, Q = 0, , L = 0, P = 0] = location.shape;
  requireShape("shapes", shapes, [L, 2]);
  requireShape("starts", starts, [L]);
  requireShape("location", location, [B, Q, M, L, P, 2]);
  requireShape("attention", attention, [B, Q, M, L, P]);

  const output = makeArray([B, Q, M * D]);
  for (let l = 0; l < L; l++) {
    const [h, w] = [read(shapes, l, 0), read(shapes, l, 1)];
    const map = cutLevel(value, h, w, read(starts, l));
    if (!map) continue;
    for (let b = 0; b < B; b++) {
      for (let q = 0; q < Q; q++) {
        for (let m = 0; m < M; m++) {
          for (let p = 0; p < P; p++) {
            const x = read(location, b, q, m, l, p, 0) * w - 0.5;
            const y = read(location, b, q, m, l, p, 1) * h - 0.5;
            const weight = read(attention, b, q, m, l, p);
            for (let d = 0; d < D; d++) {
              const so_far = read(output, b, q, m * D + d);
              const sample = sampleZeros(map, b, m * D + d, y, x);
              write(output, [b, q, m * D + d], so_far + weight * sample);
            }
          }
        }
      }
    }
  }
  return output;
}
