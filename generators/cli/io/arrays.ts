import { extname } from "node:path";
import { UserError } from "../errors.ts";
import { DTYPES, type NpArray, type NpData, type NpDType } from "./dtypes.ts";
import { readBytes, writeBytes } from "./files.ts";
import { formatNpy, parseNpy } from "./npy.ts";
import { formatZip, readZip } from "./zip.ts";

export type { NpArray, NpData, NpDType } from "./dtypes.ts";

/** How arrays are read. */
export interface ReadOptions {
  /** The name given to the one array of a .npy file, which has none of its own. */
  readonly name?: string;
  /** The most bytes that an archive may unpack to. */
  readonly limit?: number;
}

/** The arrays of a .npz file by name, or the one array of a .npy file under `options.name`. */
export async function readArrays(
  path: string,
  { name = "array", limit }: ReadOptions = {},
): Promise<Readonly<Record<string, NpArray>>> {
  const bytes = await readBytes(path);
  if (startsWith(bytes, "\x93NUMPY")) return { [name]: parseNpy(bytes, path) };
  if (!startsWith(bytes, "PK")) {
    const found = bytes.length === 0 ? "it is empty" : "its first bytes are neither's";
    throw new UserError(`${path} is not a NumPy .npz or .npy file: ${found}`);
  }
  const arrays: [string, NpArray][] = [];
  for (const [entry, file] of readZip(bytes, path, limit)) {
    if (!entry.endsWith(".npy")) {
      throw new UserError(`${path} holds "${entry}", which is not an array (its name lacks .npy)`);
    }
    const own = entry.slice(0, -".npy".length);
    arrays.push([own, parseNpy(file, `the array "${own}" of ${path}`)]);
  }
  return Object.fromEntries(arrays);
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return Buffer.from(bytes.subarray(0, magic.length)).toString("latin1") === magic;
}

/** Writes arrays as a .npz file that `numpy.load` reads; whole or not at all. */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, NpArray>>,
): Promise<void> {
  const files = new Map<string, Uint8Array>();
  for (const [name, array] of Object.entries(arrays)) {
    files.set(`${name}.npy`, formatNpy(array, `the array "${name}"`));
  }
  await writeBytes(path, formatZip(files, path));
}

/** Writes one array as a .npy file that `numpy.load` reads; whole or not at all. */
export async function writeNpy(path: string, array: NpArray): Promise<void> {
  await writeBytes(path, formatNpy(array, path));
}

/** Writes arrays as the path's ending says: .npz for any number, .npy for exactly one. */
export async function writeArrays(
  path: string,
  arrays: Readonly<Record<string, NpArray>>,
): Promise<void> {
  const names = Object.keys(arrays);
  switch (extname(path)) {
    case ".npz":
      return writeNpz(path, arrays);
    case ".npy": {
      const [only] = Object.values(arrays);
      if (only === undefined || names.length > 1) {
        throw new UserError(`${path} can hold one array, not ${names.join(", ")}; use .npz`);
      }
      return writeNpy(path, only);
    }
    default:
      throw new UserError(`cannot write ${path}: arrays are written to .npz or .npy files`);
  }
}

/** An array over the given data, with the element type that its typed array stands for. */
export function arrayOf(shape: readonly number[], data: NpData): NpArray {
  return { shape, dtype: dtypeOf(data), data };
}

function dtypeOf(data: NpData): NpDType {
  const types = Object.keys(DTYPES) as NpDType[];
  // f2 and b1 are held in the arrays of other types, which they must not shadow.
  const own = types.filter((type) => type !== "f2" && type !== "b1");
  return own.find((type) => DTYPES[type].encode(data.subarray(0, 0)) !== undefined)!;
}
