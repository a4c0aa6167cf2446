// One writer at a time: a lock beside the file, and who holds it.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import lockfile from "proper-lockfile";
import { codeOf, messageOf, UserError } from "../../messages/errors.ts";

/** A lock that is held. */
export interface Lock {
  /** Whether it is still ours: a machine that slept may have lost it. */
  isHeld(): boolean;
  release(): Promise<void>;
}

interface Holder {
  readonly process: number;
  readonly host: string;
  readonly since: string;
}

/** Longer than any work between two timers. */
const stale = 60_000;

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/** Is a process of this machine there no more? */
function hasEnded({ process: id, host }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(id, 0);
    return false;
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
}

/** Takes the lock of a database; refused in a sentence where another process has it. */
export async function takeLock(path: string): Promise<Lock> {
  const holderPath = `${path}.holder`;
  let held = true;
  const take = () =>
    lockfile.lock(path, {
      realpath: false,
      stale,
      update: 5000,
      onCompromised: () => {
        held = false;
      },
    });
  // Whoever finds that a holder has ended must not remove the lock of the next one.
  const openGate = () =>
    lockfile.lock(`${path}.gate`, {
      realpath: false,
      stale: 5000,
      retries: { retries: 80, factor: 1, minTimeout: 100, maxTimeout: 100 },
    });
  let release: () => Promise<void>;
  const closeGate = await openGate().catch(refuse(path));
  try {
    const holder = readHolder(holderPath);
    if (holder && hasEnded(holder)) {
      rmSync(`${path}.lock`, { recursive: true, force: true });
      rmSync(holderPath, { force: true });
    }
    release = await take();
    const own: Holder = {
      process: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
    };
    writeFileSync(holderPath, JSON.stringify(own));
  } catch (error) {
    return refuse(path)(error);
  } finally {
    await closeGate();
  }
  return {
    isHeld: () => held,
    async release() {
      // One that was lost may be another's by now, with the file that says so.
      if (!held) return;
      rmSync(holderPath, { force: true });
      await release();
    },
  };
}

/** Says who has a lock, or why there can be none. */
const refuse =
  (path: string) =>
  (error: unknown): never => {
    if (codeOf(error) !== "ELOCKED")
      throw new UserError(`cannot lock ${path}: ${messageOf(error)}`);
    const holder = readHolder(`${path}.holder`);
    const who = holder
      ? `process ${holder.process} on ${holder.host}, since ${holder.since}`
      : "another process";
    throw new UserError(
      `${path} is being written by ${who}; wait for its end or give another --database`,
    );
  };
