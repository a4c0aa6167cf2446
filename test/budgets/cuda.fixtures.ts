// What every CUDA kernel that ships takes of each architecture, as a table to be read in reviews.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Unavailable } from "../../targets/contract/program.ts";
import { type Architecture, architectures } from "../../targets/cuda/nvcc.ts";
import { type Budgets, type KernelBudget, measureKernels } from "../../targets/cuda/resources.ts";
import { hashParts } from "../../targets/native/cache.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Where the table is kept. */
export const tablePath = join(root, "test/budgets/cuda.json");

/** The kernel files that ship. */
export const shippedFolder = join(root, "generated/cuda");

/** Numbers by architecture, by kernel, by file; -1 is what the assembler does not tell. */
export interface Table {
  readonly compiler: string;
  /** Of each file's text, so that what was not compiled again is known to be the same. */
  readonly sources: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly files: Readonly<Record<string, Readonly<Record<string, Rows>>>>;
}

type Rows = Readonly<Record<string, readonly number[]>>;

const columns: Readonly<Record<string, (of: KernelBudget) => number>> = {
  threads: (of) => of.threads,
  registers: (of) => of.registers,
  "spill stores": (of) => of.spillStores,
  "spill loads": (of) => of.spillLoads,
  "shared bytes": (of) => of.sharedBytes,
  "constant bytes": (of) => of.constantBytes ?? -1,
  "stack bytes": (of) => of.stackBytes,
  barriers: (of) => of.barriers,
};

/** The texts of the kernel files of a folder; the files of their host part (`.launch.cu`) include these. */
export async function readKernels(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder)).filter((name) => /^\w+\.cu$/.test(name)).sort();
  const texts = names.map(
    async (name) => [name, await readFile(join(folder, name), "utf8")] as const,
  );
  return new Map(await Promise.all(texts));
}

/** The hash by which a table knows a text. */
export const hashText = (text: string): string => hashParts([text]);

/** The architectures to measure each file on. */
export type Wanted = (file: string) => readonly Architecture[];

/** All of them for each file. */
export const everywhere: Wanted = () => architectures;

/**
 * One for each file, in turn. What is left out of a table was measured when `npm run budgets` wrote it, from the same
 * texts.
 */
export const inTurn =
  (files: readonly string[]): Wanted =>
  (file) => [architectures[files.indexOf(file) % architectures.length]!];

/** Measures files; nvcc runs where the cache does not know one. */
export async function measureFiles(
  texts: ReadonlyMap<string, string>,
  wanted: Wanted = everywhere,
): Promise<Table | Unavailable> {
  const files: Record<string, Record<string, Rows>> = {};
  let compiler = "";
  for (const [name, text] of texts) {
    const found = await measureKernels(text, wanted(name));
    if ("unavailable" in found) return found;
    compiler = found.compiler;
    files[name] = tabulate(found);
  }
  const sources = Object.fromEntries([...texts].map(([name, text]) => [name, hashText(text)]));
  return { compiler, sources, columns: Object.keys(columns), files };
}

/** The rows of a table that are of these files and architectures. */
export const selectRows = (table: Table, names: readonly string[], wanted: Wanted): Table => ({
  ...table,
  files: Object.fromEntries(
    names.map((name) => {
      const devices = wanted(name).map((architecture) => `sm_${architecture}`);
      const kernels = Object.entries(table.files[name] ?? {}).map(([kernel, rows]) => {
        const own = Object.entries(rows).filter(([device]) => devices.includes(device));
        return [kernel, Object.fromEntries(own)] as const;
      });
      return [name, Object.fromEntries(kernels)] as const;
    }),
  ),
});

function tabulate({ kernels }: Budgets): Record<string, Rows> {
  const rows: Record<string, Record<string, readonly number[]>> = {};
  for (const one of kernels) {
    rows[one.kernel] ??= {};
    rows[one.kernel]![`sm_${one.architecture}`] = Object.values(columns).map((of) => of(one));
  }
  return rows;
}

/** Every row on a line of its own. */
export function formatTable({ compiler, sources, columns: head, files }: Table): string {
  const of = (rows: Rows): string =>
    Object.entries(rows)
      .map(([device, row]) => `        ${JSON.stringify(device)}: [${row.join(", ")}]`)
      .join(",\n");
  const kernels = (all: Readonly<Record<string, Rows>>): string =>
    Object.entries(all)
      .map(([kernel, rows]) => `      ${JSON.stringify(kernel)}: {\n${of(rows)}\n      }`)
      .join(",\n");
  const texts = Object.entries(files).map(
    ([file, all]) => `    ${JSON.stringify(file)}: {\n${kernels(all)}\n    }`,
  );
  return [
    "{",
    `  "compiler": ${JSON.stringify(compiler)},`,
    `  "sources": ${JSON.stringify(sources, null, 2).replaceAll("\n", "\n  ")},`,
    `  "columns": ${JSON.stringify(head)},`,
    `  "files": {\n${texts.join(",\n")}\n  }`,
    "}\n",
  ].join("\n");
}

/** The rows of a table by file, kernel and architecture. */
function flatten({ files }: Table): ReadonlyMap<string, readonly number[]> {
  return new Map(
    Object.entries(files).flatMap(([file, kernels]) =>
      Object.entries(kernels).flatMap(([kernel, rows]) =>
        Object.entries(rows).map(([device, row]) => [`${file} ${kernel} ${device}`, row] as const),
      ),
    ),
  );
}

/** What differs, a sentence for each kernel and architecture. */
export function compareTables(kept: Table, found: Table): readonly string[] {
  const [old, now] = [flatten(kept), flatten(found)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names.flatMap((name) => {
    const [before, after] = [old.get(name), now.get(name)];
    if (before === undefined) return [`${name} is new`];
    if (after === undefined) return [`${name} is gone`];
    const changes = found.columns.flatMap((column, i) =>
      before[i] === after[i] ? [] : [`${column} ${before[i]} -> ${after[i]}`],
    );
    return changes.length === 0 ? [] : [`${name}: ${changes.join(", ")}`];
  });
}

/** The kernels that keep values in local memory, which a schedule that ships must not make them do. */
export function findSpills(table: Table): readonly string[] {
  const stores = table.columns.indexOf("spill stores");
  const loads = table.columns.indexOf("spill loads");
  return [...flatten(table)].flatMap(([name, row]) =>
    row[stores] === 0 && row[loads] === 0
      ? []
      : [`${name} spills ${row[stores]} bytes and loads ${row[loads]}`],
  );
}
