// NumPy's .npy format, versions 1 to 3. Written here because the npm readers lack what `run`
// promises: Fortran order, big-endian and bool arrays, float16 written, and damaged files refused.
import { UserError } from "../errors.ts";
import {
  checkArray,
  countElements,
  DTYPES,
  isDType,
  type NpArray,
  type NpDType,
  orderBytes,
} from "./dtypes.ts";

const MAGIC = "\x93NUMPY";
/** Only structured types, which are refused anyway, need longer headers. */
const LONGEST_HEADER = 65536;
/** NumPy's own limit on dimensions. */
const MOST_DIMENSIONS = 64;

interface Header {
  readonly dtype: NpDType;
  readonly order: "LE" | "BE";
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin in the file. */
  readonly start: number;
}

/** Reads one .npy file; `name` stands for the array in messages. */
export function parseNpy(bytes: Uint8Array, name: string): NpArray {
  const { dtype, order, fortran, shape, start } = readHeader(bytes, name);
  const itemBytes = DTYPES[dtype].bytes;
  const needed = countElements(shape) * itemBytes;
  const present = bytes.length - start;
  // Compared before anything is allocated: a header may claim any size.
  if (needed !== present) {
    const what = needed > present ? "is truncated" : "has bytes after its end";
    throw new UserError(
      `${name} ${what}: shape (${shape.join(", ")}) of ${DTYPES[dtype].name} takes ` +
        `${needed} bytes, the file holds ${present}`,
    );
  }
  // A copy: elements must start on their boundary, and the order of bytes is changed in place.
  const stored = new Uint8Array(bytes.subarray(start));
  orderBytes(stored, itemBytes, order);
  const data = DTYPES[dtype].decode(stored.buffer);
  return { shape, dtype, data: fortran ? reorderToC(data, shape) : data };
}

function readHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10 || latin1(bytes.subarray(0, 6)) !== MAGIC) {
    throw new UserError(`${name} is not a NumPy .npy array (its first bytes are different)`);
  }
  const version = view.getUint8(6);
  if (version < 1 || version > 3) {
    throw new UserError(`${name} has .npy format version ${version}; versions 1 to 3 are read`);
  }
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (bytes.length < start) throw new UserError(`${name} is truncated inside its header`);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER) {
    throw new UserError(
      `${name} has a header of ${length} bytes; at most ${LONGEST_HEADER} are read`,
    );
  }
  if (bytes.length < start + length) throw new UserError(`${name} is truncated inside its header`);
  const text = latin1(bytes.subarray(start, start + length));
  return { ...readFields(text, name), start: start + length };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** One `key: value` of the Python dictionary in the header; values as NumPy prints them. */
const FIELD = new RegExp(
  [
    /\s*(?<q>['"])(?<key>\w+)\k<q>\s*:\s*/,
    /(?:'(?<text>[^'\\]*)'|(?<flag>True|False)|\((?<tuple>[\d\sL,]*)\)|(?<list>\[[\s\S]*\]))/,
    /\s*(?:,|(?=\}))/,
  ]
    .map((part) => part.source)
    .join(""),
  "y",
);

function readFields(text: string, name: string): Omit<Header, "start"> {
  const damaged = new UserError(
    `${name} has a header that is not NumPy's: ${text.trim().slice(0, 80)}`,
  );
  const body = text.trim();
  if (!body.startsWith("{") || !body.endsWith("}")) throw damaged;
  const fields = new Map<string, Record<string, string | undefined>>();
  let at = 1;
  while (body.slice(at).trim() !== "}") {
    FIELD.lastIndex = at;
    const { key, ...value } = FIELD.exec(body)?.groups ?? {};
    if (key === undefined || fields.size === 3 || fields.has(key)) throw damaged;
    fields.set(key, value);
    at = FIELD.lastIndex;
  }
  const [descr, fortran, shape] = ["descr", "fortran_order", "shape"].map((k) => fields.get(k));
  const dims = shape?.tuple === undefined ? undefined : readShape(shape.tuple);
  if (descr === undefined || fortran?.flag === undefined || dims === undefined) throw damaged;
  return { ...readDescr(descr.text, name), fortran: fortran.flag === "True", shape: dims };
}

function readShape(text: string): readonly number[] | undefined {
  // "(3,)" and "(3, 4)" are tuples; Python 2 wrote long sizes as "3L"; "(3)" is a plain number.
  const parts = text.trim() === "" ? [] : text.split(",").map((part) => part.trim());
  if (parts.length === 1) return undefined;
  if (parts.at(-1) === "") parts.pop();
  if (parts.length > MOST_DIMENSIONS || !parts.every((part) => /^\d+L?$/.test(part)))
    return undefined;
  const shape = parts.map((part) => Number.parseInt(part, 10));
  return shape.every(Number.isSafeInteger) ? shape : undefined;
}

function readDescr(descr: string | undefined, name: string): Pick<Header, "dtype" | "order"> {
  const allowed = Object.values(DTYPES)
    .map((row) => row.name)
    .join(", ");
  if (descr === undefined)
    throw new UserError(`${name} has a structured dtype; ${allowed} are read`);
  const order = descr[0];
  const dtype = descr.slice(1);
  // Objects are Python pickles, which can run code when loaded: never read.
  if (dtype.startsWith("O")) {
    throw new UserError(
      `${name} holds Python objects, which are never loaded; ${allowed} are read`,
    );
  }
  const known = isDType(dtype) && (order === "<" || order === ">" || DTYPES[dtype].bytes === 1);
  if (!known) throw new UserError(`${name} has the dtype "${descr}"; ${allowed} are read`);
  return { dtype, order: order === ">" ? "BE" : "LE" };
}

/** Copies elements from Fortran order (first index fastest) to C order (last index fastest). */
function reorderToC(data: NpArray["data"], shape: readonly number[]): NpArray["data"] {
  const result = data.slice();
  const index = shape.map(() => 0);
  let stride = 1;
  const strides = shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** The bytes of an array as a .npy file as `numpy.save` writes them: C order, little-endian. */
export function formatNpy(array: NpArray, name = "the array"): Uint8Array {
  checkArray(name, array);
  const { shape, dtype, data } = array;
  const row = DTYPES[dtype];
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const descr = `${row.bytes === 1 ? "|" : "<"}${dtype}`;
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // NumPy leaves room for the first size to grow to 21 digits in place, then fills with spaces
  // to a newline that ends on a multiple of 64 bytes (64 more where it would fit exactly).
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const length = Math.floor((10 + fields.length + room + 1) / 64 + 1) * 64 - 10;
  const head = Buffer.alloc(10 + length, " ", "latin1");
  head.write(MAGIC, 0, "latin1");
  head.writeUInt8(1, 6);
  head.writeUInt8(0, 7);
  head.writeUInt16LE(length, 8);
  head.write(fields, 10, "latin1");
  head.write("\n", head.length - 1, "latin1");
  const stored = row.encode(data)!;
  const bytes = new Uint8Array(head.length + stored.byteLength);
  bytes.set(head);
  bytes.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), head.length);
  orderBytes(bytes.subarray(head.length), row.bytes, "LE");
  return bytes;
}
