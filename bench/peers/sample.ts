/** Bilinear sampling of one channel that starts at `base`, 0 beyond the picture: what peers share. */
export function sampleBilinear(
  input: Float32Array,
  base: number,
  H: number,
  W: number,
  y: number,
  x: number,
): number {
  if (!(y > -1 && y < H && x > -1 && x < W)) return 0;
  const top = Math.floor(y);
  const left = Math.floor(x);
  const down = y - top;
  const right = x - left;
  const at = base + top * W + left;
  let value = 0;
  if (top >= 0 && left >= 0) value += (1 - down) * (1 - right) * input[at]!;
  if (top >= 0 && left + 1 < W) value += (1 - down) * right * input[at + 1]!;
  if (top + 1 < H && left >= 0) value += down * (1 - right) * input[at + W]!;
  if (top + 1 < H && left + 1 < W) value += down * right * input[at + W + 1]!;
  return value;
}
