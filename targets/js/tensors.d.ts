/** The tensors of a call that are given, by name; refuses what is no object. */
export function findGiven<T>(
  tensors: Readonly<Record<string, T | undefined>>,
): readonly (readonly [name: string, tensor: T])[];

/** The shape of a tensor `{ data, shape }`; refuses what is none. */
export function readShape(name: string, tensor: unknown): readonly number[];

/** The elements of a tensor as floats: its own array where that holds such. */
export function readData(
  name: string,
  data: ArrayLike<number>,
  shape: readonly number[],
): Float32Array;
