// Photos: read, scaled to what is computed, and as a tensor.

import { byId } from "./dom.ts";
import { fitPhoto } from "./fit.ts";
import type { Extent } from "./geometry.ts";

/** A photo as it was chosen. */
export interface Source {
  readonly picture: ImageBitmap;
  readonly name: string;
}

/** A photo as it is computed with. */
export interface Photo extends Extent {
  readonly canvas: HTMLCanvasElement;
  /** [3, height, width], values from 0 to 1. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** Reads a picture; throws a sentence where it is none. */
export async function readPhoto(file: Blob, name: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error(`${name} is no picture that this browser reads; JPEG, PNG and WebP are.`);
  }
}

/** A picture at another extent, as a tensor. */
function scalePhoto(picture: ImageBitmap, { height, width }: Extent): Photo {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
  const { data: bytes } = context.getImageData(0, 0, width, height);
  const plane = width * height;
  const data = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++)
      data[channel * plane + i] = bytes[4 * i + channel]! / 255;
  return { height, width, canvas, data };
}

/** Scales a photo to what is chosen and allowed, shows it, and says how it was scaled. */
export function showPhoto({ picture, name }: Source, longest: number, maxBytes: number): Photo {
  // The offsets of 5×5 taps are the largest tensor.
  const fit = fitPhoto(picture, { longest, maxBytes, bytesPerPixel: 4 * 2 * 25 });
  const made = scalePhoto(picture, fit);
  const canvas = byId<HTMLCanvasElement>("photo");
  canvas.width = made.width;
  canvas.height = made.height;
  canvas.getContext("2d")!.drawImage(made.canvas, 0, 0);
  // How wide it is for its height; the style gives its frame room by that.
  document.documentElement.style.setProperty("--shape", String(made.width / made.height));
  const from = `${picture.width} × ${picture.height}`;
  const scaled = fit.because ? `, scaled from ${from} ${fit.because}` : "";
  byId("photo-caption").textContent = `${name}, ${fit.width} × ${fit.height} pixels${scaled}`;
  return made;
}

/** Draws a tensor [3, height, width]; of a filter that gives differences, 0 is middle grey. */
export function paintResult(
  canvas: HTMLCanvasElement,
  { height, width }: Extent,
  data: Float32Array,
  signed: boolean,
): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const plane = height * width;
  const image = new ImageData(width, height);
  const add = signed ? 0.5 : 0;
  // The array clamps and rounds.
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[4 * i + channel] = (data[channel * plane + i]! + add) * 255;
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
