// The 729 places that units see, drawn over the images: a plain network's above, a deformable one's below.

import { formatPng } from "../pictures/image.ts";
import { greyPicture } from "../pictures/picture.ts";
import type { Ground, UnitRecord } from "./sampling.ts";

/** Drawn pixels for a pixel of the image. */
const scale = 10;

/** Pixels of the image that are shown beyond each side of it. */
const margin = 7;

const gap = 18;
const head = 44;
const side = 112;

// Okabe and Ito's blue and vermilion, apart for all colour vision.
const dotColour = "#0072B2";
const unitColour = "#D55E00";

const titles: Readonly<Record<Ground, string>> = {
  background: "a unit on the background",
  small: "on the smallest digit",
  medium: "on a digit",
  large: "on the largest digit",
};

/** Draws units as an SVG: a column for each, with their positions without and with offsets. */
export function drawUnits(units: readonly UnitRecord[], name: string): string {
  const size = Math.max(...units.map((unit) => unit.size));
  const cell = (size + 2 * margin) * scale;
  const width = side + units.length * (cell + gap);
  const height = head + 2 * (cell + gap) + 26;
  const heads = units.map(
    ({ ground }, i) =>
      `<text x="${side + i * (cell + gap) + cell / 2}" y="28" text-anchor="middle">${titles[ground]}</text>`,
  );
  const rows = (["plain", "positions"] as const).map((kind, row) => {
    const top = head + row * (cell + gap);
    // On two lines where there is more than a word.
    const [first, ...rest] = (kind === "plain" ? "plain" : name).split(" ");
    const label = rest.length === 0 ? [first!] : [first!, rest.join(" ")];
    const middle = top + cell / 2 - (label.length - 1) * 9;
    const lines = label.map(
      (word, i) => `<text x="${side - 12}" y="${middle + i * 18}" text-anchor="end">${word}</text>`,
    );
    const cells = units.map((unit, i) =>
      drawCell(unit, unit[kind], { left: side + i * (cell + gap), top, id: `${kind}${i}` }),
    );
    return [...lines, ...cells].join("\n");
  });
  const note = `${units[0]?.positions.length} dots: where the unit (orange cross) samples through three 3×3 layers`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="15" fill="#1d2327">
<rect width="${width}" height="${height}" fill="white"/>
${heads.join("\n")}
${rows.join("\n")}
<text x="${side}" y="${height - 14}" font-size="13" fill="#4a5359">${note}</text>
</svg>
`;
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly id: string;
}

function drawCell(
  { size, pixels, unit }: UnitRecord,
  positions: readonly (readonly [number, number])[],
  { left, top, id }: Place,
): string {
  const cell = (size + 2 * margin) * scale;
  // A pixel's middle is at its whole number.
  const x = (at: number): number => round(left + (at + margin + 0.5) * scale);
  const y = (at: number): number => round(top + (at + margin + 0.5) * scale);
  const dots = positions.map(([py, px]) => `<circle cx="${x(px)}" cy="${y(py)}" r="2.4"/>`);
  const [uy, ux] = [y(unit[0]), x(unit[1])];
  const arm = 8;
  return `<clipPath id="${id}"><rect x="${left}" y="${top}" width="${cell}" height="${cell}"/></clipPath>
<rect x="${left}" y="${top}" width="${cell}" height="${cell}" fill="#f1f1ef"/>
<image x="${left + margin * scale}" y="${top + margin * scale}" width="${size * scale}" height="${size * scale}" href="${embed(size, pixels)}"/>
<g clip-path="url(#${id})" fill="${dotColour}" fill-opacity="0.45">${dots.join("")}</g>
<path d="M${ux - arm} ${uy}H${ux + arm}M${ux} ${uy - arm}V${uy + arm}" stroke="white" stroke-width="6"/>
<path d="M${ux - arm} ${uy}H${ux + arm}M${ux} ${uy - arm}V${uy + arm}" stroke="${unitColour}" stroke-width="3"/>
<rect x="${left}" y="${top}" width="${cell}" height="${cell}" fill="none" stroke="#c5cbcf"/>`;
}

const round = (value: number): number => Number(value.toFixed(1));

/** An image as grey ink on white, each pixel a square. */
function embed(size: number, pixels: readonly number[]): string {
  const wide = size * scale;
  const plane = new Float32Array(wide * wide);
  for (let y = 0; y < wide; y++)
    for (let x = 0; x < wide; x++) {
      const value = pixels[Math.floor(y / scale) * size + Math.floor(x / scale)]!;
      // Not black, so that dots show on it.
      plane[y * wide + x] = 1 - 0.5 * value;
    }
  const png = formatPng(greyPicture(plane, wide, wide));
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
