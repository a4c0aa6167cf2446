// A run that is killed at any moment loses no more than the measurement that it was at.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { folderName, removeLeftovers } from "../../generators/cli/tuning/open.ts";
import { parseDatabase, readRecords } from "../../generators/tune/database/read.ts";

const folder = mkdtempSync(join(tmpdir(), "warpweave-killed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const tsx = pathToFileURL(join(import.meta.dirname, "../../node_modules/tsx/dist/loader.mjs")).href;
const script = join(import.meta.dirname, "killed.fixtures.ts");

/** Tunes until the end, or until so many lines and milliseconds have passed; what it said. */
async function run(path: string, count: number, kill?: { lines: number; wait: number }) {
  const child = spawn(process.execPath, ["--import", tsx, script, path, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  let isAimed = false;
  child.stdout.on("data", (part: Buffer) => {
    said += part.toString();
    if (kill === undefined || isAimed || said.split("\n").length <= kill.lines) return;
    isAimed = true;
    setTimeout(() => child.kill("SIGKILL"), kill.wait);
  });
  const [code] = (await once(child, "close")) as [number | null];
  // A line that was cut says nothing.
  return { code, lines: said.split("\n").slice(0, -1) };
}

const count = 40;

test("a run that is killed loses one measurement at most", { timeout: 60_000 }, async () => {
  const path = join(folder, "killed.jsonl");
  const kept = new Set<string>();
  for (const [i, wait] of [0, 7, 23].entries()) {
    const { code, lines } = await run(path, count, { lines: 8 + 6 * i, wait });
    expect(code).toBeNull();
    const known = lines.filter((line) => line.startsWith("known")).map((line) => line.slice(6));
    // All that was said to be kept before is known now.
    for (const tile of known) expect(kept).toContain(tile);
    for (const line of lines) kept.add(line.split(" ")[1]!);
    const { records, damaged } = parseDatabase(path, readFileSync(path));
    expect(damaged).toEqual([]);
    const written = new Set(records.map(({ configuration }) => String(configuration.tile)));
    for (const tile of kept) expect(written).toContain(tile);
    expect(written.size - kept.size).toBeLessThanOrEqual(1);
    // One that was written and not said of is known as well.
    for (const tile of written) kept.add(tile);
  }
  const { code, lines } = await run(path, count);
  expect(code).toBe(0);
  expect(lines).toHaveLength(count);
  expect(lines.filter((line) => line.startsWith("known"))).toHaveLength(kept.size);
  const records = (await readRecords(path)).filter(({ final }) => final !== true);
  expect(records.map(({ configuration }) => configuration.tile).sort()).toHaveLength(count);
});

test("folders of killed processes are removed, those of others stay", async () => {
  const gone = spawn(process.execPath, ["-e", ""]);
  await once(gone, "close");
  const left = `${folderName}${gone.pid}-a`;
  // The same number of another machine is another process.
  const kept = ["other", `${folderName}${process.pid}-b`, `warpweave-tune-elsewhere-${gone.pid}-c`];
  const within = mkdtempSync(join(folder, "leftovers-"));
  for (const name of [left, ...kept]) mkdirSync(join(within, name));
  await removeLeftovers(within);
  expect(readdirSync(within).sort()).toEqual(kept.toSorted());
});
