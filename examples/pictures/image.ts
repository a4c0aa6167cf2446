import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { messageOf, UserError } from "../../generators/cli/errors.ts";
import { readBytes, writeBytes } from "../../generators/cli/io/files.ts";
import type { Picture } from "./picture.ts";

/** Pixels as the decoders give them: red, green, blue and alpha bytes, row after row. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The greatest picture that is decoded, in pixels: a small file may claim any size. */
const MOST_PIXELS = 100e6;

/** Reads a JPEG or PNG file; values are the file's sRGB bytes over 255, transparency over white. */
export async function readPicture(path: string): Promise<Picture> {
  const pixels = decode(await readBytes(path), path);
  const { width, height, data } = pixels;
  const size = width * height;
  const planar = new Float32Array(3 * size);
  for (let i = 0; i < size; i++) {
    const alpha = data[4 * i + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      planar[channel * size + i] = (data[4 * i + channel]! / 255) * alpha + (1 - alpha);
    }
  }
  return { width, height, data: planar };
}

function decode(bytes: Uint8Array, path: string): Pixels {
  const start = Buffer.from(bytes.subarray(0, 8)).toString("latin1");
  try {
    if (start.startsWith("\xff\xd8\xff")) return decodeJpeg(bytes);
    if (start === "\x89PNG\r\n\x1a\n") return decodePng(Buffer.from(bytes));
  } catch (error) {
    throw new UserError(`cannot read the picture ${path}: ${messageOf(error)}`);
  }
  throw new UserError(`${path} is not a JPEG or PNG picture`);
}

function decodeJpeg(bytes: Uint8Array): Pixels {
  return jpeg.decode(bytes, {
    useTArray: true,
    // A damaged file is refused instead of read as far as it goes.
    tolerantDecoding: false,
    maxResolutionInMP: MOST_PIXELS / 1e6,
    maxMemoryUsageInMB: 2048,
  });
}

function decodePng(bytes: Buffer): Pixels {
  // The size stands at a fixed place at the start and is looked at before it is allocated.
  const claimed = bytes.length < 24 ? 0 : bytes.readUInt32BE(16) * bytes.readUInt32BE(20);
  if (claimed > MOST_PIXELS) throw new Error(`it has more than ${MOST_PIXELS / 1e6} megapixels`);
  return PNG.sync.read(bytes);
}

/** The bytes of a picture as a PNG file; values outside 0 to 1 (a rounding error over) are cut. */
export function formatPng({ width, height, data }: Picture): Uint8Array {
  const png = new PNG({ width, height, colorType: 2 });
  const size = width * height;
  for (let i = 0; i < size; i++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = data[channel * size + i]!;
      // A NaN would become a black pixel that nobody notices.
      if (Number.isNaN(value)) {
        throw new RangeError(
          `the pixel x=${i % width}, y=${Math.floor(i / width)} is not a number`,
        );
      }
      png.data[4 * i + channel] = Math.round(Math.min(1, Math.max(0, value)) * 255);
    }
    png.data[4 * i + 3] = 255;
  }
  return PNG.sync.write(png, { colorType: 2 });
}

/** Writes a picture as a PNG file, whole or not at all. */
export async function writePng(path: string, picture: Picture): Promise<void> {
  await writeBytes(path, formatPng(picture));
}
