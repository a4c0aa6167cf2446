// SwiftShader and a headless Chromium out of the npm package @sparticuz/chromium, which carries
// them as brotli archives: no download, nothing to install on the system. Unpacked once, into the
// user's cache folder.

import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { cacheFolder } from "../native/cache.ts";

const unbrotli = promisify(brotliDecompress);
const archivePackage = "@sparticuz/chromium";

/** A set of files that is unpacked together: archives by name, and where their files go. */
interface Bundle {
  readonly folder: string;
  readonly archives: readonly { readonly file: string; readonly into: string }[];
}

const bundles = {
  swiftshader: { folder: "swiftshader", archives: [{ file: "swiftshader.tar.br", into: "." }] },
  // Chromium looks for its graphics libraries beside its executable.
  chromium: {
    folder: "chromium",
    archives: [
      { file: "chromium.br", into: "chromium" },
      { file: "swiftshader.tar.br", into: "." },
      { file: "al2023.tar.br", into: "." },
    ],
  },
} as const satisfies Readonly<Record<string, Bundle>>;

/** Why nothing could be unpacked, and the package that would help. */
export interface NotUnpacked {
  readonly unavailable: string;
  readonly install?: string;
}

/** The folder that holds a bundle's files, unpacked now if it was not there. */
export async function unpackBundle(name: keyof typeof bundles): Promise<string | NotUnpacked> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return {
      unavailable: `${archivePackage} has files for Linux on x64, not ${process.platform} ${process.arch}`,
    };
  const packageFolder = findPackage();
  if (!packageFolder)
    return {
      unavailable: `the npm package ${archivePackage} is not installed`,
      install: `npm install ${archivePackage}`,
    };
  const bundle: Bundle = bundles[name];
  try {
    const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
    const target = join(cacheFolder(), `chromium-${version}`, bundle.folder);
    if (!(await exists(target))) await unpackInto(target, bundle, join(packageFolder, "bin"));
    return target;
  } catch (error) {
    return { unavailable: `${archivePackage} could not be unpacked: ${(error as Error).message}` };
  }
}

// Unpacked aside and renamed, so that another process never sees half of it.
async function unpackInto(target: string, bundle: Bundle, source: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const aside = await mkdtemp(`${target}-`);
  try {
    for (const { file, into } of bundle.archives) {
      const bytes = await unbrotli(await readFile(join(source, file)));
      if (file.endsWith(".tar.br")) await writeTar(bytes, join(aside, into));
      else await writeFile(join(aside, into), bytes, { mode: 0o755 });
    }
    await chmod(aside, 0o755);
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!(await exists(target))) throw error; // Otherwise another process was first.
  }
}

/** The regular files of a tar archive (ustar; these archives have no long names and no links). */
export function readTar(
  archive: Uint8Array,
): readonly { readonly name: string; readonly mode: number; readonly bytes: Uint8Array }[] {
  const text = new TextDecoder("latin1");
  const files = [];
  for (let at = 0; at + 512 <= archive.length; ) {
    const field = (start: number, length: number) =>
      text.decode(archive.subarray(at + start, at + start + length)).replace(/\0.*$/s, "");
    const name = field(0, 100);
    if (name === "") break; // Two empty blocks end the archive.
    const size = Number.parseInt(field(124, 12), 8);
    const kind = field(156, 1);
    if (!Number.isInteger(size) || at + 512 + size > archive.length)
      throw new Error(`the archive is damaged at ${name}`);
    if (kind === "0" || kind === "") {
      const bytes = archive.subarray(at + 512, at + 512 + size);
      files.push({ name, mode: Number.parseInt(field(100, 8), 8), bytes });
    } else if (kind !== "5") throw new Error(`the archive has an entry of kind ${kind}: ${name}`);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

async function writeTar(archive: Uint8Array, folder: string): Promise<void> {
  for (const { name, mode, bytes } of readTar(archive)) {
    const path = normalize(join(folder, name));
    if (!path.startsWith(normalize(folder)))
      throw new Error(`the archive leaves its folder: ${name}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes, { mode });
  }
}

// The package's `exports` hide its package.json, so its main file is found and then its folder.
function findPackage(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(archivePackage)), "..");
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
