// Generating a part of what a folder holds: its manifest keeps what is said of the rest.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { adaptedPaths, adaptPackage } from "../adapters/tfjs/index.ts";
import type { Generated } from "../generate.ts";
import { fingerprint } from "../manifest/abi.ts";
import { formatJson, formatManifest } from "../manifest/json.ts";
import type { Manifest, ManifestKernel, ManifestOperator } from "../manifest/manifest.ts";
import { indexModules } from "../manifest/modules.ts";
import { codeOf, UserError } from "./errors.ts";

/** The manifest of a folder, if it has one. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, "manifest.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    const manifest = JSON.parse(text);
    if (manifest.generator === "warpweave" && typeof manifest.operators === "object")
      return manifest;
  } catch {
    // Said below, together with files that are JSON of another kind.
  }
  throw new UserError(`${path} was not written by warpweave; choose another folder with --out`);
}

/** What was generated for a folder, with a manifest that also tells of the operators and targets in `old`. */
export function mergeManifest(folder: string, old: Manifest, made: Generated): Generated {
  const { files, manifest: now } = made;
  if (old.abi !== now.abi)
    throw new UserError(
      `the folder holds kernels of ABI ${old.abi} and this is ABI ${now.abi}; ` +
        "generate all of them again, or choose another folder with --out",
    );
  const operators: Record<string, ManifestOperator> = { ...old.operators };
  for (const [name, operator] of Object.entries(now.operators)) {
    const before = old.operators[name];
    operators[name] =
      before === undefined
        ? operator
        : { ...operator, kernels: mergeKernels(before.kernels, operator.kernels) };
  }
  const manifest: Manifest = { ...now, operators };
  const json = (value: unknown): string => `${formatJson(value)}\n`;
  const merged = new Map(files);
  const isThere = (path: string) => files.has(path) || existsSync(join(folder, path));
  for (const [path, text] of adaptPackage(manifest, isThere)) merged.set(path, text);
  for (const [path, text] of indexModules(manifest)) merged.set(path, text);
  merged.set("manifest.json", formatManifest(manifest));
  merged.set("abi.json", json({ abi: now.abi, fingerprint: fingerprint(manifest) }));
  return { ...made, files: merged, manifest };
}

type Kernels = Readonly<Record<string, ManifestKernel>>;

function mergeKernels(before: Kernels, now: Kernels): Kernels {
  const kernels: Record<string, ManifestKernel> = { ...before };
  for (const [role, kernel] of Object.entries(now))
    kernels[role] = { ...kernel, targets: { ...before[role]?.targets, ...kernel.targets } };
  return kernels;
}

/** Files that an older manifest tells of and the new one does not. */
export function findStale(old: Manifest, now: Manifest): readonly string[] {
  const kept = new Set(filesOf(now));
  return filesOf(old).filter((path) => !kept.has(path));
}

const filesOf = (manifest: Manifest): readonly string[] =>
  Object.entries(manifest.operators).flatMap(([name, { kernels }]) => [
    ...Object.values(kernels).flatMap(({ targets }) =>
      Object.values(targets).flatMap(({ files }) => files),
    ),
    ...adaptedPaths(name),
  ]);
