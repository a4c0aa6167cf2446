// The generated kernels that the page holds: a plugin of Vite makes a module of them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import type { Program } from "../../targets/contract/program.ts";

/** The WGSL programs of deform_conv2d without its optional tensors, from a folder of generated kernels. */
export function readPrograms(folder: string): Readonly<Record<"forward" | "backward", Program>> {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
  const read = (kernel: string): Program => {
    const found = manifest.operators.deform_conv2d?.kernels[kernel]?.targets.wgsl;
    const entry = found?.entries.find(({ present }) => present.length === 0);
    const file = found?.files.find((name) => name.endsWith(".wgsl"));
    if (!entry || !file)
      throw new Error(`${folder} has no WGSL kernel of deform_conv2d, ${kernel}.`);
    return { entry, source: readFileSync(join(folder, file), "utf8") };
  };
  return { forward: read("forward"), backward: read("backward") };
}

/** Gives the page `virtual:kernels`. */
export function kernelsPlugin(folder: string): Plugin {
  const id = "virtual:kernels";
  return {
    name: "warpweave-kernels",
    resolveId: (wanted) => (wanted === id ? `\0${id}` : undefined),
    load: (wanted) => {
      if (wanted !== `\0${id}`) return;
      return Object.entries(readPrograms(folder))
        .map(([name, program]) => `export const ${name} = ${JSON.stringify(program)};`)
        .join("\n");
    },
  };
}
