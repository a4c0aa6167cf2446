// `warpweave bench`: the same calls on generated kernels and on peers, side by side.

import { join, resolve } from "node:path";
import { parseCount, readWorks } from "../generators/cli/calls.ts";
import { UserError } from "../generators/cli/errors.ts";
import { explainUnavailable } from "../generators/cli/executors.ts";
import { parseFlags } from "../generators/cli/flags.ts";
import { checkWritable, makeFolders, writeBytes } from "../generators/cli/io/files.ts";
import { type Progress, startProgress } from "../generators/cli/progress.ts";
import { parseTargets } from "../generators/cli/targets.ts";
import { plural, type Terminal } from "../generators/cli/terminal.ts";
import type { Missing } from "../generators/measure/worker/protocol.ts";
import {
  type Contender,
  contenderOf,
  type Opened,
  openContenders,
  oursOf,
  tunedOf,
} from "./contenders.ts";
import { describeEnvironment } from "./environment.ts";
import { measurePeaks } from "./machine/peaks.ts";
import { parseAccumulate, type Request } from "./options.ts";
import { renderPage } from "./page/page.ts";
import { chooseAgainst, choosePeers } from "./peers/index.ts";
import { findOperator } from "./programs.ts";
import { type BenchRecord, explain, formatRecords, recordsOf, titleOf } from "./report.ts";
import { type Effort, type Outcome, runWork } from "./run.ts";
import { openScratch } from "./scratch.ts";

/** Many short turns: what slows the machine for a while slows all who are timed. */
const rounds = 10;

/** Runs the command; results go to the terminal and, with `out`, into a folder. */
export async function runBench(text: string, request: Request, terminal: Terminal): Promise<void> {
  const works = readWorks(text, request);
  const op = findOperator(text).name;
  const targets = parseTargets(request.target);
  const peers = choosePeers(request.peers);
  const threads = parseCount("threads", request.threads, 256);
  const runs = parseCount("runs", request.runs, 100_000);
  const flags = parseFlags(request.node);
  const against = chooseAgainst(request.against, peers);
  const effort: Effort = {
    rounds: Math.min(rounds, runs),
    runs,
    threads,
    flags,
    ...parseAccumulate(request),
  };

  // Before all the measuring: a folder that cannot be written to would lose it.
  const results =
    request.out === undefined ? undefined : await openResults(request.out, op, request, threads);

  let opened: readonly Opened[] = [];
  const records: BenchRecord[] = [];
  const wrong: string[] = [];
  const scratch = openScratch(() => {
    for (const { client } of opened) client.kill();
  });
  const { folder, signal } = scratch;
  const progress = startBenchProgress(op, works.length, request, terminal);
  // With --json nothing is shown of the progress, but what is left out is told.
  const note = (line: string) =>
    request.json === true ? terminal.err(`${line}\n`) : progress.note(line);
  try {
    // Peers first: the others are held against the first of those who agree.
    const contenders = [
      ...peers.map((peer) => contenderOf(peer, flags)),
      ...targets.flatMap((target) => oursOf(target, folder, flags)),
      ...(request.tuned === true
        ? targets.flatMap((target) => tunedOf(target, folder, flags))
        : []),
    ];
    progress.note(`${plural(contenders.length, "contender")} are started, one after another`);
    const told = new Set<string>();
    const tell = (missing: Contender & Missing) => {
      if (told.has(missing.name)) return;
      told.add(missing.name);
      note(`${missing.name}: ${explainUnavailable({ ...missing, target: missing.name })}`);
    };
    for (const make of works) {
      if (signal.aborted) break;
      const work = { ...make(), grad: request.grad === true };
      // Anew for each call: what a process keeps of one call would hide what it takes for the next.
      opened = await openContenders(contenders, threads, tell, {
        tell: (name) => progress.advance(`${name} is started`, 0),
        signal,
      });
      if (opened.length === 0 && !signal.aborted)
        throw new UserError("nothing that was asked for runs here");
      const outcome = await runWork(work, opened, folder, effort, {
        tell: (now) => progress.advance(now, 0),
        signal,
      });
      const known = new Set([...told, ...opened.map(({ name }) => name)]);
      const never = contenders.filter(({ target, name }) => target && !known.has(name));
      const unreached = outcome.stopped
        ? [...outcome.unreached, ...never.map(({ name }) => name)]
        : [];
      progress.advance("");
      for (const { client } of opened) await client.close();
      const found = recordsOf(outcome, threads, against);
      records.push(...found);
      wrong.push(...ownWrong(outcome).map((name) => `${name} (${work.shape})`));
      if (request.json === true) {
        for (const record of found) terminal.out(`${JSON.stringify(record)}\n`);
        for (const line of outcome.notes) note(`${work.shape}: ${line}`);
      } else
        terminal.out(
          `${titleOf(work, threads)}\n\n${formatRecords(found, unreached)}\n${explain(outcome)}\n`,
        );
    }
  } finally {
    progress.stop();
    for (const { client } of opened) await client.close();
    scratch.close();
  }
  if (signal.aborted) {
    const kept = results === undefined ? "" : `; ${results}.json and .html are as they were`;
    throw new UserError(`stopped before the end; what was measured until then is above${kept}`);
  }
  if (results !== undefined) await writeResults(results, op, records, threads, terminal);
  if (wrong.length > 0)
    throw new UserError(`generated kernels compute other numbers than most: ${wrong.join(", ")}`);
}

/** The generated kernels that do not agree with most of those who computed a call. */
const ownWrong = ({ rows }: Outcome): readonly string[] =>
  rows.flatMap(({ agrees, contender, name }) =>
    agrees || contender.target === undefined
      ? []
      : [[contender.name, name].filter((part) => part !== "").join(", ")],
  );

function startBenchProgress(
  op: string,
  total: number,
  request: Request,
  terminal: Terminal,
): Progress {
  const { progress: stream } = terminal;
  if (stream === undefined) return { advance: () => {}, note: () => {}, stop: () => {} };
  return startProgress({ label: `bench ${op}`, total, json: request.json === true, stream });
}

/** Makes the folder; the path of the results in it, without what the name of each file ends in. */
async function openResults(
  out: string,
  op: string,
  { grad }: Request,
  threads: number,
): Promise<string> {
  const name = `${op}${grad === true ? "-grad" : ""}${threads > 1 ? `-${threads}-threads` : ""}`;
  const path = join(resolve(out), name);
  await makeFolders(resolve(out));
  for (const kind of ["json", "html"]) await checkWritable(`${path}.${kind}`);
  return path;
}

/** The records with what they were taken on, and the page that draws them. */
async function writeResults(
  path: string,
  op: string,
  records: readonly BenchRecord[],
  threads: number,
  terminal: Terminal,
): Promise<void> {
  const peaks = await measurePeaks(threads);
  const results = { op, environment: describeEnvironment(), peaks, records };
  const files = {
    [`${path}.json`]: `${JSON.stringify(results, null, 2)}\n`,
    [`${path}.html`]: await renderPage(results),
  };
  for (const [file, text] of Object.entries(files)) {
    await writeBytes(file, new TextEncoder().encode(text));
    terminal.err(`wrote ${file}\n`);
  }
}
