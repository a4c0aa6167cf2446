// The folder for what a run writes on its way, removed however the run ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What ends the command: processes are ended and files removed, then it is said. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Milliseconds in which a second signal is an echo: one Ctrl-C may come from several parents. */
const echo = 1000;

/** A temporary folder of one run, and whether the run is asked to end. */
export interface Scratch {
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Removes the folder, and no longer listens to signals. */
  close(): void;
}

/** Makes the folder; `quit` is called when a signal asks for the end. */
export function openScratch(quit: () => void): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "warpweave-bench-"));
  const stop = new AbortController();
  // Compilers of processes that were just ended may still write into it.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 8 });
  let first = 0;
  const heed = () => {
    if (!stop.signal.aborted) {
      first = performance.now();
      stop.abort();
      quit();
    } else if (performance.now() - first > echo) process.exit(130);
  };
  for (const signal of signals) process.on(signal, heed);
  process.once("exit", remove);
  return {
    folder,
    signal: stop.signal,
    close() {
      for (const signal of signals) process.removeListener(signal, heed);
      process.removeListener("exit", remove);
      remove();
    },
  };
}
