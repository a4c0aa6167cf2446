// A deformable convolution layer as networks have it, and what every implementation is timed on.

/** Sizes of a layer: stride and dilation 1, padded to keep the picture's size, one offset group. */
export interface Layer {
  readonly N: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly O: number;
  /** Taps along each side. */
  readonly K: number;
}

/** The tensors of a layer. */
export interface Tensors {
  readonly input: Float32Array;
  readonly offset: Float32Array;
  readonly weight: Float32Array;
}

/** An implementation outside this project, prepared for one layer. */
export interface Peer {
  readonly name: string;
  /** Gives the output [N, O, H, W]. */
  run(): ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** `N1 C64 56×56 O64 3×3`. */
export const nameLayer = ({ N, C, H, W, O, K }: Layer): string =>
  `N${N} C${C} ${H}×${W} O${O} ${K}×${K}`;

/** Multiplications and additions of the convolution itself, without sampling. */
export const countFlops = ({ N, C, H, W, O, K }: Layer): number => 2 * N * O * C * K * K * H * W;

/** Reproducible tensors: inputs in [0, 1), weights in [-1, 1), offsets normal with 2 pixels deviation. */
export function drawTensors({ N, C, H, W, O, K }: Layer): Tensors {
  let state = 20170317;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const fill = (count: number, draw: () => number): Float32Array =>
    Float32Array.from({ length: count }, draw);
  return {
    input: fill(N * C * H * W, uniform),
    offset: fill(N * 2 * K * K * H * W, () => 2 * normal()),
    weight: fill(O * C * K * K, () => 2 * uniform() - 1),
  };
}

/**
 * How far two results may be apart where one or both are computed in f32: each of C·K·K terms is rounded in
 * its product, its sample (a few operations) and its sum, at most |weight| times 1 each time; a coordinate
 * rounded twice within a picture widened by the offsets moves the sample by slope 2 in y and in x.
 */
export function boundOf({ C, K, H, W, O }: Layer, { weight, offset }: Tensors): number {
  const unit = 2 ** -24;
  const terms = C * K * K;
  let most = 0;
  for (let o = 0; o < O; o++) {
    let sum = 0;
    for (let i = 0; i < terms; i++) sum += Math.abs(weight[o * terms + i]!);
    most = Math.max(most, sum);
  }
  const reach = Math.max(H, W) + offset.reduce((m, v) => Math.max(m, Math.abs(v)), 0) + K;
  return 2 * most * unit * (terms + 12 + 8 * reach);
}
