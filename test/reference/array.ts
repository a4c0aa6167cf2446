// Plain float64 arrays for the reference implementations, which are written from papers and
// specifications as nested loops and import nothing from the language or the compiler.

/** A dense row-major array of float64 numbers. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Input tensors by name: input, offset, weight, mask, bias, rois. */
export type Inputs = Readonly<Record<string, Array64>>;

/** A pair of numbers along the rows (y) and the columns (x). */
export interface YX {
  readonly y: number;
  readonly x: number;
}

/** Zeros added around a map before a convolution. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Attributes of all operators in one normal form; what is absent has the default in brackets. */
export interface Attrs {
  /** [1, 1] */
  readonly stride?: YX;
  /** [1, 1] */
  readonly dilation?: YX;
  /** One number for opposite sides where it is a pair [0 on all sides; dcn_v3, dcn_v4: 1]. */
  readonly padding?: Padding | YX;
  /** Points along rows and columns of dcn_v3 and dcn_v4 [3, 3]. */
  readonly kernel?: YX;
  /** Groups of channels of dcn_v3 and dcn_v4 [1]. */
  readonly group?: number;
  /** Scales offsets and the grid of points of dcn_v3 and dcn_v4 [1]. */
  readonly offset_scale?: number;
  /** Whether the middle point of dcn_v3 and dcn_v4 is left out [false]. */
  readonly remove_center?: boolean;
  /** Whether the weights of a group of dcn_v4 are their softmax [false]. */
  readonly softmax?: boolean;
  /** What grid_sample finds beyond the image [zeros]. */
  readonly padding_mode?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are centres of pixels in grid_sample, not the image's edges [false]. */
  readonly align_corners?: boolean;
  /** What a position outside the map reads: of deform_conv2d [zeros], of deform_roi_pool [clamp]. */
  readonly border?: "zeros" | "dcnv1" | "clamp" | "skip";
  /** Per tap (dy, dx), or per offset group all dy and then all dx [interleaved]. */
  readonly offset_order?: "interleaved" | "rows_then_columns";
  /** The gradient at positions of exactly -1; it has no effect on the forward pass [one_sided]. */
  readonly edge_grad?: "one_sided" | "zero";
  /** Map pixels per image unit [1]. */
  readonly spatial_scale?: number;
  /** Bins of a RoI; required by RoI operators. */
  readonly output_size?: YX;
  /** Samples along each side of a bin; 0 or less: one per map pixel [-1]. */
  readonly sampling_ratio?: number;
  /** What roi_pool does with the pixels of a bin [max]. */
  readonly reduce?: "max" | "mean";
  /** Corners rounded, as they are, or of whole units [roi_pool, ps_roi_pool: round, deform_roi_pool: real]. */
  readonly coords?: "round" | "real" | "unit";
  /** Where bins of ps_roi_pool end: with the image, or a pixel earlier [image]. */
  readonly clip?: "image" | "torchvision";
  /** Groups of bins with channels of their own; 0: each bin [ps_roi_pool: 0, deform_ps_roi_pool: 1]. */
  readonly group_size?: YX;
  /** Parts of a RoI of deform_ps_roi_pool that move as one; 0: each bin [0]. */
  readonly part_size?: YX;
  /** Samples along each side of a bin of deform_ps_roi_pool [1]. */
  readonly sample_per_part?: number;
  /** The share of the RoI's size by which a trans of 1 moves a part [0.1]. */
  readonly trans_std?: number;
  /** The share of the RoI's size by which an offset of 1 moves a bin [0.1]. */
  readonly gamma?: number;
  /** Where in its share of a bin a sample of deform_roi_pool lies [centre]. */
  readonly grid?: "centre" | "corner";
  /** Whether pixel centres lie at half-integers, which shifts RoIs by -0.5 [false; rotated: true]. */
  readonly aligned?: boolean;
  /** What the angles of rotated RoIs are given in [radians]. */
  readonly angle?: "radians" | "degrees";
  /** Whether rotated RoIs turn clockwise, as pictures are seen, by a positive angle [false]. */
  readonly clockwise?: boolean;
  /** What roi_align does with its samples [avg], or how grid_sample reads between pixels [bilinear]. */
  readonly mode?: "avg" | "max" | "max_corner" | "bilinear" | "nearest";
}

/** What every reference implementation is. */
export type Reference = (inputs: Inputs, attrs: Attrs) => Array64;

/** The number of elements of a shape. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An array with these values, or with zeros. */
export function makeArray(shape: readonly number[], values?: ArrayLike<number>): Array64 {
  const count = countElements(shape);
  if (values && values.length !== count) {
    throw new Error(`Shape [${shape}] needs ${count} values, got ${values.length}.`);
  }
  return { shape, data: values ? Float64Array.from(values) : new Float64Array(count) };
}

/** The tensors an operator takes; refuses missing and unknown names. */
export function takeInputs<R extends string, O extends string = never>(
  inputs: Inputs,
  required: readonly R[],
  optional: readonly O[] = [],
): Readonly<Record<R, Array64>> & Readonly<Partial<Record<O, Array64>>> {
  const known: readonly string[] = [...required, ...optional];
  for (const name of Object.keys(inputs)) {
    if (!known.includes(name)) throw new Error(`Unknown tensor ${name}; allowed: ${known}.`);
  }
  for (const name of required) {
    if (!inputs[name]) throw new Error(`The tensor ${name} is missing.`);
  }
  return inputs as Readonly<Record<R, Array64>> & Readonly<Partial<Record<O, Array64>>>;
}

/** The four sizes of a rank-4 array; refuses another rank. */
export function sizes4(name: string, array: Array64): readonly [number, number, number, number] {
  const [a, b, c, d, ...rest] = array.shape;
  if (a === undefined || b === undefined || c === undefined || d === undefined || rest.length) {
    throw new Error(`${name} must have rank 4, got shape [${array.shape}].`);
  }
  return [a, b, c, d];
}

/** Refuses an array whose shape is not the expected one. */
export function requireShape(name: string, array: Array64, shape: readonly number[]): void {
  if (array.shape.length !== shape.length || shape.some((size, d) => size !== array.shape[d])) {
    throw new Error(`${name} must have shape [${shape}], got [${array.shape}].`);
  }
}

/** The position of an element in `data`; an index outside the array is an error. */
export function place(array: Array64, index: readonly number[]): number {
  if (index.length !== array.shape.length) {
    throw new Error(`Index [${index}] does not fit shape [${array.shape}].`);
  }
  let flat = 0;
  for (const [d, size] of array.shape.entries()) {
    const i = index[d]!;
    if (!(Number.isInteger(i) && i >= 0 && i < size)) {
      throw new Error(`Index [${index}] lies outside shape [${array.shape}].`);
    }
    flat = flat * size + i;
  }
  return flat;
}

/** Reads one element; an index outside the array is an error. */
export function read(array: Array64, ...index: readonly number[]): number {
  return array.data[place(array, index)]!;
}

/** Writes one element; an index outside the array is an error. */
export function write(array: Array64, index: readonly number[], value: number): void {
  array.data[place(array, index)] = value;
}
