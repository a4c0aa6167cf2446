// A process that computes without end hears nothing; it must end with the one that asked it all the same.

import { Worker } from "node:worker_threads";

/** Milliseconds between two looks. */
const pause = 1000;

/**
 * Runs in a thread of its own, which an endless loop or a long call into a library does not hold
 * up. A signal, since `exit` in a thread ends the thread alone. Plain JavaScript: no loader is
 * needed for it.
 */
const watch = `
  const parent = require("node:worker_threads").workerData;
  const isGone = () => {
    if (process.ppid !== parent) return true;
    try {
      process.kill(parent, 0);
      return false;
    } catch (error) {
      return error.code === "ESRCH";
    }
  };
  setInterval(() => {
    if (isGone()) process.kill(process.pid, "SIGKILL");
  }, ${pause});
`;

/** Ends this process when its parent is no more, whatever it is doing then. */
export function endWithParent(): void {
  // Before the thread starts: the parent may be gone by then.
  const parent = process.ppid;
  const thread = new Worker(watch, { eval: true, execArgv: [], env: {}, workerData: parent });
  // It is no reason to stay.
  thread.unref();
}
