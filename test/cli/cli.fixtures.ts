// Running the command line inside the test's process, and arrays to run it on.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArrays, writeNpz } from "../../generators/cli/io/arrays.ts";
import type { NpArray } from "../../generators/cli/io/dtypes.ts";
import { runCommandLine } from "../../generators/cli/main.ts";

/** What a command printed, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line as a shell would, but for the process. */
export async function warpweave(...args: readonly string[]): Promise<Outcome> {
  let out = "";
  let err = "";
  const code = await runCommandLine(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

/** A folder of a test's own. */
export interface Folder {
  path(name: string): string;
  write(name: string, text: string): string;
  remove(): void;
}

export function makeFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), "warpweave-cli-"));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write: (name, text) => {
      writeFileSync(path(name), text);
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A float32 array; element i is `of(i)`, or a wave that differs from element to element. */
export function floats(
  shape: readonly number[],
  of: (i: number) => number = (i) => Math.sin(i * 1.7) + i / 64,
): NpArray {
  const count = shape.reduce((n, size) => n * size, 1);
  return { shape, dtype: "f4", data: Float32Array.from({ length: count }, (_, i) => of(i)) };
}

/** A float32 array of these numbers. */
export const listed = (shape: readonly number[], values: readonly number[]): NpArray =>
  floats(shape, (i) => values[i] ?? Number.NaN);

/** Writes arrays, runs an operator on them, and reads the result where there is one. */
export async function runOperator(
  folder: Folder,
  operator: string,
  arrays: Readonly<Record<string, NpArray>>,
  ...options: readonly string[]
): Promise<Outcome & { readonly output: NpArray | undefined }> {
  const [inputs, out] = [folder.path("in.npz"), folder.path("out.npz")];
  rmSync(out, { force: true });
  await writeNpz(inputs, arrays);
  const outcome = await warpweave("run", operator, "--inputs", inputs, "--out", out, ...options);
  const results = outcome.code === 0 ? await readArrays(out) : {};
  return { ...outcome, output: results.output };
}
