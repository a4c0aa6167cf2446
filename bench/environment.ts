// What a measurement was taken on.

import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release } from "node:os";

/** The machine and the versions of everything that was timed. */
export interface Environment {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  /** Processes that wanted a core in the minute before: others than ours make times longer. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

const packages = ["benchmark", "gpu.js", "webgpu", "tsx", "ts-morph"] as const;

/** Describes this machine now. */
export function describeEnvironment(): Environment {
  const versions = Object.fromEntries(packages.map((name) => [name, versionOf(name)]));
  return {
    date: new Date().toISOString(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    system: `${platform()} ${release()} ${arch()}`,
    load: loadavg()[0]!,
    versions: { node: process.versions.node, v8: process.versions.v8, ...versions },
  };
}

function versionOf(name: string): string {
  try {
    const url = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(url, "utf8")) as { version: string }).version;
  } catch {
    return "not installed";
  }
}
