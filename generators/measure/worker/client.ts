// The command's side: a process that computes, and what it is asked.

import { type Asked, moduleBeside, moduleProgram, type Program, startProcess } from "./process.ts";
import type { Described, Done, Missing, Read, Request, Taken, Times } from "./protocol.ts";

export type { Program } from "./process.ts";

/** A process that computes. */
export interface Client {
  open(threads: number, options: unknown): Promise<Described | Missing>;
  prepare(folder: string): Promise<Taken>;
  time(mode: string, least: number, milliseconds: number): Promise<Times>;
  read(mode: string, folder: string): Promise<Read>;
  release(): Promise<void>;
  close(): Promise<void>;
  /** Ends the process at once. */
  kill(): void;
}

/** A module that exports `open`, as a process of the same Node. */
export const nodeProgram = (module: URL, flags: readonly string[] = []): Program =>
  moduleProgram(moduleBeside("main", import.meta.url), [module.href], flags);

/** Starts a process; that it cannot be started is said by the first request. */
export function startClient(program: Program): Client {
  const asked: Asked = startProcess(program);
  const ask = <T>(request: Request) => asked.ask<T>(request);
  return {
    open: (threads, options) => ask<Described | Missing>({ do: "open", threads, options }),
    prepare: (folder) => ask<Taken>({ do: "prepare", folder }),
    time: (mode, least, milliseconds) => ask<Times>({ do: "time", mode, least, milliseconds }),
    read: (mode, folder) => ask<Read>({ do: "read", mode, folder }),
    release: async () => void (await ask<Done>({ do: "release" })),
    async close() {
      if (asked.hasEnded()) return;
      await ask<Done>({ do: "close" }).catch(() => {});
      asked.kill();
    },
    kill: () => asked.kill(),
  };
}
