import { crc32 } from "node:zlib";
import { strFromU8, unzipSync, type Zippable, zipSync } from "fflate";
import { messageOf, UserError } from "../errors.ts";

/** The most bytes that one archive may unpack to, unless the caller says otherwise. */
export const UNPACK_LIMIT = 2 ** 32 - 1;

/** What the archive's directory says of one entry. */
interface Entry {
  readonly name: string;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
}

const STORED = 0;
const DEFLATED = 8;
/** Deflate cannot pack better than this, so that a greater claim is damage or an attack. */
const BEST_RATIO = 1032;

/** Unpacks a zip archive, checking sizes before and checksums after; `path` is for messages. */
export function readZip(
  bytes: Uint8Array,
  path: string,
  limit = UNPACK_LIMIT,
): ReadonlyMap<string, Uint8Array> {
  const entries = readDirectory(bytes, path);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > limit) {
    throw new UserError(`${path} unpacks to ${total} bytes; at most ${limit} are read`);
  }
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    throw new UserError(`${path} cannot be unpacked (${messageOf(error)}): it is damaged`);
  }
  const unpacked = new Map<string, Uint8Array>();
  for (const { name, checksum, size } of entries) {
    const file = Object.hasOwn(files, name) ? files[name]! : new Uint8Array();
    // fflate does not look at checksums; a flipped bit would silently become another number.
    if (file.length !== size || crc32(file) !== checksum) {
      throw new UserError(`${path} is damaged: the checksum of its entry "${name}" does not match`);
    }
    unpacked.set(name, file);
  }
  return unpacked;
}

/** Reads the archive's directory and refuses what cannot or should not be unpacked. */
function readDirectory(bytes: Uint8Array, path: string): readonly Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start } = findDirectory(view, path);
  const entries: Entry[] = [];
  const names = new Set<string>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw new UserError(`${path} is damaged: entry ${i + 1} of ${count} is not in its directory`);
    }
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const packed = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 24, true);
    const [nameLength, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    // Bit 11 says UTF-8; without it the name is read byte by byte, as fflate does.
    const name = strFromU8(bytes.subarray(at + 46, at + 46 + nameLength!), !(flags & 0x800));
    const refusal = refuse(name, { flags, method, packed, size }) ?? repeated(names, name);
    if (refusal !== undefined) throw new UserError(`${path}: ${refusal}`);
    names.add(name);
    entries.push({ name, checksum: view.getUint32(at + 16, true), packed, size });
    at += 46 + nameLength! + extra! + comment!;
  }
  return entries;
}

function repeated(names: ReadonlySet<string>, name: string): string | undefined {
  return names.has(name) ? `the entry "${name}" is there twice` : undefined;
}

interface Claims {
  readonly flags: number;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
}

function refuse(name: string, { flags, method, packed, size }: Claims): string | undefined {
  if (flags & 1) return `the entry "${name}" is encrypted`;
  if (method !== STORED && method !== DEFLATED) {
    return `the entry "${name}" has method ${method}; 0 (stored) and 8 (deflated) are read`;
  }
  // 0xffffffff defers to a 64-bit field, which nothing that can be read here needs.
  if (packed === 0xffffffff || size === 0xffffffff) return `the entry "${name}" exceeds 4 GiB`;
  const most = method === STORED ? packed : packed * BEST_RATIO;
  return size > most
    ? `the entry "${name}" claims ${size} bytes from ${packed}: damaged`
    : undefined;
}

function findDirectory(view: DataView, path: string): { count: number; start: number } {
  const last = view.byteLength - 22;
  // The end record is followed by a comment of at most 65535 bytes.
  for (let at = last; at >= 0 && at >= last - 65535; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    const wide = findWideEnd(view, at);
    return wide ?? { count: view.getUint16(at + 10, true), start: view.getUint32(at + 16, true) };
  }
  throw new UserError(`${path} is not a complete zip archive (.npz): its directory is missing`);
}

/** The zip64 end record, where there is one: it holds the count and place in 64 bits. */
function findWideEnd(view: DataView, end: number): { count: number; start: number } | undefined {
  if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50) return undefined;
  const at = Number(view.getBigUint64(end - 12, true));
  if (at + 56 > view.byteLength || view.getUint32(at, true) !== 0x06064b50) return undefined;
  return {
    count: Number(view.getBigUint64(at + 32, true)),
    start: Number(view.getBigUint64(at + 48, true)),
  };
}

/** Packs files without compression, as `numpy.savez` does; equal files give equal bytes. */
export function formatZip(files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const total = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  if (total > UNPACK_LIMIT - 2 ** 20) {
    throw new UserError(
      `cannot write ${path}: ${total} bytes are more than a zip archive holds here`,
    );
  }
  // A date in local time is what zip stores, so that this is the same in every time zone.
  const mtime = new Date(1980, 0, 1);
  const entries: Zippable = Object.fromEntries(files);
  return zipSync(entries, { level: 0, mtime });
}
