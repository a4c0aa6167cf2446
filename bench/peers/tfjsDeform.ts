// Deformable convolution out of operations that TensorFlow.js has.

/** What is used of its tensors. */
export interface TfTensor {
  readonly shape: readonly number[];
  add(other: TfTensor | number): TfTensor;
  sub(other: TfTensor | number): TfTensor;
  mul(other: TfTensor | number): TfTensor;
  floor(): TfTensor;
  clipByValue(least: number, most: number): TfTensor;
  greaterEqual(other: number): TfTensor;
  lessEqual(other: number): TfTensor;
  cast(dtype: string): TfTensor;
  reshape(shape: readonly number[]): TfTensor;
  transpose(axes: readonly number[]): TfTensor;
  slice(begin: readonly number[], size: readonly number[]): TfTensor;
  gather(indices: TfTensor): TfTensor;
  matMul(other: TfTensor): TfTensor;
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** What is used of the library. */
export interface Tf {
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  ready(): Promise<void>;
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  stack(tensors: readonly TfTensor[], axis: number): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, stride: number, padding: number): TfTensor;
  tidy<T>(work: () => T): T;
  disposeVariables(): void;
}

/** The tensors of a call. */
export interface DeformTensors {
  readonly input: TfTensor;
  readonly offset: TfTensor;
  readonly weight: TfTensor;
  readonly mask: TfTensor | undefined;
}

/**
 * A function that computes [N, O, OH, OW]; channels and taps in the order (group, tap, channel in
 * it).
 */
export function composeDeformConv(
  tf: Tf,
  numbers: Readonly<Record<string, number>>,
  { input, offset, weight, mask }: DeformTensors,
): () => TfTensor {
  const { N = 1, C = 1, H = 1, W = 1, O = 1, K = 1, G = 1, OH = 1, OW = 1 } = numbers;
  const { stride = 1, padding = 0 } = numbers;
  const [taps, P] = [K * K, OH * OW];
  const base = (of: (tap: number, p: number) => number): TfTensor =>
    tf.tensor(
      Float32Array.from({ length: taps * P }, (_, i) => of(Math.floor(i / P), i % P)),
      [taps, P],
    );
  const baseY = base((tap, p) => Math.floor(p / OW) * stride - padding + Math.floor(tap / K));
  const baseX = base((tap, p) => (p % OW) * stride - padding + (tap % K));
  // [O, C, K, K] in the order of the columns.
  const product = weight
    .reshape([O, G, C / G, taps])
    .transpose([0, 1, 3, 2])
    .reshape([O, G * taps * (C / G)]);

  /** One group's samples of one image, [taps * P, C / G]. */
  const sample = (pixels: TfTensor, moves: TfTensor, factor: TfTensor | undefined): TfTensor => {
    const y = moves.slice([0, 0, 0], [taps, 1, P]).reshape([taps, P]).add(baseY);
    const x = moves.slice([0, 1, 0], [taps, 1, P]).reshape([taps, P]).add(baseX);
    const [top, left] = [y.floor(), x.floor()];
    const [down, right] = [y.sub(top), x.sub(left)];
    const inside = (at: TfTensor, size: number): TfTensor =>
      at
        .greaterEqual(0)
        .cast("float32")
        .mul(at.lessEqual(size - 1).cast("float32"));
    const corners = [0, 1].flatMap((dy) =>
      [0, 1].map((dx) => {
        const [yy, xx] = [top.add(dy), left.add(dx)];
        const share = (part: TfTensor, side: number): TfTensor =>
          side === 1 ? part : part.mul(-1).add(1);
        const weighted = share(down, dy)
          .mul(share(right, dx))
          .mul(inside(yy, H))
          .mul(inside(xx, W));
        const all = factor ? weighted.mul(factor) : weighted;
        const at = yy
          .clipByValue(0, H - 1)
          .mul(W)
          .add(xx.clipByValue(0, W - 1));
        const read = pixels.gather(at.reshape([taps * P]).cast("int32"));
        return read.mul(all.reshape([taps * P, 1]));
      }),
    );
    return corners.reduce((sum, corner) => sum.add(corner));
  };

  return () => {
    const images = Array.from({ length: N }, (_, n) => {
      const columns = Array.from({ length: G }, (_, g) => {
        const pixels = input
          .slice([n, g * (C / G), 0, 0], [1, C / G, H, W])
          .reshape([C / G, H * W])
          .transpose([1, 0]);
        const moves = offset
          .slice([n, g * 2 * taps, 0, 0], [1, 2 * taps, OH, OW])
          .reshape([taps, 2, P]);
        const factor = mask?.slice([n, g * taps, 0, 0], [1, taps, OH, OW]).reshape([taps, P]);
        return sample(pixels, moves, factor)
          .reshape([taps, P, C / G])
          .transpose([0, 2, 1])
          .reshape([taps * (C / G), P]);
      });
      const all = tf.stack(columns, 0).reshape([G * taps * (C / G), P]);
      return product.matMul(all);
    });
    return tf.stack(images, 0).reshape([N, O, OH, OW]);
  };
}
