// A process that answers requests: a line of JSON each way, one request after another.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";

/** How a process is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process came to its end. */
export type End = "time-out" | "signal" | "exit" | "no start" | "killed";

/** A request that was not answered, since the process is no more. */
export class ProcessEnded extends Error {
  readonly end: End;
  /** The last that it printed to stderr. */
  readonly said: string;

  constructor(message: string, end: End, said: string) {
    super(message);
    this.end = end;
    this.said = said;
  }
}

/** A process that answers requests. */
export interface Asked {
  /** The answer, in the order of requests; rejects with what it says failed, or with `ProcessEnded`. */
  ask<T>(request: object, milliseconds?: number): Promise<T>;
  /** Is it there no more? */
  hasEnded(): boolean;
  /** Ends it at once. */
  kill(): void;
}

const isSource = import.meta.url.endsWith(".ts");

/** The address of a module beside another, in a checkout (.ts) and in the installed package (.js). */
export const moduleBeside = (name: string, url: string): URL =>
  new URL(`${name}.${url.endsWith(".ts") ? "ts" : "js"}`, url);

/** What lets Node read TypeScript; processes start in any folder, so by its address. */
function readTypeScript(): readonly string[] {
  const tsx = createRequire(import.meta.url).resolve("tsx");
  return ["--import", pathToFileURL(tsx).href];
}

/** A module of ours as a process of the same Node. */
export function moduleProgram(
  module: URL,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Program {
  const loads = isSource ? readTypeScript() : [];
  return {
    command: process.execPath,
    args: [...flags, "--expose-gc", ...loads, fileURLToPath(module), ...args],
  };
}

/** Starts a process; that it cannot be started is said by the first request. */
export function startProcess({ command, args, env = {} }: Program): Asked {
  const child = spawn(command, [...args], {
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    // Ctrl-C in a terminal reaches all processes of its group; these are ended by the command.
    detached: process.platform !== "win32",
  });
  return {
    ...createAsk(child),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Requests and their answers, in order; the end of the process fails the request that waits. */
function createAsk(child: ChildProcess): Pick<Asked, "ask"> {
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  let said = "";
  let late: string | undefined;
  let ended: ProcessEnded | undefined;
  const end = (why: string, how: End) => {
    const lines = said.trim().split("\n");
    const told = lines.find((line) => /Error\b/.test(line)) ?? lines.at(-1) ?? "";
    ended ??=
      late === undefined
        ? new ProcessEnded(told === "" ? why : `${why}: ${told.trim()}`, how, said)
        : new ProcessEnded(late, "time-out", said);
    for (const one of waiting.splice(0)) one.reject(ended);
  };
  child.on("error", (error) => end(`it does not start (${error.message})`, "no start"));
  // "close" comes after all that was said has been read.
  child.on("close", (code, signal) => {
    const how = child.killed ? "killed" : signal === null ? "exit" : "signal";
    end(`its process ended (${signal ?? `code ${code}`})`, how);
  });
  child.stdin?.on("error", () => {});
  child.stderr?.on("data", (part: Buffer) => {
    said = (said + part.toString()).slice(-4000);
  });
  createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
    waiting.shift()?.resolve(line);
  });
  return {
    async ask<T>(request: object, milliseconds?: number): Promise<T> {
      if (ended !== undefined) throw ended;
      const timer =
        milliseconds === undefined
          ? undefined
          : setTimeout(() => {
              late = `no answer within ${milliseconds / 1000} s`;
              child.kill("SIGKILL");
            }, milliseconds);
      try {
        const line = await new Promise<string>((resolve, reject) => {
          waiting.push({ resolve, reject });
          child.stdin?.write(`${JSON.stringify(request)}\n`);
        });
        const reply = JSON.parse(line) as T | { readonly failed: string };
        if (typeof reply === "object" && reply !== null && "failed" in reply)
          throw new Error(reply.failed);
        return reply as T;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
