// Builds dist/: TypeScript compiled to plain modules, and beside them the files that they read at
// run time (templates, the CUDA simulation, the text that generated modules share).

import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

rmSync(join(root, "dist"), { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
  stdio: "inherit",
});
if (compiled.status !== 0) process.exit(1);

/** Whether tsc leaves a file behind: all but the sources themselves. */
const isAsset = (file) => !file.endsWith(".ts") || file.endsWith(".d.ts");

let copied = 0;
for (const folder of ["dsl", "generators", "targets"]) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !isAsset(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    cpSync(path, join(root, "dist", path.slice(root.length)));
    copied++;
  }
}
console.log(`dist/ is built: the compiled sources and ${copied} other files`);
