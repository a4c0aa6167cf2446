// A module at work: compiled, with its memory and its threads. Plain JavaScript, which is copied into each
// generated module.

import { createHeap } from "./heap.js";
import { isNode, sharedLayout, startWorker, watchWorkers } from "./threads.js";

/** A module with one instruction of the relaxed vectors. */
const relaxedProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32,
  0, 32, 0, 253, 133, 2, 11,
];

/** Does this engine know the relaxed vectors? */
export function knowsRelaxed() {
  return WebAssembly.validate(new Uint8Array(relaxedProbe));
}

/** The same bytes with a memory that threads share: one bit of its import. */
function shareMemory(bytes) {
  const shared = new Uint8Array(bytes);
  let at = 8;
  const read = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = shared[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const skipName = () => {
    const length = read();
    at += length;
  };
  for (;;) {
    const section = shared[at++];
    const length = read();
    if (section === 2) break;
    at += length;
  }
  for (let left = read(); left > 0; left--) {
    skipName();
    skipName();
    if (shared[at++] === 2) {
      shared[at] |= 2;
      return shared;
    }
    read();
  }
  throw new Error("The module imports no memory.");
}

/** Why no memory can be shared here, or nothing. */
function refuseThreads() {
  if (typeof SharedArrayBuffer === "undefined")
    return "there is no SharedArrayBuffer: a page must be isolated from other origins";
  if (!isNode() && typeof Worker === "undefined") return "there are no workers";
  return undefined;
}

/** A memory that grows to all there can be of it, or to less where that cannot be reserved. */
function makeMemory(shared) {
  for (let maximum = 65536; ; maximum /= 2)
    try {
      return new WebAssembly.Memory({ initial: 2, maximum, shared });
    } catch (error) {
      if (maximum <= 1024) throw error;
    }
}

/**
 * Compiles and instantiates a module. `threads` is how many may share a loop's iterations; `why`
 * says why there are fewer than asked for.
 */
export async function openEngine(bytes, { threads = 1, relaxed = false } = {}) {
  if (!Number.isInteger(threads) || threads < 1 || threads > 256)
    throw new RangeError(`threads is ${threads}; it must be a whole number from 1 to 256.`);
  if (relaxed && !knowsRelaxed())
    throw new Error("This engine does not know the relaxed vectors; relaxed must be false here.");
  const refused = threads > 1 ? refuseThreads() : undefined;
  const count = refused === undefined ? threads : 1;
  // Its imports say that a memory has at most 65536 pages; one that reserves fewer fits too.
  const memory = makeMemory(count > 1);
  const module = await WebAssembly.compile(count > 1 ? shareMemory(bytes) : bytes);
  const instance = await WebAssembly.instantiate(module, { env: { memory }, Math });
  const engine = {
    exports: instance.exports,
    heap: createHeap(memory),
    memory,
    relaxed,
    threads: 1,
    why: refused,
    names: WebAssembly.Module.exports(module).map(({ name }) => name),
    ends: [],
  };
  const data = { module, memory, names: engine.names, sharedLayout };
  try {
    const start =
      count > 1 && isNode()
        ? watchWorkers(data, engine.ends)
        : (worker) => startWorker({ ...data, worker });
    for (let worker = 1; worker < count; worker++) {
      engine.ends.unshift(await start(worker));
      engine.threads++;
    }
  } catch (error) {
    engine.why = error instanceof Error ? error.message : String(error);
  }
  return engine;
}

/** Ends the threads; calls run in one from then on, also those before the last thread has ended. */
export async function closeEngine(engine) {
  engine.threads = 1;
  for (const end of engine.ends.splice(0)) await end();
}

/**
 * Runs a function once; `strides` are how far apart the arguments of two threads lie. A thread that
 * ends meanwhile takes a part of the results with it; later calls go on without it.
 */
export function callShared(engine, name, args, strides) {
  const callee = engine.exports[name];
  if (callee.length === args.length) {
    callee(...args);
    return;
  }
  const { places, valuesAt, stridesAt, statesAt, mostArguments } = sharedLayout;
  const { buffer } = engine.memory;
  const states = new Int32Array(buffer, statesAt, engine.threads);
  const stateOf = (worker) => Atomics.load(states, worker);
  const workers = [...states.keys()].filter(
    (worker) => worker > 0 && stateOf(worker) !== sharedLayout.lost,
  );
  if (workers.length === 0) {
    callee(...args, 0, 2147483647);
    return;
  }
  const control = new Int32Array(buffer, 0, 16);
  new Float64Array(buffer, valuesAt, mostArguments).set(args);
  new Float64Array(buffer, stridesAt, mostArguments).set(strides);
  control[places.next] = 0;
  control[places.failed] = 0;
  control[places.callee] = engine.names.indexOf(name);
  const round = (Atomics.add(control, places.round, 1) + 1) | 0;
  Atomics.notify(control, places.round);
  const isBusy = (worker) => stateOf(worker) !== round && stateOf(worker) !== sharedLayout.lost;
  try {
    let at = Atomics.add(control, places.next, 1);
    while (callee(...args, at, at + 1)) at = Atomics.add(control, places.next, 1);
  } finally {
    for (;;) {
      const changed = Atomics.load(control, places.changed);
      if (!workers.some(isBusy)) break;
      // A page's own thread may not sleep; what is left is at most an iteration of the others.
      if (mayWait()) Atomics.wait(control, places.changed, changed);
    }
  }
  if (workers.some((worker) => stateOf(worker) === sharedLayout.lost))
    throw new Error(
      `A thread of ${name} ended during the call, which is not complete; call again.`,
    );
  if (control[places.failed] === 1) throw new Error(`A thread of ${name} failed.`);
}

const mayWait = () => isNode() || typeof document === "undefined";
