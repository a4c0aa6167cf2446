// Who is timed: generated kernels of every target, and peers. Each is a process of its own, so that
// none spoils another's memory or the engine's knowledge of its types.

import { join } from "node:path";
import { messageOf } from "../generators/cli/errors.ts";
import { machineOf } from "../generators/cli/executors.ts";
import type { Target } from "../generators/emit/target.ts";
import {
  type Client,
  nodeProgram,
  type Program,
  startClient,
} from "../generators/measure/worker/client.ts";
import type { OursOptions } from "../generators/measure/worker/ours.ts";
import type { Described, Missing } from "../generators/measure/worker/protocol.ts";
import type { PeerInfo } from "./peers/index.ts";

/** Something that may be timed. */
export interface Contender {
  readonly name: string;
  /** Of generated kernels. */
  readonly target?: Target;
  /** A library, with which one may compare. */
  readonly isLibrary?: boolean;
  /** Of kernels with the schedules that were tuned: the name of those with the default ones. */
  readonly tunes?: string;
  readonly program: Program;
  readonly options: unknown;
}

/** One that runs here. */
export interface Opened extends Contender, Described {
  readonly client: Client;
}

/** Generated kernels on all ways of running a target; `folder` will hold their programs. */
export function oursOf(
  target: Target,
  folder: string,
  flags: readonly string[],
): readonly Contender[] {
  const { open, openThreads } = machineOf(target.name);
  const ways = openThreads ? open.slice(0, 1) : open;
  return ways.map((_, way): Contender => {
    const options: OursOptions = { target: target.name, way, folder };
    return {
      name: `warpweave ${target.name}${way === 0 ? "" : ` (${way + 1})`}`,
      target,
      program: nodeProgram(new URL("../generators/measure/worker/ours.ts", import.meta.url), flags),
      options,
    };
  });
}

/** The folder of the programs that have tuned schedules. */
export const tunedFolder = (folder: string): string => join(folder, "tuned");

/** The same on the first way alone, with the schedules that were tuned. */
export function tunedOf(
  target: Target,
  folder: string,
  flags: readonly string[],
): readonly Contender[] {
  return oursOf(target, tunedFolder(folder), flags)
    .slice(0, 1)
    .map((of) => ({ ...of, name: `${of.name}, tuned`, tunes: of.name }));
}

/** A peer as a contender. */
export const contenderOf = (
  { name, program, options, byHand }: PeerInfo,
  flags: readonly string[],
): Contender => ({
  name,
  isLibrary: byHand !== true,
  program: program(flags),
  options,
});

/** What starting tells while it goes on, and what ends it. */
export interface Starting {
  readonly tell: (name: string) => void;
  readonly signal: AbortSignal;
}

/** Starts all; those that cannot run here are told, with what to run about it. */
export async function openContenders(
  contenders: readonly Contender[],
  threads: number,
  tell: (missing: Contender & Missing) => void,
  watch?: Starting,
): Promise<readonly Opened[]> {
  const opened: Opened[] = [];
  for (const contender of contenders) {
    if (watch?.signal.aborted) break;
    watch?.tell(contender.name);
    const client = startClient(contender.program);
    // A library that is being loaded may take many seconds more.
    watch?.signal.addEventListener("abort", client.kill);
    try {
      const found = await client.open(threads, contender.options);
      if ("unavailable" in found) {
        tell({ ...contender, ...found });
        await client.close();
        continue;
      }
      // A second way of running that is the same device has nothing to add.
      const twin = opened.some(
        (o) =>
          o.target !== undefined &&
          o.target === contender.target &&
          o.tunes === contender.tunes &&
          o.device === found.device,
      );
      if (twin) await client.close();
      else opened.push({ ...contender, ...found, client });
    } catch (error) {
      client.kill();
      if (!watch?.signal.aborted) tell({ ...contender, unavailable: messageOf(error) });
    } finally {
      watch?.signal.removeEventListener("abort", client.kill);
    }
  }
  return opened;
}
