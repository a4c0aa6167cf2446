// What `generate` says: of files by operator and target, of gradients that a target cannot have, and whether a
// folder and its ABI are up to date.

import { relative } from "node:path";
import type { Target } from "../emit/target.ts";
import { compareFiles, type Files } from "../emit/write.ts";
import type { Operator } from "../frontend/operator.ts";
import { packageRoot } from "../frontend/paths.ts";
import type { Left } from "../generate.ts";
import { compareAbi, fingerprint } from "../manifest/abi.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { winnersFile } from "../tune/winners/winner.ts";
import { UserError } from "./errors.ts";
import { readReleasedAbi } from "./released.ts";
import {
  formatBytes,
  formatTable,
  plural,
  printJson,
  type Terminal,
  wrapText,
} from "./terminal.ts";

/** Is it a file of an operator on a target: of its kernel, or of its gradients? */
const filesOf = (path: string, target: string, operator: string): boolean =>
  ["", "_backward"].some((role) =>
    ["", "_f16", "_bf16"].some((type) => path.startsWith(`${target}/${operator}${role}${type}.`)),
  );

/** A row for each operator, a column for each target: how many bytes its files have. */
export function formatFiles(
  operators: readonly Operator[],
  targets: readonly Target[],
  files: Files,
): string {
  const sizeOf = (test: (path: string) => boolean): number =>
    [...files].reduce(
      (sum, [path, content]) => sum + (test(path) ? Buffer.byteLength(content) : 0),
      0,
    );
  const rows = operators.map(({ name }) => [
    name,
    ...targets.map((target) => formatBytes(sizeOf((path) => filesOf(path, target.name, name)))),
  ]);
  const others = [...files].filter(([path]) => !path.includes("/"));
  for (const [path, content] of others) rows.push([path, formatBytes(Buffer.byteLength(content))]);
  const adapted = sizeOf((path) => path.startsWith("tfjs/"));
  if (adapted > 0) rows.push(["tfjs/", formatBytes(adapted)]);
  const head = ["operator", ...targets.map((t) => t.name)];
  return formatTable(rows, { head, align: ["left", ...targets.map(() => "right" as const)] });
}

/** The gradients that a target cannot have, and why. */
export function formatLeft(left: readonly Left[]): string {
  const targets = [...new Set(left.map(({ target }) => target))];
  const lines = targets.map((target) => {
    const byGradients = new Map<string, string[]>();
    for (const { operator, gradients } of left.filter((one) => one.target === target)) {
      const key = gradients.join(", ");
      byGradients.set(key, [...(byGradients.get(key) ?? []), operator]);
    }
    const lists = [...byGradients].map(([key, operators]) => `${key} of ${operators.join(", ")}`);
    const sentence = `${target} has no ${lists.join(" and no ")}`;
    return wrapText(`${sentence}: it cannot add to elements that data choose.`, 98).join("\n");
  });
  return `${lines.join("\n")}\n`;
}

/** A folder as it is shown: from the current one where it is inside. */
export function shown(folder: string): string {
  const path = relative(process.cwd(), folder) || ".";
  return path.startsWith("..") ? folder : path;
}

/** Fails where the files of a folder are not those that the declarations give; of a part, only its own are held against it. */
export async function checkFolder(
  folder: string,
  files: Files,
  whole: boolean,
  { json }: { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { missing, changed, extra } = await compareFiles(folder, files);
  // Where only a part was generated, the manifest of the whole and other files are expected.
  const left = whole ? extra.filter((path) => path !== winnersFile) : [];
  const differences = [
    ...missing.map((path) => ["missing", path]),
    ...changed.map((path) => ["changed", path]),
    ...left.map((path) => ["extra", path]),
  ];
  if (json === true) printJson(terminal, { folder, missing, changed, extra: left });
  else if (differences.length > 0) terminal.out(formatTable(differences));
  else terminal.out(`${plural(files.size, "file")} in ${shown(folder)} are up to date\n`);
  if (differences.length > 0)
    throw new UserError(
      `${plural(differences.length, "file")} in ${shown(folder)} ` +
        `${differences.length === 1 ? "differs" : "differ"} from what the declarations give; ` +
        "run `warpweave generate`",
    );
}

/** Fails where the ABI is not that of the last release and its number is. */
export async function checkAbi(
  manifest: Manifest,
  { json }: { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const released = await readReleasedAbi(packageRoot);
  const say = (text: string) => (json === true ? undefined : terminal.out(`${text}\n`));
  if ("missing" in released) {
    say(`ABI ${manifest.abi} is compared with nothing: ${released.missing}`);
    return;
  }
  const now = { abi: manifest.abi, fingerprint: fingerprint(manifest) };
  const problem = compareAbi(released.abi, now);
  if (problem !== undefined) throw new UserError(`${problem} (compared with ${released.revision})`);
  say(`ABI ${manifest.abi} may follow ABI ${released.abi.abi} of ${released.revision}`);
}
