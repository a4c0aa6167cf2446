// The package as npm would install it, without a network, and programs of others that use it.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Folder, makeFolder } from "./cli.fixtures.ts";

const root = resolve(import.meta.dirname, "../..");

interface PackageJson {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** The package's own description. */
export const about: PackageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Packs the package (which builds it first) and unpacks it into a folder, with what npm would install beside it. */
export function installPackage(): Folder {
  const folder = makeFolder();
  const packed = execFileSync("npm", ["pack", "--pack-destination", folder.path("")], {
    cwd: root,
    encoding: "utf8",
    stdio: "pipe",
  });
  const tarball = packed.trim().split("\n").at(-1)!;
  const modules = folder.path("node_modules");
  mkdirSync(join(modules, "warpweave"), { recursive: true });
  execFileSync("tar", [
    ...["-xzf", folder.path(tarball), "-C", join(modules, "warpweave")],
    "--strip-components=1",
  ]);
  // From this checkout: no optional peer, and nothing of development.
  for (const name of Object.keys(about.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  mkdirSync(join(modules, ".bin"));
  symlinkSync("../warpweave/bin/warpweave.js", join(modules, ".bin/warpweave"));
  return folder;
}

/** The bytes of all files below a folder. */
export function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}

interface Locked {
  readonly dev?: boolean;
  readonly peer?: boolean;
}

/** The folders of the packages that come with an installation, as the lock file tells. */
export function listInstalled(): readonly string[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const packages = Object.entries<Locked>(lock.packages);
  return packages
    .filter(([path, { dev, peer }]) => path !== "" && dev !== true && peer !== true)
    .map(([path]) => join(root, path))
    .filter((path) => existsSync(path));
}

const image = "{ shape: [1, 1, 3, 3], data: new Float32Array(9).fill(1) }";
const taps = "{ shape: [1, 1, 2, 2], data: new Float32Array(4).fill(1) }";

/** A program that computes with the JavaScript kernels, from the index and from a module. */
export const jsProgram = `
import { conv2d } from "warpweave/js";
import { conv2d_backward } from "warpweave/js/conv2d_backward";

const input = ${image};
const weight = ${taps};
const output = conv2d({ input, weight });
const { grad_input } = conv2d_backward({ input, weight, grad_output: output }, {}, { wanted: ["grad_input"] });
console.log(output.data.join(), grad_input.data.join());
`;

/** A module that computes on a device it is given. */
export const webgpuProgram = `
import { openKernel } from "warpweave/webgpu";
import { conv2d } from "warpweave/webgpu/conv2d";

export async function compute(device: GPUDevice): Promise<Float32Array> {
  const kernel = openKernel(device, conv2d);
  const { output } = await kernel.run({ input: ${image}, weight: ${taps} }, { padding: 1 });
  return output.data;
}
`;

/** What a compiler should find wrong in it: names and types that the kernels do not have. */
export const wrongProgram = `
import { conv2d } from "warpweave/js";
import { openKernel } from "warpweave/webgpu";
import { conv2d as kernel } from "warpweave/webgpu/conv2d";

declare const device: GPUDevice;
const input = ${image};
// @ts-expect-error A tensor is missing.
conv2d({ input });
// @ts-expect-error There is no such attribute.
conv2d({ input, weight: input }, { strides: 1 });
// @ts-expect-error A tensor is missing.
void openKernel(device, kernel).run({ input });
// @ts-expect-error There is no such result.
void openKernel(device, kernel).run({ input, weight: input }, {}, { wanted: ["grad"] });
`;

/** A program that reads the manifest, and says what a target's kernel is called. */
export const manifestProgram = `
import manifest from "warpweave/manifest" with { type: "json" };
import schema from "warpweave/manifest.schema" with { type: "json" };

const [entry] = manifest.operators["conv2d"]!.kernels["forward"]!.targets["cuda"]!.entries;
console.log(manifest.abi, entry!.name, typeof schema["$schema"]);
`;

/** A program that declares an operator with the language and compiles it. */
export const compilerProgram = `
import { idiv, tensor } from "warpweave";
import { compile, findTarget, readOperator } from "warpweave/compiler";

const { files } = compile(readOperator(process.argv[2]!), findTarget("wgsl"));
console.log([...files.keys()].join(), typeof idiv, typeof tensor);
`;
