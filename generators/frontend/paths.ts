// Where the language's own sources are: beside this folder in a checkout, at the package's root when
// installed (there this file runs as dist/generators/frontend/paths.js).

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** The folder that holds `dsl/index.ts`. */
export const packageRoot: string = findRoot();

function findRoot(): string {
  const roots = [resolve(here, "../.."), resolve(here, "../../..")];
  const root = roots.find((folder) => existsSync(resolve(folder, "dsl/index.ts")));
  if (root === undefined)
    throw new Error(`the package is incomplete: no dsl/index.ts in ${roots.join(" or ")}`);
  return root;
}

/** The file that declarations import as "warpweave". */
export const languageFile: string = resolve(packageRoot, "dsl/index.ts");

/** Is this one of the language's own files (not an operator written in it)? */
export const isLanguage = (path: string): boolean =>
  dirname(resolve(path)) === resolve(packageRoot, "dsl");
