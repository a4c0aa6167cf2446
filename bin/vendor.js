// The third part of `npm run build`: packages of which the command needs one file of many come along
// in dist/vendor, with their licences, so that an installation is smaller and asks for less. What the
// command runs in a browser's page becomes one file, for which a checkout asks esbuild when it runs.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const vendor = join(dist, "vendor");

/** The one file of each, without imports of its own; CommonJS, as browsers and Node both take it. */
const single = { handlebars: "dist/handlebars.min.js", wabt: "index.js" };

rmSync(vendor, { recursive: true, force: true });
const built = readdirSync(dist, { recursive: true })
  .filter((path) => path.endsWith(".js"))
  .map((path) => join(dist, path));
const texts = new Map(built.map((path) => [path, readFileSync(path, "utf8")]));
mkdirSync(vendor);
for (const [name, file] of Object.entries(single)) {
  const from = join(root, "node_modules", name);
  cpSync(join(from, file), join(vendor, `${name}.cjs`));
  cpSync(join(from, "LICENSE"), join(vendor, `${name}.LICENSE`));

  const imports = new RegExp(`(?<=\\b(?:from |import\\())"${name}"`, "g");
  let count = 0;
  for (const [path, text] of texts) {
    const to = relative(dirname(path), join(vendor, `${name}.cjs`)).replaceAll(sep, "/");
    const changed = text.replace(imports, `"${to.startsWith(".") ? to : `./${to}`}"`);
    if (changed === text) continue;
    texts.set(path, changed);
    writeFileSync(path, changed);
    count++;
  }
  if (count === 0) throw new Error(`${name} comes along, but nothing in dist imports it`);
  const { version } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  console.log(`dist: ${name} ${version} comes along for ${count} modules`);
}

const page = join(dist, "targets/wgsl/page.js");
buildSync({
  entryPoints: [page],
  outfile: page,
  allowOverwrite: true,
  bundle: true,
  platform: "browser",
  format: "esm",
  target: "es2022",
  logLevel: "warning",
});
