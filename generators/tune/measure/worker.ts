// The process that runs candidates. Whatever they do to it, the tuner goes on.

import { readFileSync } from "node:fs";
import type { TargetMachine } from "../../../targets/contract/machine.ts";
import type { Data, Executor, Prepared, Program } from "../../../targets/contract/program.ts";
import { machines } from "../../../targets/machine.ts";
import { loadWork, readTensor, writeTensors } from "../../measure/work/work.ts";
import { answerRequests } from "../../measure/worker/answer.ts";
import { endWithParent } from "../../measure/worker/watchdog.ts";
import { clocks, measureResolutions } from "./clock.ts";
import { findWorst } from "./compare.ts";
import { packArrays, unpackArrays } from "./pack.ts";
import type { Opened, PreparedReply, Request, Times, Verified } from "./protocol.ts";

/** A candidate that is ready. */
interface Ready {
  readonly program: Program;
  readonly prepared: Prepared;
  /** The bytes of its inputs as they were. */
  readonly inputs: Readonly<Record<string, Data>>;
  last?: Readonly<Record<string, Data>>;
}

let executor: Executor | undefined;
let arrays: Readonly<Record<string, Float32Array>> = {};
let sums: ReadonlyMap<string, number> = new Map();
const ready = new Map<string, Ready>();

/** A number that changes with any byte of an array. */
function sumOf({ buffer, byteOffset, byteLength }: Data): number {
  const words = new Uint32Array(buffer, byteOffset, Math.floor(byteLength / 4));
  let sum = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) sum = Math.imul(sum ^ words[i]!, 0x01000193);
  return sum >>> 0;
}

async function open({ target, way, threads }: Request & { readonly do: "open" }) {
  const all: Readonly<Record<string, TargetMachine | undefined>> = machines;
  const machine = all[target]!;
  const opened = await (threads > 1 && machine.openThreads
    ? machine.openThreads(threads)
    : machine.open[way]!());
  if ("unavailable" in opened) return opened;
  executor = opened;
  const {
    device,
    driver,
    hardware,
    simulation = false,
    features = [],
    limits = {},
  } = opened.device;
  const step = opened.prepare && (await opened.measureClock?.());
  const reply: Opened = {
    device,
    driver,
    hardware,
    simulation,
    features,
    limits,
    keepsCalls: opened.prepare !== undefined,
    resolution: { ...measureResolutions(), ...(step !== undefined && { device: step }) },
  };
  return reply;
}

async function takeWork(folder: string) {
  const work = await loadWork(folder);
  const tensors = Object.entries(work.tensors).map(([name, { data }]) => [name, data] as const);
  arrays = { ...Object.fromEntries(tensors), grad_output: work.upstream.data };
  sums = new Map(Object.entries(arrays).map(([name, data]) => [name, sumOf(data)]));
  return { done: true };
}

const readProgram = (path: string): Program => JSON.parse(readFileSync(path, "utf8")) as Program;

async function prepare({ id, program: path, scalars }: Request & { readonly do: "prepare" }) {
  const start = performance.now();
  const program = readProgram(path);
  const names = program.entry.tensors.filter(({ role }) => role === "input");
  const inputs = Object.fromEntries(names.map(({ name }) => [name, arrays[name]!]));
  if (!executor!.prepare) throw new Error(`${executor!.device.target} keeps no calls.`);
  const prepared = await executor!.prepare(program, { inputs, scalars, guarded: true });
  ready.set(id, { program, prepared, inputs });
  const reply: PreparedReply = {
    milliseconds: performance.now() - start,
    watched: prepared.poison !== undefined,
  };
  return reply;
}

const find = (id: string): Ready => {
  const found = ready.get(id);
  if (!found) throw new Error(`nothing is prepared as ${id}`);
  return found;
};

const sameBits = (a: Data, b: Data): boolean =>
  a.length === b.length &&
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );

async function verify({
  id,
  reference,
  allowed,
  into,
}: Request & { readonly do: "verify" }): Promise<Verified> {
  const one = find(id);
  const { prepared, program, inputs } = one;
  await prepared.poison?.();
  const start = performance.now();
  await prepared.run();
  const milliseconds = performance.now() - start;
  const read = await prepared.read();
  // Some executors give the arrays that the next run overwrites.
  const outputs = Object.fromEntries(Object.entries(read).map(([n, data]) => [n, data.slice()]));
  if (into !== undefined) await writeTensors(into, outputs as Record<string, Float32Array>);
  const changed = Object.entries(outputs).flatMap(([name, data]) => {
    const before = one.last?.[name];
    return before === undefined || sameBits(before, data) ? [] : [name];
  });
  one.last = outputs;
  const touched = Object.keys(inputs).filter((name) => sumOf(inputs[name]!) !== sums.get(name));
  const damaged = [...touched, ...((await prepared.damaged?.()) ?? [])];
  let worst: Pick<Verified, "worst" | "where"> = { worst: 0, where: "" };
  if (reference !== undefined)
    for (const { name, role } of program.entry.tensors) {
      if (role !== "output") continue;
      const expected = await readTensor(reference, name);
      const found = findWorst(name, outputs[name]!, expected, allowed[name] ?? 0);
      if (worst.worst !== "infinite" && (found.worst === "infinite" || found.worst > worst.worst))
        worst = found;
    }
  return { ...worst, damaged: [...new Set(damaged)], changed, milliseconds };
}

async function time({
  id,
  samples,
  runs,
  warm,
}: Request & { readonly do: "time" }): Promise<Times> {
  const { prepared } = find(id);
  const [wall, processor, device]: [number[], number[], number[]] = [[], [], []];
  // Without a clock of the device there are no times by it.
  const run = async () => {
    if (prepared.time) return prepared.time();
    await prepared.run();
    return Number.NaN;
  };
  for (let sample = 0; sample < samples; sample++) {
    // What another program has put into caches and predictors is not this one's.
    if (warm) await prepared.run();
    const [cpu, before] = [clocks.processor(), clocks.wall()];
    let own = 0;
    for (let i = 0; i < runs; i++) own += await run();
    wall.push((clocks.wall() - before) / runs);
    processor.push((clocks.processor() - cpu) / runs);
    device.push(own / runs);
  }
  return { wall, processor, ...(prepared.time && { device }) };
}

async function runOnce({ program: path, job }: Request & { readonly do: "run" }) {
  const program = readProgram(path);
  const { inputs, scalars, constants } = job;
  const outputs = await executor!.run(program, {
    inputs: unpackArrays(inputs),
    scalars,
    ...(constants && { constants }),
  });
  return { outputs: packArrays(outputs) };
}

async function drop(id: string) {
  await ready.get(id)?.prepared.close();
  ready.delete(id);
  return { done: true };
}

async function close() {
  for (const id of ready.keys()) await drop(id);
  await executor?.close();
  return { done: true };
}

async function answer(request: Request): Promise<object> {
  switch (request.do) {
    case "open":
      return open(request);
    case "work":
      return takeWork(request.folder);
    case "prepare":
      return prepare(request);
    case "verify":
      return verify(request);
    case "time":
      return time(request);
    case "run":
      return runOnce(request);
    case "drop":
      return drop(request.id);
    case "close":
      return close();
    default:
      return request satisfies never;
  }
}

endWithParent();
answerRequests<Request>(answer);
