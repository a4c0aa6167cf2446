// CUDA kernels that ship take what the table says, and none of them spills.

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { architectures } from "../../targets/cuda/nvcc.ts";
import { readBounds } from "../../targets/cuda/resources.ts";
import { findNvcc } from "../../targets/native/compilers.ts";
import {
  compareTables,
  findSpills,
  hashText,
  inTurn,
  measureFiles,
  readKernels,
  selectRows,
  shippedFolder,
  type Table,
  tablePath,
} from "../budgets/cuda.fixtures.ts";

const nvcc = await findNvcc();
if (!nvcc) console.warn("Skipped: what CUDA kernels take of devices needs nvcc and g++.");

const texts = await readKernels(shippedFolder);
const kept = JSON.parse(await readFile(tablePath, "utf8")) as Table;

const names = [...texts.keys()];
const wanted = inTurn(names);

describe.skipIf(!nvcc)("CUDA kernels that ship", { timeout: 300_000 }, () => {
  test("take what the table says, and none spills", async () => {
    // Each on one of seven architectures; reports of texts that did not change are kept.
    const found = await measureFiles(texts, wanted);
    if ("unavailable" in found) throw new Error(found.unavailable);
    for (const file of Object.values(found.files))
      for (const rows of Object.values(file)) expect(Object.keys(rows)).toHaveLength(1);
    expect(findSpills(found)).toEqual([]);
    // Another release of the assembler allocates otherwise.
    if (found.compiler === kept.compiler)
      expect(compareTables(selectRows(kept, names, wanted), found)).toEqual([]);
    else console.warn(`Skipped: the table is of ${kept.compiler}, here is ${found.compiler}.`);
  });
});

test("the table has each kernel on all architectures", () => {
  const devices = architectures.map((architecture) => `sm_${architecture}`).sort();
  for (const file of Object.values(kept.files))
    for (const rows of Object.values(file)) expect(Object.keys(rows).sort()).toEqual(devices);
});

test("in turn, each file has one architecture, and each of these has its files", () => {
  for (const name of names) expect(wanted(name)).toHaveLength(1);
  const share = Math.floor(names.length / architectures.length);
  expect(share).toBeGreaterThan(0);
  for (const architecture of architectures) {
    const own = names.filter((name) => wanted(name).includes(architecture));
    expect(own.length).toBeGreaterThanOrEqual(share);
  }
  const one = selectRows(change({ sm_75: [1], sm_80: [2], sm_90: [3] }), ["a.cu"], () => [75, 90]);
  expect(one.files).toEqual({ "a.cu": { a: { sm_75: [1], sm_90: [3] } } });
});

test("the table is of the files that ship: if not, `npm run budgets` renews it", () => {
  const sources = [...texts].map(([name, text]) => [name, hashText(text)]);
  expect(kept.sources).toEqual(Object.fromEntries(sources));
  expect(Object.keys(kept.files)).toEqual([...texts.keys()]);
});

const table: Table = {
  compiler: "nvcc release 13.0",
  sources: {},
  columns: ["threads", "registers", "spill stores", "spill loads"],
  files: { "a.cu": { a: { sm_75: [128, 40, 0, 0], sm_80: [128, 32, 0, 0] } } },
};

const change = (rows: Readonly<Record<string, readonly number[]>>): Table => ({
  ...table,
  files: { "a.cu": { a: rows } },
});

test("a spill, a change, a new and a missing row are found", () => {
  expect(findSpills(table)).toEqual([]);
  expect(compareTables(table, table)).toEqual([]);
  const other = change({ sm_75: [128, 48, 8, 12], sm_90: [128, 32, 0, 0] });
  expect(findSpills(other)).toEqual(["a.cu a sm_75 spills 8 bytes and loads 12"]);
  expect(compareTables(table, other)).toEqual([
    "a.cu a sm_75: registers 40 -> 48, spill stores 0 -> 8, spill loads 0 -> 12",
    "a.cu a sm_80 is gone",
    "a.cu a sm_90 is new",
  ]);
});

test("no kernel that the table tells of spills", () => {
  expect(findSpills(kept)).toEqual([]);
});

test("bounds are read off a file", () => {
  const source = [
    'extern "C" __global__ void __launch_bounds__(128, 4) first(float* x) {}',
    'extern "C" __global__ void __launch_bounds__(64) second(',
  ];
  expect([...readBounds(source.join("\n"))]).toEqual([
    ["first", 128],
    ["second", 64],
  ]);
});
