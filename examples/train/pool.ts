// Runs trained by several processes at once, each taking the next run as it becomes free.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Run, RunRecord } from "./records.ts";
import type { WorkerMessage } from "./worker.ts";

/** What is said while runs go on. */
export interface PoolEvents {
  readonly onSteps: (run: Run, steps: number, epoch: number, accuracy?: number) => void;
  readonly onRecord: (run: Run, record: RunRecord) => void;
}

const script = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Trains all runs on as many processes; aborted, it ends them and rejects with the signal's reason. */
export async function trainAll(
  runs: readonly Run[],
  workers: number,
  events: PoolEvents,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...runs];
  const count = Math.min(workers, queue.length);
  const children: ChildProcess[] = [];
  const stop = (): void => {
    for (const child of children) child.kill();
  };
  try {
    await Promise.all(
      Array.from({ length: count }, () => {
        // What TensorFlow.js prints when it is loaded is no concern of the reader.
        const child = fork(script, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
        children.push(child);
        return serve(child, queue, events, signal);
      }),
    );
  } finally {
    stop();
  }
}

/** Gives a worker one run after another until there is none left. */
function serve(
  child: ChildProcess,
  queue: Run[],
  { onSteps, onRecord }: PoolEvents,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Run | undefined;
    let complaint = "";
    const next = (): void => {
      current = queue.shift();
      if (current === undefined) resolve();
      else child.send(current);
    };
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    child.stderr?.on("data", (text) => {
      complaint += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const doing = current ? `training ${current.variant.name}, seed ${current.seed}` : "starting";
      reject(new Error(`A worker ended (${code}) while ${doing}.\n${complaint}`));
    });
    child.on("message", (message: WorkerMessage) => {
      switch (message.kind) {
        case "ready":
          return next();
        case "steps":
          return onSteps(current!, message.steps, message.epoch, message.accuracy);
        case "record":
          onRecord(current!, message.record);
          return next();
        default:
          return message satisfies never;
      }
    });
  });
}
