// The second half of `npm run build`: beside the compiled modules in dist/ come the files that they
// read at run time (templates, the CUDA simulation, text that generated modules share), and modules
// whose source is gone go.

import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** The files below a folder of the project, as paths from its root. */
function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

/** tsc leaves behind all but the sources themselves. */
const isAsset = (path) => !path.endsWith(".ts") || path.endsWith(".d.ts");

const assets = ["dsl", "generators", "targets"].flatMap((folder) =>
  listFiles(join(root, folder)).filter(isAsset),
);
for (const path of assets) cpSync(join(root, path), join(dist, path));

const stale = listFiles(dist).filter((built) => {
  const path = built.slice("dist/".length);
  const source = path.replace(/(\.d\.ts|\.js)$/, ".ts");
  return !existsSync(join(root, path)) && !existsSync(join(root, source));
});
for (const path of stale) rmSync(join(root, path));
console.log(`dist: ${assets.length} other files copied, ${stale.length} stale ones removed`);
