// The command's side: starts a process that computes and asks it.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Described, Done, Missing, Read, Reply, Request, Taken, Times } from "./protocol.ts";

/** How a process is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

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

/** What lets Node read TypeScript; processes start in any folder, so by its address. */
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** A module that exports `open`, as a process of the same Node. */
export function nodeProgram(module: URL, flags: readonly string[] = []): Program {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  return {
    command: process.execPath,
    args: [...flags, "--expose-gc", "--import", tsx, main, module.href],
  };
}

/** Starts a process; that it cannot be started is said by the first request. */
export function startClient({ command, args, env = {} }: Program): Client {
  const child = spawn(command, [...args], {
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    // Ctrl-C in a terminal reaches all processes of its group; these are ended by the command.
    detached: process.platform !== "win32",
  });
  const ask = createAsk(child);
  return {
    open: (threads, options) => ask<Described | Missing>({ do: "open", threads, options }),
    prepare: (folder) => ask<Taken>({ do: "prepare", folder }),
    time: (mode, least, milliseconds) => ask<Times>({ do: "time", mode, least, milliseconds }),
    read: (mode, folder) => ask<Read>({ do: "read", mode, folder }),
    release: async () => void (await ask<Done>({ do: "release" })),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await ask<Done>({ do: "close" }).catch(() => {});
      child.kill("SIGKILL");
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Requests and their answers, in order; the end of the process fails the request that waits. */
function createAsk(child: ChildProcess) {
  let waiting: { resolve(line: string): void; reject(error: Error): void } | undefined;
  let said = "";
  let ended: string | undefined;
  const end = (why: string) => {
    const lines = said.trim().split("\n");
    const told = lines.find((line) => /Error\b/.test(line)) ?? lines.at(-1) ?? "";
    ended ??= told === "" ? why : `${why}: ${told.trim()}`;
    waiting?.reject(new Error(ended));
    waiting = undefined;
  };
  child.on("error", (error) => end(`it does not start (${error.message})`));
  // "close" comes after all that was said has been read.
  child.on("close", (code, signal) => end(`its process ended (${signal ?? `code ${code}`})`));
  child.stdin?.on("error", () => {});
  child.stderr?.on("data", (part: Buffer) => {
    said = (said + part.toString()).slice(-4000);
  });
  createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
    waiting?.resolve(line);
    waiting = undefined;
  });
  return async <T extends Reply>(request: Request): Promise<T> => {
    if (ended !== undefined) throw new Error(ended);
    const line = await new Promise<string>((resolve, reject) => {
      waiting = { resolve, reject };
      child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
    const reply = JSON.parse(line) as T | { readonly failed: string };
    if ("failed" in reply) throw new Error(reply.failed);
    return reply;
  };
}
