// How long it takes to generate everything, and how large that is.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { openOperators } from "../../generators/cli/operators.ts";
import { formatBytes, formatTable, formatTime } from "../../generators/cli/terminal.ts";
import { scheduleOn } from "../../generators/compile.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { generateAll } from "../../generators/generate.ts";
import { targets } from "../../targets/registry.ts";
import { measure, type Timing } from "../measure.ts";
import type { Outcome, Suite } from "../suite.ts";

/** What generating everything should take on two cores, in seconds. */
const aims: Readonly<Record<string, number>> = { cold: 5, warm: 1 };

const effort = { rounds: 5, seconds: 0.01, samples: 1 };

export const generate: Suite = {
  name: "generate",
  doc: "all operators for all targets: a fresh process, and again in one; bytes, also compressed",
  async run(tell) {
    const makeAll = () =>
      generateAll(openOperators([]), targets, (_, target) => scheduleOn(target)).files;
    // The first time in this process loads the compiler's tables and the declarations' types.
    const files = makeAll();
    const folder = await mkdtemp(join(tmpdir(), "warpweave-bench-"));
    try {
      const timings = await measure(
        [
          { name: "cold", run: () => generateInProcess(folder) },
          { name: "warm", run: makeAll },
        ],
        effort,
        (task, round) => tell(`generate: round ${round + 1}, ${task}`),
      );
      return report(timings, files);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** The command as a user starts it, into an empty folder. */
async function generateInProcess(folder: string): Promise<void> {
  const out = await mkdtemp(join(folder, "generated-"));
  const bin = resolve(packageRoot, "bin/warpweave.js");
  await promisify(execFile)(process.execPath, [bin, "generate", "--out", out]);
}

function report(timings: readonly Timing[], files: ReadonlyMap<string, string>): Outcome {
  const sizes = sizesOf(files);
  const times = timings.map(({ name, median, fastest, slowest }) => [
    name,
    formatTime(median * 1000),
    `${formatTime(fastest * 1000)} to ${formatTime(slowest * 1000)}`,
    `${aims[name]} s`,
    median <= aims[name]! ? "reached" : "missed",
  ]);
  const rows = sizes.map(({ what, files, bytes, gzip }) => [
    what,
    String(files),
    formatBytes(bytes),
    formatBytes(gzip),
  ]);
  const text = [
    formatTable(times, { head: ["generate", "median", "rounds", "aim", ""] }),
    formatTable(rows, {
      head: ["target", "files", "bytes", "gzip"],
      align: ["left", "right", "right", "right"],
    }),
  ];
  return { text: text.join("\n"), data: { timings, aims, sizes } };
}

/** Bytes by target, each file compressed by itself, as a server would. */
function sizesOf(files: ReadonlyMap<string, string>) {
  const folders = [...new Set([...files.keys()].map(folderOf))];
  const sum = (texts: readonly string[], measure: (text: string) => number) =>
    texts.reduce((n, text) => n + measure(text), 0);
  const count = (what: string, texts: readonly string[]) => ({
    what,
    files: texts.length,
    bytes: sum(texts, (text) => Buffer.byteLength(text)),
    gzip: sum(texts, (text) => gzipSync(text).length),
  });
  const rows = folders.map((folder) => {
    const texts = [...files].filter(([path]) => folderOf(path) === folder);
    return count(
      folder,
      texts.map(([, text]) => text),
    );
  });
  return [...rows, count("all", [...files.values()])];
}

const folderOf = (path: string): string => (path.includes("/") ? path.split("/")[0]! : "manifest");
