// What most libraries do: sample all taps into a matrix of columns, then multiply matrices.

import type { Layer, Peer, Tensors } from "../layer.ts";
import { sampleBilinear } from "./sample.ts";

/** Columns, then three plain loops in the order row, term, position. */
export function columnsPeer(layer: Layer, tensors: Tensors): Peer {
  const { C, H, W, K } = layer;
  const columns = new Float32Array(C * K * K * H * W);
  return { name: "im2col, plain JS", run: () => runColumns(layer, tensors, columns) };
}

function runColumns(layer: Layer, tensors: Tensors, columns: Float32Array): Float32Array {
  const { N, C, H, W, O, K } = layer;
  const plane = H * W;
  const terms = C * K * K;
  const output = new Float32Array(N * O * plane);
  for (let n = 0; n < N; n++) {
    fillColumns(layer, tensors, n, columns);
    for (let o = 0; o < O; o++) {
      const out = (n * O + o) * plane;
      for (let i = 0; i < terms; i++) {
        const weight = tensors.weight[o * terms + i]!;
        const row = i * plane;
        for (let p = 0; p < plane; p++) output[out + p]! += weight * columns[row + p]!;
      }
    }
  }
  return output;
}

function fillColumns(
  { C, H, W, K }: Layer,
  { input, offset }: Tensors,
  n: number,
  columns: Float32Array,
): void {
  const plane = H * W;
  const pad = K >> 1;
  for (let c = 0; c < C; c++)
    for (let tap = 0; tap < K * K; tap++) {
      const row = (c * K * K + tap) * plane;
      const moved = (n * K * K + tap) * 2 * plane;
      const [i, j] = [Math.floor(tap / K) - pad, (tap % K) - pad];
      for (let oy = 0; oy < H; oy++)
        for (let ox = 0; ox < W; ox++) {
          const p = oy * W + ox;
          const y = oy + i + offset[moved + p]!;
          const x = ox + j + offset[moved + plane + p]!;
          columns[row + p] = sampleBilinear(input, (n * C + c) * plane, H, W, y, x);
        }
    }
}
