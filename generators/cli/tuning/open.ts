// Everything that a run of the tuner needs of a target, a kernel and a call.

import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Program } from "../../../targets/contract/program.ts";
import { targetsByName } from "../../../targets/registry.ts";
import { hashKernel } from "../../ir/hash.ts";
import { countBytes, readTensor, storeWork, type Work } from "../../measure/work/work.ts";
import { describeDevice } from "../../tune/database/identity.ts";
import { type Key, protocol } from "../../tune/database/record.ts";
import type { KernelSpace } from "../../tune/kernels/space.ts";
import { decidingClock } from "../../tune/measure/clock.ts";
import { allowedShare, largestOf } from "../../tune/measure/compare.ts";
import type { Bench } from "../../tune/measure/evaluate.ts";
import type { Opened } from "../../tune/measure/protocol.ts";
import { usualEffort } from "../../tune/measure/rounds.ts";
import { type Session, startSession, type TimeLimits } from "../../tune/measure/session.ts";
import type { Random } from "../../tune/search/strategy.ts";
import { hashSpace } from "../../tune/space/hash.ts";
import { codeOf, UserError } from "../errors.ts";
import { explainUnavailable } from "../executors.ts";
import { checkCases, judgeCases } from "./cases.ts";
import { extentOf } from "./extent.ts";
import { findKernel, type TunedKernel } from "./subject.ts";

/** A target's device, with the call that is timed on it. */
export interface OpenedTuning {
  readonly session: Session;
  readonly opened: Opened;
  /** Where the arrays of the call lie. */
  readonly folder: string;
  close(): Promise<void>;
}

/** How a device is opened. */
export interface OpenOptions {
  readonly threads: number;
  readonly flags: readonly string[];
  readonly limits?: Partial<TimeLimits>;
}

/** How the names of folders begin: containers that share a folder count their processes each for itself. */
export const folderName = `warpweave-tune-${hostname()}-`;

/** Removes the folders of processes of this machine that were killed, which may hold large arrays. */
export async function removeLeftovers(within: string = tmpdir()): Promise<void> {
  for (const name of await readdir(within).catch(() => [])) {
    if (!name.startsWith(folderName)) continue;
    const id = /^(\d+)-/.exec(name.slice(folderName.length))?.[1];
    if (id !== undefined && hasEnded(Number(id)))
      await rm(join(within, name), { recursive: true, force: true }).catch(() => {});
  }
}

function hasEnded(id: number): boolean {
  try {
    process.kill(id, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

/** Opens a target's device in a process of its own; refused where it cannot run here. */
export async function openTuning(
  tuned: TunedKernel,
  work: Work,
  { threads, flags, limits = {} }: OpenOptions,
): Promise<OpenedTuning> {
  await removeLeftovers();
  const folder = await mkdtemp(join(tmpdir(), `${folderName}${process.pid}-`));
  const { target, scalars } = tuned;
  const options = { target: target.name, way: 0, threads, folder, scalars, flags, limits };
  const session = startSession(options);
  const close = async () => {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await storeWork(folder, work);
    const opened = await session.open();
    if (!("unavailable" in opened)) return { session, opened, folder, close };
    const why = explainUnavailable({ ...opened, target: target.name });
    throw new UserError(`${target.name} cannot run here: ${why}`);
  } catch (error) {
    await close();
    throw error;
  }
}

/** What a result holds for. */
export function keyOf(
  tuned: TunedKernel,
  { space }: KernelSpace,
  opened: Opened,
  threads: number,
  offsets: string,
  flags: readonly string[] = [],
): Key {
  const { operator, kernel, present, target, scalars } = tuned;
  return {
    operator: operator.name,
    role: kernel.role,
    present,
    kernel: hashKernel(kernel),
    space: hashSpace(space),
    target: target.name,
    threads,
    // What a flag changes of the engine changes times, whatever the device says of it.
    device: describeDevice({ ...opened, features: [...new Set([...opened.features, ...flags])] }),
    dtype: "f32",
    shape: scalars,
    offsets,
    protocol,
  };
}

/** No device is faster: operations and bytes in a millisecond, of a CPU thread and of a GPU. */
const peaks = {
  // 6 GHz, two units of 16 lanes that multiply and add.
  thread: { operations: 6e9 * 64 * 1e-3, bytes: 1e9 },
  gpu: { operations: 1e12, bytes: 1e11 },
};

/** Milliseconds that no device of a kind needs less than. */
function floorOf(work: Work, opened: Opened, isGpu: boolean, threads: number): number {
  const isHardware = isGpu && opened.hardware;
  const peak = isHardware ? peaks.gpu : peaks.thread;
  // What computes like a GPU on the CPU takes as many threads as there are.
  const count = isHardware ? 1 : isGpu ? 64 : threads;
  const operations = work.operations * (work.grad ? 2 : 1);
  // Caches may hold all of it, so bytes count where there are more than any cache has.
  const bytes = countBytes(work) > 2 ** 30 ? countBytes(work) : 0;
  return Math.max(operations / peak.operations, bytes / peak.bytes) / count;
}

/**
 * What all candidates are measured by. What is right for the call that is timed is what the default
 * kernel gives in JavaScript, in a process of its own; that this is right is known from small cases.
 */
export async function openBench(
  tuned: TunedKernel,
  work: Work,
  { session, opened, folder }: OpenedTuning,
  options: { readonly threads: number; readonly random: Random; readonly signal?: AbortSignal },
): Promise<Bench> {
  const { target } = tuned;
  const { threads, random, signal } = options;
  const reference = join(folder, "reference");
  const usual = findKernel(tuned.operator, work, targetsByName.js);
  // A process more only where it is another target's.
  const isOwn = usual.target === target && threads === 1;
  await computeReference(usual, folder, reference, isOwn ? session : undefined, signal);
  const program = tuned.compile();
  const share = allowedShare(extentOf(tuned.kernel, tuned.scalars));
  const allowed: Record<string, number> = {};
  for (const { name, role } of program.entry.tensors)
    if (role === "output")
      allowed[name] = share * Math.max(largestOf(await readTensor(reference, name)), 2 ** -100);
  const cases = judgeCases(tuned, work.grad);
  const isGpu = target.capabilities.groups;
  return {
    session,
    clock: decidingClock(!isGpu && threads === 1, opened.resolution.device !== undefined),
    anchor: program,
    reference,
    allowed,
    repeats: ({ entry }: Program, output) =>
      entry.tensors.find(({ name }) => name === output)?.deterministic !== false,
    check: (of, executor) => checkCases(cases, of, executor),
    floor: floorOf(work, opened, isGpu, threads),
    effort: usualEffort,
    random,
    ...(signal && { signal }),
  };
}

async function computeReference(
  usual: TunedKernel,
  folder: string,
  into: string,
  given?: Session,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(into, { recursive: true });
  const { target, scalars } = usual;
  const own = { target: target.name, way: 0, threads: 1, folder, scalars };
  const session = given ?? startSession({ ...own, limits: { run: 600_000 } });
  const quit = () => void session.restart();
  signal?.addEventListener("abort", quit);
  try {
    await session.prepare("reference", usual.compile());
    await session.verify("reference", { into });
    await session.drop("reference");
  } finally {
    signal?.removeEventListener("abort", quit);
    if (session !== given) await session.close();
  }
}
