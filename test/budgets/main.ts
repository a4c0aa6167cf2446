// Rewrites the table of what CUDA kernels take of each architecture: of generated/cuda, or of another folder.

import { readFile, writeFile } from "node:fs/promises";
import {
  compareTables,
  findSpills,
  formatTable,
  measureFiles,
  readKernels,
  shippedFolder,
  type Table,
  tablePath,
} from "./cuda.fixtures.ts";

const found = await measureFiles(await readKernels(process.argv[2] ?? shippedFolder));
if ("unavailable" in found) {
  console.error(`error: ${found.unavailable}`);
  process.exit(1);
}
const old = await readFile(tablePath, "utf8").catch(() => undefined);
const changes = old === undefined ? [] : compareTables(JSON.parse(old) as Table, found);
for (const change of changes) console.log(change);
await writeFile(tablePath, formatTable(found));
const spills = findSpills(found);
for (const spill of spills) console.error(`error: ${spill}`);
console.log(`${tablePath}: ${changes.length} rows changed, by ${found.compiler}`);
if (spills.length > 0) process.exit(1);
