// One call on all contenders: the same numbers first, then times in interleaved rounds.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../generators/cli/errors.ts";
import type { Target } from "../generators/emit/target.ts";
import { readTensor, storeWork, type Work } from "../generators/measure/work/work.ts";
import { type Mode, packing } from "../generators/measure/worker/protocol.ts";
import { type Opened, tunedFolder } from "./contenders.ts";
import { compileWork, kernelsOf, storePrograms } from "./programs.ts";
import { compareTuned, findTuned } from "./tuned.ts";
import { type Outputs, type Verdict, verifyAll } from "./verify.ts";

/** How long to measure. */
export interface Effort {
  readonly rounds: number;
  /** Timed runs of each contender in all rounds together, at least. */
  readonly runs: number;
  /** CPU threads of those who take several. */
  readonly threads: number;
  /** Flags of Node that processes have. */
  readonly flags: readonly string[];
  /** How threads add in gradients, where it is not the usual way. */
  readonly accumulate?: string;
}

/** One way of running a call on a contender, with all that was found out about it. */
export interface Row extends Mode {
  readonly contender: Opened;
  /** Milliseconds of single runs, by round. */
  readonly rounds: readonly (readonly number[])[];
  /** Milliseconds of all its threads on processors, of each run. */
  readonly cpu: readonly number[];
  /** The difference from the anchor, as a part of the largest number. */
  readonly error: number;
  readonly agrees: boolean;
  readonly peakBytes?: number;
  readonly workspaceBytes?: number;
  /** Milliseconds of what depends on the layer's parameters alone. */
  readonly packing?: readonly number[];
}

/** What came of one call. */
export interface Outcome {
  readonly work: Work;
  readonly verdict: Verdict | undefined;
  readonly rows: readonly Row[];
  /** Why contenders are not among them. */
  readonly notes: readonly string[];
  /** The rounds that were not finished when it was stopped. */
  readonly stopped: boolean;
  /** Those who had not computed it when it was stopped. */
  readonly unreached: readonly string[];
}

/** What a run tells while it goes on. */
export interface Watch {
  readonly tell: (now: string) => void;
  readonly signal: AbortSignal;
}

/** Compilers say more than fits below a table. */
const firstLines = (error: unknown): string => messageOf(error).split("\n").slice(0, 3).join(" ");

type Entered = Omit<Row, "rounds" | "cpu" | "error" | "agrees" | "packing"> & {
  readonly packs: boolean;
  readonly key: string;
  /** Milliseconds of the first time, with all that is done only once. */
  readonly first: number;
};

/** In a turn a slow contender is timed no longer than this, in milliseconds, but at least once. */
const turn = 100;

/**
 * Runs one call; `folder` is where the processes of generated kernels look for their programs, and
 * holds the arrays meanwhile.
 */
export async function runWork(
  work: Work,
  contenders: readonly Opened[],
  folder: string,
  effort: Effort,
  watch: Watch,
): Promise<Outcome> {
  const place = await mkdtemp(join(folder, "work-"));
  const notes: string[] = [];
  const entered: Entered[] = [];
  const unreached: string[] = [];
  try {
    await storeWork(place, work);
    const results = new Map<string, Outputs>();
    for (const contender of contenders) {
      if (watch.signal.aborted) {
        unreached.push(contender.name);
        continue;
      }
      watch.tell(`${work.shape}: ${contender.name} computes`);
      try {
        const taken = await enter(contender, work, place, folder, results, effort);
        if (typeof taken === "string") notes.push(`${contender.name}: ${taken}`);
        else entered.push(...taken);
      } catch (error) {
        if (watch.signal.aborted) unreached.push(contender.name);
        else notes.push(`${contender.name} failed: ${firstLines(error)}`);
      }
    }
    const processes = new Map(entered.map(({ key, contender }) => [key, contender.name]));
    const verdict =
      results.size > 0 ? verifyAll(results, (key) => processes.get(key) ?? key) : undefined;
    results.clear();
    const agreeing = entered.filter(({ key }) => verdict?.agreeing.includes(key));
    const { times, cpu, packed } = await timeRounds(agreeing, work.shape, effort, watch, notes);
    for (const { client } of contenders) await client.release().catch(() => {});
    const rows = entered.map(({ key, first: _, packs: __, ...row }): Row => {
      const error = verdict?.errors.get(key) ?? Number.POSITIVE_INFINITY;
      const agrees = verdict?.agreeing.includes(key) === true;
      const packing = packed.get(key);
      const found = packing === undefined || packing.length === 0 ? {} : { packing };
      const measured = { rounds: times.get(key) ?? [], cpu: cpu.get(key) ?? [] };
      return { ...row, ...measured, error, agrees, ...found };
    });
    notes.push(...compareTuned(rows));
    return { work, verdict, rows, notes, stopped: watch.signal.aborted, unreached };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Prepares a call on a contender and computes it once in every way; or says why it cannot. */
async function enter(
  contender: Opened,
  work: Work,
  place: string,
  folder: string,
  results: Map<string, Outputs>,
  { threads, flags, accumulate }: Effort,
): Promise<readonly Entered[] | string> {
  const { name, target, client } = contender;
  const tune = ({ own }: Opened, of: Work, on: Target) => {
    const { operator, forward, kernels, scalars } = kernelsOf(of, on);
    const here = { device: own!, threads, flags };
    return findTuned(operator, of.grad ? [forward, ...kernels] : [forward], on, scalars, here);
  };
  let workspace: number | undefined;
  if (target !== undefined) {
    const tuned = contender.tunes === undefined ? undefined : await tune(contender, work, target);
    if (tuned && "unsupported" in tuned) return tuned.unsupported;
    const compiled = compileWork(work, target, threads, accumulate, tuned);
    if ("unsupported" in compiled) return compiled.unsupported;
    const into = tuned ? tunedFolder(folder) : folder;
    await mkdir(into, { recursive: true });
    await storePrograms(into, target, compiled);
    workspace = compiled.workspaceBytes;
  }
  const taken = await client.prepare(place);
  if ("unsupported" in taken) return taken.unsupported;
  const entered: Entered[] = [];
  for (const mode of taken.modes) {
    const key = [name, mode.name].filter((part) => part !== "").join(", ");
    const into = join(place, key.replaceAll(/\W+/g, "-"));
    await mkdir(into);
    const start = performance.now();
    const { outputs, peakBytes } = await client.read(mode.name, into);
    const first = performance.now() - start;
    const read: Record<string, Float32Array> = {};
    for (const output of outputs) read[output] = await readTensor(into, output);
    results.set(key, read);
    await rm(into, { recursive: true });
    entered.push({
      ...mode,
      key,
      first,
      contender,
      packs: taken.packs,
      // That of the first way alone: what follows finds memory that is there already.
      ...(peakBytes === undefined || entered.length > 0 ? {} : { peakBytes }),
      ...(workspace === undefined ? {} : { workspaceBytes: workspace }),
    });
  }
  return entered;
}

interface Timings {
  readonly times: ReadonlyMap<string, readonly (readonly number[])[]>;
  readonly cpu: ReadonlyMap<string, readonly number[]>;
  readonly packed: ReadonlyMap<string, readonly number[]>;
}

/** Asks all in turn, every other round backwards; one that fails is asked no more. */
async function timeRounds(
  entered: readonly Entered[],
  shape: string,
  { rounds, runs }: Effort,
  { tell, signal }: Watch,
  notes: string[],
): Promise<Timings> {
  const times = new Map<string, number[][]>(entered.map(({ key }) => [key, []]));
  const cpu = new Map<string, number[]>(entered.map(({ key }) => [key, []]));
  const packed = new Map<string, number[]>(entered.map(({ key }) => [key, []]));
  const failed = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? entered : entered.toReversed();
    for (const { key, name, contender, first, packs } of order) {
      if (signal.aborted) return { times, cpu, packed };
      if (failed.has(key)) continue;
      tell(`${shape}: round ${round + 1} of ${rounds}, ${key}`);
      const before = times.get(key)!;
      const known = before[0]?.[0] ?? first;
      // A contender of more than a second is timed once in every third round, a very slow one once.
      if ((known > 1000 && round % 3 > 0) || (known > 4000 && round > 0)) continue;
      const least = known > 1000 ? 1 : Math.ceil(runs / rounds);
      try {
        const measured = await contender.client.time(name, least, turn);
        before.push([...measured.times]);
        cpu.get(key)!.push(...measured.cpu);
        // A part of the usual way of running, timed by itself and shortly.
        if (packs && name === "")
          packed.get(key)!.push(...(await contender.client.time(packing, 3, 0)).times);
      } catch (error) {
        if (signal.aborted) return { times, cpu, packed };
        failed.add(key);
        notes.push(`${key} failed while it was timed: ${messageOf(error)}`);
      }
    }
  }
  return { times, cpu, packed };
}
