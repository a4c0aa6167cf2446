// The package for TensorFlow.js: generated operators, and the runtime and layers that are written by hand.

import { readdirSync, readFileSync } from "node:fs";
import type { Manifest } from "../../manifest/manifest.ts";
import { adaptedPaths, camel, folder, licence, loadTemplate, operatorPath } from "./operator.ts";

export { adaptedPaths, adaptOperator } from "./operator.ts";

/** A layer: its file, what that exports, and the operators that it calls. */
const layers = [
  { file: "plain", exports: ["PlainConv2D"], needs: ["conv2d"] },
  { file: "deform", exports: ["DeformConv2D"], needs: ["conv2d", "deform_conv2d"] },
  { file: "roi", exports: ["DeformRoIPool"], needs: ["deform_roi_pool"] },
] as const;

const checks = ["attributes.js", "runtime.js"].map(
  (name) => [name, new URL(`../../../targets/js/${name}`, import.meta.url)] as const,
);

/** Files of a folder beside this one, as they are. */
function listFolder(name: string): readonly (readonly [string, URL])[] {
  const base = new URL(`./${name}/`, import.meta.url);
  return readdirSync(base)
    .sort()
    .map((file) => [file, new URL(file, base)] as const);
}

const copy = (url: URL): string => licence + readFileSync(url, "utf8");

/** A file of checks, with what it is to the package instead of what it is to the project. */
function copyCheck(url: URL): string {
  const text = readFileSync(url, "utf8");
  return `${licence}// How a call is checked, as in all generated modules.\n${text.slice(text.indexOf("\n\n") + 1)}`;
}

/** Names in a text, each once. */
const listNames = (names: readonly string[]): string =>
  [...new Set(names)]
    .sort()
    .map((name) => `\`${name}\``)
    .join(", ");

/** All of the package but the operators themselves: those of the manifest whose module is there. */
export function adaptPackage(
  manifest: Manifest,
  isThere: (path: string) => boolean,
): ReadonlyMap<string, string> {
  const names = Object.keys(manifest.operators)
    .filter((name) => isThere(operatorPath(name)))
    .sort();
  if (names.length === 0) return new Map();
  const offered = layers.filter(({ needs }) => needs.every((name) => names.includes(name)));
  const files = new Map<string, string>();
  for (const [file, url] of checks) files.set(`${folder}/runtime/${file}`, copyCheck(url));
  for (const [file, url] of listFolder("runtime"))
    files.set(`${folder}/runtime/${file}`, copy(url));
  const isUsed = (file: string): boolean => {
    const layer = layers.find((each) => file.startsWith(`${each.file}.`));
    return layer ? offered.includes(layer) : offered.length > 0;
  };
  for (const [file, url] of listFolder("layers"))
    if (isUsed(file)) files.set(`${folder}/layers/${file}`, copy(url));
  const hasGradient = (name: string): boolean =>
    adaptedPaths(name)
      .filter((path) => path.includes(`/${name}_backward.`))
      .every(isThere);
  const indexed = names.flatMap((name) =>
    manifest.operators[name]!.indices.map(({ tensor }) => tensor),
  );
  const fixed = names.filter(hasGradient).flatMap((name) => {
    const { tensors, differentiable } = manifest.operators[name]!;
    return tensors.map((tensor) => tensor.name).filter((each) => !differentiable.includes(each));
  });
  const data = {
    operators: names.map((operator) => ({
      operator,
      name: camel(operator),
      doc: manifest.operators[operator]!.doc,
      gradient: hasGradient(operator),
    })),
    layers: offered.map(({ file, exports }) => ({ file, names: exports.join(", ") })),
    hasLayers: offered.length > 0,
    gradients: names.some(hasGradient),
    indexed: listNames(indexed),
    fixed: listNames(fixed),
    deform: offered.some(({ file }) => file === "deform"),
    roi: offered.some(({ file }) => file === "roi"),
    abi: manifest.abi,
  };
  for (const file of ["index.js", "index.d.ts", "package.json", "README.md"])
    files.set(`${folder}/${file}`, loadTemplate(file)(data));
  return files;
}
