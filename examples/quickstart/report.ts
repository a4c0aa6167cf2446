// The pictures of out/quickstart/ and the page that shows them.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Ledger } from "../../generators/check/ledger.ts";
import { writeBytes } from "../../generators/cli/io/files.ts";
import { buildPage } from "../page/build.ts";
import { writePng } from "../pictures/image.ts";
import { differencePicture, type Picture } from "../pictures/picture.ts";
import { formatPage } from "./page.ts";
import { drawPanel, panels } from "./panels.ts";
import { drawPositions } from "./positions.ts";
import { type Kernel, swirlFor } from "./swirl.ts";
import type { Expected, Outcome, Warp, Warped } from "./warp.ts";

/** Everything that the quickstart found out. */
export interface Report {
  readonly original: Picture;
  readonly warp: Warp;
  readonly kernel: Kernel;
  readonly expected: Expected;
  readonly outcomes: readonly Outcome[];
  readonly ledger: Ledger;
  /** The sentence about the generated files. */
  readonly generated: string;
  readonly milliseconds: number;
}

/** A target's picture with its difference from the reference; the files lie beside the page. */
export interface Shown {
  readonly warped: Warped;
  readonly result: string;
  readonly difference: string;
}

/** Distance between the drawn taps, in pixels of the original: those of the warp would overlap. */
const drawnSpacing = 26;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Writes all pictures and the page; gives the page's path. */
export async function writeReport(folder: string, report: Report): Promise<string> {
  const { original, warp, expected, outcomes } = report;
  await mkdir(folder, { recursive: true });
  const write = (name: string, picture: Picture) => writePng(join(folder, name), picture);
  await write("input.png", warp.picture);
  await write("reference.png", expected.picture);
  const swirl = swirlFor(original.width, original.height);
  const drawn = { size: report.kernel.size, spacing: drawnSpacing };
  await write("positions.png", drawPositions(original, swirl, drawn));
  for (const panel of panels) await write(`panel-${panel.name}.png`, drawPanel(panel));

  const warped = outcomes.filter((o) => "picture" in o);
  const gain = chooseGain(warped);
  const shown: Shown[] = [];
  for (const [i, one] of warped.entries()) {
    const { target } = one.device;
    const again = warped.slice(0, i).filter((o) => o.device.target === target).length;
    const name = again === 0 ? target : `${target}-${again + 1}`;
    const files = { result: `result-${name}.png`, difference: `difference-${name}.png` };
    await write(files.result, one.picture);
    await write(files.difference, differencePicture(one.picture, expected.picture, gain));
    shown.push({ warped: one, ...files });
  }
  await writeBytes(join(folder, "live.html"), encode(await buildPage()));
  const page = join(folder, "index.html");
  await writeBytes(page, encode(formatPage(report, shown, gain)));
  return page;
}

/**
 * The greatest of 1, 2, 5, 10, 20… by which no target's difference, multiplied, is lighter than white; the same
 * for all targets.
 */
export function chooseGain(warped: readonly Pick<Warped, "worst">[]): number {
  const worst = Math.max(...warped.map((one) => one.worst));
  if (!(worst > 0 && Number.isFinite(worst))) return 1;
  const power = 10 ** Math.floor(-Math.log10(worst));
  const steps = [5, 2, 1].map((step) => step * power);
  return steps.find((gain) => gain * worst <= 1) ?? power / 2;
}
