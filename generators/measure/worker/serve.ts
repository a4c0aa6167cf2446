// The side of the process that computes: it answers requests one after another until it is told to
// close.

import { loadWork, type Work, writeTensors } from "../work/work.ts";
import { answerRequests } from "./answer.ts";
import { markMemory, type PeakMemory } from "./memory.ts";
import {
  type Described,
  type Missing,
  type Mode,
  packing,
  type Reply,
  type Request,
  type Timed,
  type Times,
} from "./protocol.ts";

/** A call that is ready; runs are awaited where they are promises. */
export interface Running {
  readonly modes: readonly [RunningMode, ...RunningMode[]];
  /** What of each run depends on the layer's parameters alone, where there is such work. */
  packing?(): unknown;
  close?(): unknown;
}

/** One way of running it. */
export interface RunningMode extends Mode {
  run(): unknown;
  /** The results of the last run by name, gradients as `grad_input`. */
  read(): Promise<Readonly<Record<string, ArrayLike<number>>>>;
}

/** Something that computes. */
export interface Computer extends Described {
  /** `folder` holds the work's files, is a place for more, and is removed by whoever asks. */
  prepare(work: Work, folder: string): Promise<Running | { readonly unsupported: string }>;
  close?(): unknown;
}

/** Opens what computes, with a number of threads. */
export type Open = (threads: number, options: unknown) => Promise<Computer | Missing>;

/** Times single runs, after one that is not timed. */
async function timeRuns(
  run: () => unknown,
  { least, milliseconds }: Pick<Timed, "least" | "milliseconds">,
): Promise<Times> {
  const times: number[] = [];
  const cpu: number[] = [];
  await run();
  const start = performance.now();
  while (times.length < least || performance.now() - start < milliseconds) {
    const [busy, before] = [process.cpuUsage(), performance.now()];
    await run();
    times.push(performance.now() - before);
    const { user, system } = process.cpuUsage(busy);
    cpu.push((user + system) / 1000);
  }
  return { times, cpu };
}

/** Answers requests about what a module opens. */
export const serve = (open: Open): void => answerRequests<Request>(answerWith(open));

/** What is open and prepared, and the answers to requests about it. */
function answerWith(open: Open): (request: Request) => Promise<Reply> {
  let computer: Computer | undefined;
  let running: Running | undefined;
  let memory: PeakMemory | undefined;
  const release = async () => {
    await running?.close?.();
    running = undefined;
  };
  const modeOf = (name: string): RunningMode => {
    const mode = running?.modes.find((one) => one.name === name);
    if (!mode) throw new Error(`nothing is prepared that runs as "${name}"`);
    return mode;
  };
  return async (request) => {
    switch (request.do) {
      case "open": {
        const opened = await open(request.threads, request.options);
        if ("unavailable" in opened) return opened;
        computer = opened;
        const { device, versions, own } = opened;
        return { device, versions, ...(own && { own }) };
      }
      case "prepare": {
        await release();
        const work = await loadWork(request.folder);
        memory = markMemory();
        const prepared = await computer!.prepare(work, request.folder);
        if ("unsupported" in prepared) return prepared;
        running = prepared;
        return {
          modes: prepared.modes.map(({ name, counted }) => ({ name, counted })),
          packs: prepared.packing !== undefined,
        };
      }
      case "time": {
        const run =
          request.mode === packing ? () => running?.packing?.() : modeOf(request.mode).run;
        return timeRuns(run, request);
      }
      case "read": {
        const mode = modeOf(request.mode);
        await mode.run();
        const peakBytes = memory?.read();
        const outputs = Object.entries(await mode.read()).map(
          ([name, data]) => [name, Float32Array.from(data)] as const,
        );
        await writeTensors(request.folder, Object.fromEntries(outputs));
        const names = outputs.map(([name]) => name);
        return { outputs: names, ...(peakBytes === undefined ? {} : { peakBytes }) };
      }
      case "release":
        await release();
        return { done: true };
      case "close":
        await release();
        await computer?.close?.();
        return { done: true };
      default:
        return request satisfies never;
    }
  };
}
