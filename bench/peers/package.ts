// Packages of this folder's package.json, which may not be installed.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Missing } from "../../generators/measure/worker/protocol.ts";

const require = createRequire(import.meta.url);

/** A package that was loaded, as an interface that its user knows. */
export interface Loaded<T> {
  readonly library: T;
  readonly version: string;
  readonly folder: string;
}

/**
 * Loads a package that must be installed in this folder; `by` is how others of its kind are loaded.
 */
export async function loadPackage<T>(
  name: string,
  by: "import" | "require" = "import",
): Promise<Loaded<T> | Missing> {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  let version: string;
  try {
    const text = await readFile(new URL("package.json", folder), "utf8");
    version = String((JSON.parse(text) as { version: string }).version);
  } catch {
    return {
      unavailable: `the peers' package ${name} is not installed`,
      install: "ONNXRUNTIME_NODE_INSTALL=skip npm --prefix bench/peers ci",
    };
  }
  const library = by === "require" ? require(name) : await import(name);
  return {
    library: ("default" in library && by === "import"
      ? { ...library.default, ...library }
      : library) as T,
    version,
    folder: folder.href,
  };
}

/** The folder of a package's main file, with a slash at its end. */
export const folderOfMain = (name: string): string => `${dirname(require.resolve(name))}/`;
