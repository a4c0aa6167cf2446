// Sums in fixed point, whose result no order of additions changes, bit for bit. A first pass over all contributions
// notes the largest magnitude of each element; a second adds them as whole multiples of a quantum that follows from
// it, in 64 bits. Whole numbers and bits only: no target may round them in its own way.
//
// The quantum is 2^-29 of the power of two at or below the largest, and at least the least f32, so a contribution
// is off by at most 2^-30 of the largest, and one that is alone not at all. It is below 2^30 quanta, so fewer than
// 2^33 of them fit; a sum that does not is NaN, never another number.

/** An element's words, each a u32. */
export const word = { largest: 0, flags: 1, low: 2, high: 3 } as const;

/** How many words an element has. */
export const wordsPerSum = 4;

/** What a sum has met that is no finite number, as bits of its flags. */
const flag = { up: 1, down: 2, none: 4 } as const;

const infinite = 0x7f800000;
const bits = new DataView(new ArrayBuffer(8));

const bitsOf = (value: number): number => {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
};

/** The bits of a magnitude as f32, which are in the order of the magnitudes. */
export const magnitudeOf = (value: number): number => bitsOf(value) & 0x7fffffff;

/** The exponent that a largest magnitude gives to a sum; its quantum is 2 to the power of 156 less. */
const exponentOf = (largest: number): number => Math.max(largest >>> 23, 7);

/** How many quanta a finite value is, to the nearest, halves away from zero. */
function quantaOf(value: number, largest: number): number {
  const magnitude = magnitudeOf(value);
  const exponent = Math.max(magnitude >>> 23, 1);
  const digits = magnitude >>> 23 === 0 ? magnitude : (magnitude & 0x7fffff) | 0x800000;
  const quanta = Math.floor(digits * 2 ** (exponent - exponentOf(largest) + 6) + 0.5);
  // A compiler may round the two passes apart: what is larger than it was measured stays in 32 bits.
  return Math.sign(value) * Math.min(quanta, 0x7fffffff);
}

/** What a sum holds beside its largest magnitude. */
export interface Sum {
  readonly flags: number;
  readonly low: number;
  readonly high: number;
}

/** A sum and one contribution (as f32) more: its flags, low and high word. */
export function addFixed(
  { flags, low, high }: Sum,
  value: number,
  largest: number,
): readonly [flags: number, low: number, high: number] {
  const magnitude = magnitudeOf(value);
  if (magnitude > infinite) return [flags | flag.none, low, high];
  if (magnitude === infinite) return [flags | (value > 0 ? flag.up : flag.down), low, high];
  const sum = wholeOf(low, high) + BigInt(quantaOf(Math.fround(value), largest));
  bits.setBigInt64(0, sum);
  const fits = bits.getBigInt64(0) === sum;
  return [fits ? flags : flags | flag.none, bits.getUint32(4), bits.getUint32(0)];
}

function wholeOf(low: number, high: number): bigint {
  bits.setUint32(0, high);
  bits.setUint32(4, low);
  return bits.getBigInt64(0);
}

/** The f32 nearest to a sum, ties to even, of its words in order. */
export function totalOf(words: readonly number[]): number {
  const [largest, flags, low, high] = words as readonly [number, number, number, number];
  if (flags === flag.up) return Number.POSITIVE_INFINITY;
  if (flags === flag.down) return Number.NEGATIVE_INFINITY;
  if (flags !== 0) return Number.NaN;
  const whole = wholeOf(low, high);
  const magnitude = whole < 0n ? -whole : whole;
  const drop = Math.max(magnitude.toString(2).length - 24, 0);
  const digits = nearest(magnitude, BigInt(drop));
  return Math.fround(Math.sign(Number(whole)) * digits * 2 ** (exponentOf(largest) - 156 + drop));
}

/** `magnitude` without its `drop` last digits, rounded to the nearest, ties to even. */
function nearest(magnitude: bigint, drop: bigint): number {
  if (drop === 0n) return Number(magnitude);
  const kept = magnitude >> drop;
  const rest = magnitude - (kept << drop);
  const half = 1n << (drop - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return Number(up ? kept + 1n : kept);
}
