// A process that runs candidates, started anew after one that crashed, hung or ran out of memory.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Data, Executor, Job, Program } from "../../../targets/contract/program.ts";
import {
  type Asked,
  moduleBeside,
  moduleProgram,
  ProcessEnded,
  startProcess,
} from "../../measure/worker/process.ts";
import { messageOf } from "../../messages/errors.ts";
import type { Status } from "../database/record.ts";
import { packJob, unpackArrays } from "./pack.ts";
import type { Opened, PackedArray, PreparedReply, Request, Times, Verified } from "./protocol.ts";

/** Which device, and the call that is timed on it. */
export interface SessionOptions {
  readonly target: string;
  readonly way: number;
  readonly threads: number;
  /** A folder with the call's arrays, as `storeWork` writes them; programs are written there too. */
  readonly folder: string;
  readonly scalars: Readonly<Record<string, number>>;
  /** Flags of Node, such as one that lets it use relaxed vectors. */
  readonly flags?: readonly string[];
  /** Another process than the usual one, for tests. */
  readonly module?: URL;
  readonly limits?: Partial<TimeLimits>;
}

/** Milliseconds after which a process is ended. */
export interface TimeLimits {
  readonly open: number;
  readonly compile: number;
  readonly run: number;
}

const usualLimits: TimeLimits = { open: 60_000, compile: 120_000, run: 30_000 };

/** Why a candidate has no time. */
export class CandidateFailed extends Error {
  readonly status: Status;
  /** Whether its process has ended with it. */
  readonly ended: boolean;
  /** The name under which it was prepared, where one program alone was asked for. */
  readonly id: string | undefined;

  constructor(status: Status, message: string, ended = false, id?: string) {
    super(message);
    this.status = status;
    this.ended = ended;
    this.id = id;
  }
}

/** The default configuration itself failed, which is no candidate's fault. */
export class AnchorFailed extends CandidateFailed {
  constructor({ status, message, ended, id }: CandidateFailed) {
    super(
      status,
      `the default configuration failed where it was to be timed: ${message}`,
      ended,
      id,
    );
  }
}

/** The device, or why it cannot be opened. */
export type OpenReply = Opened | { readonly unavailable: string; readonly install?: string };

/** A process with candidates. */
export interface Session {
  /** Opens the device where it is not open; or why it cannot be. */
  open(): Promise<OpenReply>;
  /** Builds a program and makes it ready, under a name; fails with `CandidateFailed`. */
  prepare(id: string, program: Program): Promise<PreparedReply>;
  verify(
    id: string,
    expected: {
      readonly reference?: string;
      readonly allowed?: Readonly<Record<string, number>>;
      readonly into?: string;
    },
  ): Promise<Verified>;
  /** Times samples of so many runs, each after a run that does not count where it is `warm`. */
  time(id: string, samples: number, runs: number, warm: boolean, limit: number): Promise<Times>;
  /** Runs programs on small arrays, as the cross-check does. */
  readonly executor: Executor;
  drop(id: string): Promise<void>;
  /** Whether a program is ready under a name: not in a process that was started anew. */
  has(id: string): boolean;
  /** Ends the process; the next request starts another. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const memoryWords = /out of memory|heap limit|allocation failed|cannot grow|ENOMEM|OutOfMemory/i;

/** What a failure of a step means. */
function describe(error: unknown, otherwise: Status, id: string | undefined): CandidateFailed {
  if (error instanceof CandidateFailed) return error;
  const message = messageOf(error).split("\n").slice(0, 3).join(" ");
  if (error instanceof ProcessEnded) {
    if (error.end === "time-out") return new CandidateFailed("timeout", message, true, id);
    if (memoryWords.test(error.said))
      return new CandidateFailed("memory", "its process ran out of memory", true, id);
    return new CandidateFailed("runtime", message, true, id);
  }
  const status = memoryWords.test(message) ? "memory" : otherwise;
  return new CandidateFailed(status, message, false, id);
}

/** Starts a session; its process is started by the first request. */
export function startSession(options: SessionOptions): Session {
  const { target, way, threads, folder, scalars, flags = [], module } = options;
  const limits = { ...usualLimits, ...options.limits };
  const worker = module ?? moduleBeside("worker", import.meta.url);
  let asked: Asked | undefined;
  let opened: OpenReply | undefined;
  let programs = 0;
  const prepared = new Set<string>();

  const open: Session["open"] = async () => {
    if (asked && opened && !asked.hasEnded()) return opened;
    asked?.kill();
    asked = startProcess(moduleProgram(worker, [], flags));
    prepared.clear();
    const request: Request = { do: "open", target, way, threads };
    const reply = await asked.ask<OpenReply>(request, limits.open);
    if (!("unavailable" in reply))
      await asked.ask({ do: "work", folder } satisfies Request, limits.open);
    opened = reply;
    return reply;
  };

  const ask = async <T>(request: Request, limit: number, otherwise: Status): Promise<T> => {
    const device = await open();
    if ("unavailable" in device) throw new CandidateFailed("runtime", device.unavailable);
    try {
      return await asked!.ask<T>(request, limit);
    } catch (error) {
      throw describe(error, otherwise, "id" in request ? request.id : undefined);
    }
  };

  const writeProgram = async (program: Program): Promise<string> => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `program-${programs++ % 8}.json`);
    await writeFile(path, JSON.stringify(program));
    return path;
  };

  const executor: Executor = {
    device: { target, device: "", driver: "", hardware: false },
    async run(program: Program, job: Job): Promise<Record<string, Data>> {
      const path = await writeProgram(program);
      const request: Request = { do: "run", program: path, job: packJob(job) };
      const { outputs } = await ask<{ outputs: Record<string, PackedArray> }>(
        request,
        limits.compile + limits.run,
        "runtime",
      );
      return unpackArrays(outputs);
    },
    close: async () => {},
  };

  const endProcess = async (): Promise<void> => {
    if (asked && !asked.hasEnded())
      await asked.ask({ do: "close" } satisfies Request, 5000).catch(() => {});
    asked?.kill();
    asked = undefined;
    opened = undefined;
  };

  return {
    open,
    executor,
    async prepare(id, program) {
      const path = await writeProgram(program);
      const request: Request = { do: "prepare", id, program: path, scalars };
      const reply = await ask<PreparedReply>(request, limits.compile, "compile");
      prepared.add(id);
      return reply;
    },
    verify: (id, { reference, allowed = {}, into }) =>
      ask<Verified>(
        {
          do: "verify",
          id,
          allowed,
          ...(reference !== undefined && { reference }),
          ...(into !== undefined && { into }),
        },
        limits.run,
        "runtime",
      ),
    time: (id, samples, runs, warm, limit) =>
      ask<Times>({ do: "time", id, samples, runs, warm }, limit, "runtime"),
    async drop(id) {
      prepared.delete(id);
      if (asked && !asked.hasEnded()) await ask({ do: "drop", id }, limits.run, "runtime");
    },
    has: (id) => asked?.hasEnded() === false && prepared.has(id),
    restart: endProcess,
    close: endProcess,
  };
}
