// `warpweave bench`: the same calls on generated kernels and on peers, side by side.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../generators/cli/errors.ts";
import { explainUnavailable } from "../generators/cli/executors.ts";
import { writeBytes } from "../generators/cli/io/files.ts";
import { type Progress, startProgress } from "../generators/cli/progress.ts";
import { parseTargets } from "../generators/cli/targets.ts";
import type { Terminal } from "../generators/cli/terminal.ts";
import { type Contender, contenderOf, type Opened, openContenders, oursOf } from "./contenders.ts";
import { describeEnvironment } from "./environment.ts";
import { measurePeaks } from "./machine/peaks.ts";
import { parseAccumulate, parseCount, parseFlags, type Request, readWorks } from "./options.ts";
import { renderPage } from "./page/page.ts";
import { chooseAgainst, choosePeers } from "./peers/index.ts";
import { type BenchRecord, explain, formatRecords, recordsOf, titleOf } from "./report.ts";
import { type Effort, runWork } from "./run.ts";
import type { Missing } from "./worker/protocol.ts";

/** Many short turns: what slows the machine for a while slows all who are timed. */
const rounds = 10;

/** Runs the command; results go to the terminal and, with `out`, into a folder. */
export async function runBench(op: string, request: Request, terminal: Terminal): Promise<void> {
  const works = readWorks(op, request);
  const targets = parseTargets(request.target);
  const peers = choosePeers(request.peers);
  const threads = parseCount("threads", request.threads, 256);
  const runs = parseCount("runs", request.runs, 100_000);
  const flags = parseFlags(request.node);
  const against = chooseAgainst(request.against);
  const effort: Effort = {
    rounds: Math.min(rounds, runs),
    runs,
    threads,
    ...parseAccumulate(request),
  };

  const folder = await mkdtemp(join(tmpdir(), "warpweave-bench-"));
  const stop = new AbortController();
  let opened: readonly Opened[] = [];
  const records: BenchRecord[] = [];
  const quit = () => {
    stop.abort();
    for (const { client } of opened) client.kill();
  };
  process.once("SIGINT", quit);
  const progress = startBenchProgress(op, request, terminal);
  // With --json nothing is shown of the progress, but what is left out is told.
  const note = (line: string) =>
    request.json === true ? terminal.err(`${line}\n`) : progress.note(line);
  try {
    // Peers first: the others are held against the first of those who agree.
    const contenders = [
      ...peers.map((peer) => contenderOf(peer, flags)),
      ...targets.flatMap((target) => oursOf(target, folder, flags)),
    ];
    const told = new Set<string>();
    const tell = (missing: Contender & Missing) => {
      if (told.has(missing.name)) return;
      told.add(missing.name);
      note(`${missing.name}: ${explainUnavailable({ ...missing, target: missing.name })}`);
    };
    for (const make of works) {
      if (stop.signal.aborted) break;
      // Anew for each call: what a process keeps of one call would hide what it takes for the next.
      opened = await openContenders(contenders, threads, tell, stop.signal);
      if (opened.length === 0 && !stop.signal.aborted)
        throw new UserError("nothing that was asked for runs here");
      const work = { ...make(), grad: request.grad === true };
      const outcome = await runWork(work, opened, folder, effort, {
        tell: (now) => progress.advance(now, 0),
        signal: stop.signal,
      });
      progress.advance("");
      for (const { client } of opened) await client.close();
      const found = recordsOf(outcome, threads, against);
      records.push(...found);
      if (request.json === true) {
        for (const record of found) terminal.out(`${JSON.stringify(record)}\n`);
        for (const line of outcome.notes) note(`${work.shape}: ${line}`);
      } else
        terminal.out(`${titleOf(work, threads)}\n\n${formatRecords(found)}\n${explain(outcome)}\n`);
    }
  } finally {
    process.removeListener("SIGINT", quit);
    progress.stop();
    for (const { client } of opened) await client.close();
    await rm(folder, { recursive: true, force: true });
  }
  if (request.out !== undefined) await writeResults(request.out, op, records, threads, terminal);
  if (stop.signal.aborted) throw new UserError("stopped by Ctrl-C; what was measured is above");
}

function startBenchProgress(op: string, request: Request, terminal: Terminal): Progress {
  const { progress: stream } = terminal;
  const total = readWorks(op, request).length;
  if (stream === undefined) return { advance: () => {}, note: () => {}, stop: () => {} };
  return startProgress({ label: `bench ${op}`, total, json: request.json === true, stream });
}

/** The records with what they were taken on, and the page that draws them. */
async function writeResults(
  out: string,
  op: string,
  records: readonly BenchRecord[],
  threads: number,
  terminal: Terminal,
): Promise<void> {
  const folder = resolve(out);
  await mkdir(folder, { recursive: true });
  const peaks = await measurePeaks(threads);
  const results = { op, environment: describeEnvironment(), peaks, records };
  const grad = records.some((record) => record.grad) ? "-grad" : "";
  const name = `${op}${grad}${threads > 1 ? `-${threads}-threads` : ""}`;
  const files = {
    [`${name}.json`]: `${JSON.stringify(results, null, 2)}\n`,
    [`${name}.html`]: await renderPage(results),
  };
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file);
    await writeBytes(path, new TextEncoder().encode(text));
    terminal.err(`wrote ${path}\n`);
  }
}
