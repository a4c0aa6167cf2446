// The formula ported directly: a loop nest for each output, sampling anew for each output channel.

import type { Layer, Peer, Tensors } from "../layer.ts";
import { sampleBilinear } from "./sample.ts";

/** Loops of plain JavaScript. */
export function naivePeer(layer: Layer, tensors: Tensors): Peer {
  return { name: "plain loops", run: () => runNaive(layer, tensors) };
}

function runNaive({ N, C, H, W, O, K }: Layer, { input, offset, weight }: Tensors): Float32Array {
  const output = new Float32Array(N * O * H * W);
  const plane = H * W;
  const pad = K >> 1;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let oy = 0; oy < H; oy++)
        for (let ox = 0; ox < W; ox++) {
          const p = oy * W + ox;
          let sum = 0;
          for (let tap = 0; tap < K * K; tap++) {
            const at = (n * K * K + tap) * 2 * plane + p;
            const y = oy - pad + Math.floor(tap / K) + offset[at]!;
            const x = ox - pad + (tap % K) + offset[at + plane]!;
            for (let c = 0; c < C; c++)
              sum +=
                weight[(o * C + c) * K * K + tap]! *
                sampleBilinear(input, (n * C + c) * plane, H, W, y, x);
          }
          output[(n * O + o) * plane + p] = sum;
        }
  return output;
}
