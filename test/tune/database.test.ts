// Databases: what was written is never lost, and what is not a database is said to be none.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { mergeDatabases, repairDatabase } from "../../generators/tune/database/change.ts";
import { identifyKey, identifyRecord } from "../../generators/tune/database/identity.ts";
import { parseDatabase, readRecords } from "../../generators/tune/database/read.ts";
import { openDatabase } from "../../generators/tune/database/store.ts";
import { makeRecord } from "./database.fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "warpweave-database-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${++files}.jsonl`);

/** A database with the records of these tiles. */
async function write(...tiles: readonly number[]): Promise<string> {
  const path = newPath();
  const database = await openDatabase(path);
  for (const tile of tiles) database.append(makeRecord(tile));
  await database.close();
  return path;
}

describe("records", () => {
  test("come back as they were written, those of earlier runs first", async () => {
    const path = await write(1, 2);
    const again = await openDatabase(path);
    again.append(makeRecord(3));
    expect(again.records.map(({ configuration }) => configuration.tile)).toEqual([1, 2, 3]);
    await again.close();
    expect(await readRecords(path)).toEqual([1, 2, 3].map((tile) => makeRecord(tile)));
  });

  test("are of the same conditions whatever the order of names", () => {
    const { key, configuration } = makeRecord(1);
    const turned = Object.fromEntries(Object.entries(key).reverse()) as unknown as typeof key;
    expect(identifyKey(turned)).toBe(identifyKey(key));
    const other = makeRecord(1, { key: { ...key, shape: { N: 1, C: 5 } } });
    expect(identifyRecord(other)).not.toBe(identifyRecord(makeRecord(1)));
    expect(identifyRecord(makeRecord(1, { configuration: { fast: true, tile: 1 } }))).toBe(
      identifyRecord(makeRecord(1)),
    );
    expect(configuration).toEqual({ tile: 1, fast: true });
  });
});

describe("a write that did not end", () => {
  test("costs the last record alone, wherever it was cut", async () => {
    const whole = readFileSync(await write(1, 2));
    const lengths = whole.toString().split("\n").slice(0, 3);
    const [head, first] = lengths.map((line) => line.length + 1) as [number, number];
    for (let cut = 0; cut <= whole.length; cut += cut < head ? 1 : 7) {
      const { records, damaged } = parseDatabase("a", whole.subarray(0, cut));
      expect(damaged).toEqual([]);
      // A line that is whole but for its end counts.
      const expected = cut < head + first - 1 ? 0 : cut < whole.length - 1 ? 1 : 2;
      expect([cut, records.length]).toEqual([cut, expected]);
    }
  });

  test("is cut off by the next one", async () => {
    const path = await write(1);
    appendFileSync(path, '{"kind":"measu');
    const database = await openDatabase(path);
    expect(database.torn).toBe(true);
    database.append(makeRecord(2));
    await database.close();
    expect(await readRecords(path)).toEqual([makeRecord(1), makeRecord(2)]);
  });

  test("whose line lacks only its end is completed", async () => {
    const path = await write(1);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    const database = await openDatabase(path);
    database.append(makeRecord(2));
    await database.close();
    expect(await readRecords(path)).toHaveLength(2);
  });

  test("because the disk is full leaves the file as it was", async () => {
    const path = await write(1);
    const before = readFileSync(path);
    const { writeSync, fsyncSync } = await import("node:fs");
    const full = await openDatabase(path, {
      write: (file, bytes, at) => writeSync(file, bytes, 0, 20, at),
      sync: fsyncSync,
    });
    expect(() => full.append(makeRecord(2))).toThrow(
      `cannot write to ${path}: the disk is full; what it held before is in it`,
    );
    await full.close();
    expect(readFileSync(path)).toEqual(before);
  });
});

describe("refused is", () => {
  test("a damaged last line that has its end: it was changed, not cut off", async () => {
    const path = await write(1);
    appendFileSync(path, '{"kind":"measu\n');
    await expect(openDatabase(path)).rejects.toThrow(
      `line 3 of ${path} is damaged: it is not JSON`,
    );
    const repaired = await repairDatabase(path);
    expect([repaired.kept, repaired.damaged.length]).toEqual([1, 1]);
    expect(readFileSync(repaired.into, "utf8")).toBe('{"kind":"measu\n');
  });

  test("a damaged line in the middle, which repair takes out", async () => {
    const path = await write(1, 2, 3);
    const lines = readFileSync(path, "utf8").split("\n");
    lines[2] = lines[2]!.slice(5);
    writeFileSync(path, lines.join("\n"));
    const message = `line 3 of ${path} is damaged: it is not JSON at column 1: d does not belong there; \`warpweave tune repair ${path}\``;
    await expect(readRecords(path)).rejects.toThrow(message);
    await expect(openDatabase(path)).rejects.toThrow(message);
    const repaired = await repairDatabase(path);
    expect([repaired.kept, repaired.damaged.length]).toEqual([2, 1]);
    expect(readFileSync(repaired.into, "utf8")).toBe(`${lines[2]}\n`);
    expect(await readRecords(path)).toEqual([makeRecord(1), makeRecord(3)]);
  });

  test("a line that is JSON but no record, with what is wrong", async () => {
    const path = await write(1);
    const wrong = JSON.stringify({ ...makeRecord(2), status: "fine" });
    appendFileSync(path, `${wrong}\n${JSON.stringify(makeRecord(3))}\n`);
    await expect(readRecords(path)).rejects.toThrow(`line 3 of ${path} is damaged: status must be`);
  });

  test("another version, and what is no database", async () => {
    const path = newPath();
    writeFileSync(path, '{"kind":"header","format":"warpweave tune","version":99}\n');
    await expect(readRecords(path)).rejects.toThrow(
      `${path} is a database of version 99; this program reads version 1`,
    );
    writeFileSync(path, '{"cache": {}}\n');
    await expect(openDatabase(path)).rejects.toThrow("is not a database of tune");
    await expect(readRecords(join(folder, "none"))).rejects.toThrow("there is no database");
    await expect(openDatabase(join(path, "below"))).rejects.toThrow("cannot make the folder");
  });

  test("a second writer, who is told whom to wait for", async () => {
    const path = newPath();
    const database = await openDatabase(path);
    await expect(openDatabase(path)).rejects.toThrow(
      new RegExp(`${path} is being written by process ${process.pid} on .*; wait for its end`),
    );
    await database.close();
    await (await openDatabase(path)).close();
  });
});

test("a writer that was killed leaves no lock behind", { timeout: 30_000 }, async () => {
  const path = newPath();
  const store = new URL("../../generators/tune/database/store.ts", import.meta.url);
  const tsx = pathToFileURL(join(import.meta.dirname, "../../node_modules/tsx/dist/loader.mjs"));
  const script =
    `const { openDatabase } = await import(${JSON.stringify(store.href)});` +
    `await openDatabase(${JSON.stringify(path)}); console.log("open"); setInterval(() => {}, 1e6);`;
  const args = ["--import", tsx.href, "--input-type=module", "-e", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
  await expect(openDatabase(path)).rejects.toThrow(`by process ${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "close");
  const start = performance.now();
  await (await openDatabase(path)).close();
  expect(performance.now() - start).toBeLessThan(3000);
});

test("merging keeps the newest record of each configuration, and overwrites nothing", async () => {
  const [a, b] = [await write(1, 2), await write(3)];
  const later = makeRecord(2, { at: "2026-02-01T00:00:00.000Z", median: 99 });
  const database = await openDatabase(b);
  database.append(later);
  await database.close();
  const into = newPath();
  expect(await mergeDatabases([a, b], into)).toEqual({ read: 4, written: 3 });
  expect(await readRecords(into)).toEqual([makeRecord(1), makeRecord(3), later]);
  await expect(mergeDatabases([a], into)).rejects.toThrow(`${into} exists`);
});
