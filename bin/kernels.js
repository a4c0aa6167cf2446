// The last part of `npm run build`: modules of the package that follow from generated/manifest.json.
// Each WGSL text becomes a module with what the manifest says of it, so that an app which imports
// one kernel bundles one kernel; manifest and schema get types, and types that nobody can name go.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const dist = new URL("dist/", root);
const read = (path) => readFileSync(new URL(path, root), "utf8");

const { describeKernel } = await import(new URL("targets/wgsl/module.js", dist).href);
const manifest = JSON.parse(read("generated/manifest.json"));
const licence = "// SPDX-License-Identifier: MIT-0\n";

/** `roi_align` as types are named: `RoiAlign`. */
const pascal = (name) => name.replace(/(?:^|_)([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** A text as it stands between back ticks. */
const quote = (text) => `\`${text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`)}\``;

function declare(name, outputs) {
  const result = outputs.map(({ name: output }) => `readonly ${output}: Result`).join("; ");
  // Where results may be chosen, the JavaScript module names their types.
  const js = read(`generated/js/${name}.d.ts`);
  const named = `${pascal(name)}Results`;
  const own = ["Tensors", "Attributes"].map((kind) => pascal(name) + kind);
  const isNamed = js.includes(`interface ${named} `);
  const types = [...own, isNamed ? named : "Result"].join(", ");
  return (
    `${licence}import type { KernelModule } from "../targets/wgsl/index.js";\n` +
    `import type { ${types} } from "../../generated/js/${name}.js";\n\n` +
    `/** ${name} in WGSL, for \`openKernel\` of warpweave/webgpu. */\n` +
    `export declare const ${name}: KernelModule<${own.join(", ")}, ${isNamed ? named : `{ ${result} }`}>;\n`
  );
}

const folder = new URL("webgpu/", dist);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
let count = 0;
for (const [operator, { kernels }] of Object.entries(manifest.operators))
  for (const [role, { targets, outputs }] of Object.entries(kernels)) {
    const { wgsl, js } = targets;
    if (!wgsl || !js) continue;
    const text = read(`generated/${wgsl.files[0]}`);
    const { source, ...described } = describeKernel(manifest, operator, text, { role });
    const { name } = described;
    const body = `${JSON.stringify(described).slice(0, -1)},"source":`;
    writeFileSync(
      new URL(`${name}.js`, folder),
      `${licence}// ${name} in WGSL, with what the manifest says of it; made of generated files.\n` +
        `export const ${name} = ${body}${quote(source)}};\n`,
    );
    writeFileSync(new URL(`${name}.d.ts`, folder), declare(name, outputs));
    count++;
  }

const types = {
  manifest:
    'import type { Manifest } from "./generators/manifest/manifest.js";\n' +
    "declare const manifest: Manifest;\nexport default manifest;\n",
  schema: "declare const schema: { readonly [name: string]: unknown };\nexport default schema;\n",
};
for (const [name, text] of Object.entries(types))
  writeFileSync(new URL(`${name}.d.ts`, dist), text);
/** What a declaration imports, as files of dist. */
function importsOf(path) {
  const text = readFileSync(new URL(path, dist), "utf8");
  const found = text.matchAll(/(?:from|import\()\s*"(\.[^"]+)\.[jt]s"/g);
  return [...found].map(([, to]) => new URL(`${to}.d.ts`, new URL(path, dist)).href);
}

// Declarations that no export of the package leads to would be a third of its files.
const declared = readdirSync(dist, { recursive: true })
  .map((path) => path.split(sep).join("/"))
  .filter((path) => path.endsWith(".d.ts"));
const isEntry = (path) =>
  /^((dsl|generators|targets\/wgsl)\/index|webgpu\/\w+|\w+)\.d\.ts$/.test(path);
const reached = new Set(declared.filter(isEntry).map((path) => new URL(path, dist).href));
for (const href of reached)
  if (href.startsWith(dist.href)) for (const to of importsOf(href)) reached.add(to);
const unused = declared.filter((path) => !reached.has(new URL(path, dist).href));
for (const path of unused) rmSync(new URL(path, dist));

console.log(`dist: ${unused.length} of ${declared.length} declarations removed`);
console.log(`dist: ${count} kernels for WebGPU in ${fileURLToPath(folder)}`);
