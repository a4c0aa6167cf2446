// Threads of a module: how they are started and watched, what they tell each other. Plain JavaScript, which is copied
// into each generated module.

// What threads tell each other, in the first page: numbers by these places, then a function's
// arguments, how far apart those of two threads lie, and of each thread the last round that it did.
const places = { round: 0, next: 1, changed: 2, callee: 3, failed: 4 };
const [valuesAt, stridesAt, statesAt, mostArguments] = [1024, 9216, 20480, 1000];

/** Where all of that lies, and the state of a thread that has ended. */
export const sharedLayout = {
  places,
  valuesAt,
  stridesAt,
  statesAt,
  mostArguments,
  lost: -(2 ** 31),
};

/** What each thread runs: it waits for a round, takes iterations until none are left, says so. */
const workerText = `
const start = ({ module, memory, names, worker, sharedLayout }) => {
  const { places, valuesAt, stridesAt, statesAt, mostArguments } = sharedLayout;
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, Math });
  const control = new Int32Array(memory.buffer, 0, 16);
  const values = new Float64Array(memory.buffer, valuesAt, mostArguments);
  const strides = new Float64Array(memory.buffer, stridesAt, mostArguments);
  const states = new Int32Array(memory.buffer, statesAt, 256);
  for (let round = 0; ; ) {
    Atomics.wait(control, places.round, round);
    round = Atomics.load(control, places.round);
    const callee = exports[names[Atomics.load(control, places.callee)]];
    const args = [];
    for (let i = 0; i < callee.length - 2; i++) args.push(values[i] + worker * strides[i]);
    try {
      let at = Atomics.add(control, places.next, 1);
      while (callee(...args, at, at + 1)) at = Atomics.add(control, places.next, 1);
    } catch {
      Atomics.store(control, places.failed, 1);
    }
    Atomics.store(states, worker, round);
    Atomics.add(control, places.changed, 1);
    Atomics.notify(control, places.changed);
  }
};
if (typeof process === "object" && process.versions?.node) {
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.postMessage("ready");
  start(workerData);
} else {
  self.onmessage = ({ data }) => {
    self.postMessage("ready");
    start(data);
  };
}
`;

/** A thread that starts the others and sees them end, which who waits for them in a call cannot. */
const watcherText = `
const { parentPort, Worker, workerData } = require("node:worker_threads");
const { text, data } = workerData;
const { places, statesAt, lost } = data.sharedLayout;
const control = new Int32Array(data.memory.buffer, 0, 16);
const states = new Int32Array(data.memory.buffer, statesAt, 256);
const threads = [];
parentPort.on("message", ({ worker, ends }) => {
  if (ends) {
    threads[worker].terminate();
    return;
  }
  const thread = new Worker(text, { eval: true, workerData: { ...data, worker } });
  threads[worker] = thread;
  thread.once("message", () => parentPort.postMessage({ worker }));
  thread.once("error", ({ message }) => parentPort.postMessage({ worker, message }));
  thread.once("exit", () => {
    Atomics.store(states, worker, lost);
    Atomics.add(control, places.changed, 1);
    Atomics.notify(control, places.changed);
  });
});
`;

export const isNode = () => typeof process === "object" && process.versions?.node !== undefined;

/** What starts threads in Node; each gives what ends it once the thread is ready. */
export function watchWorkers(data, ends) {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const watcher = new Worker(watcherText, { eval: true, workerData: { text: workerText, data } });
  watcher.unref();
  ends.push(() => watcher.terminate());
  return (worker) =>
    new Promise((resolve, reject) => {
      watcher.ref();
      watcher.once("error", reject);
      watcher.once("message", ({ message }) => {
        watcher.unref();
        watcher.off("error", reject);
        if (message !== undefined) reject(new Error(message));
        else resolve(() => watcher.postMessage({ worker, ends: true }));
      });
      watcher.postMessage({ worker });
    });
}

/** Starts a thread of a page; gives what ends it once the thread is ready. */
export function startWorker(data) {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.onmessage = () => {
      URL.revokeObjectURL(url);
      resolve(() => worker.terminate());
    };
    worker.onerror = () => reject(new Error("the page may not start workers"));
    worker.postMessage(data);
  });
}
