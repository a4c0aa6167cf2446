// Where threads wait for each other: warps that exchange registers, barriers of all threads of a group.

import { Fault } from "./fault.ts";
import { ended, type ThreadState, type Wait } from "./machine.ts";

/** A thread of the group that runs. */
export interface Thread {
  readonly index: number;
  readonly base: number;
  state: ThreadState;
  /** The block of code to go on with; the thread has ended where it is `ended`. */
  at: number;
  wait: Wait | undefined;
}

/** The threads of a group, and how a fault becomes an error. */
export interface Group {
  readonly threads: readonly Thread[];
  /** How often each warp's threads have met. */
  readonly warps: Int32Array;
  explain(fault: Fault, thread: Thread): Error;
  /** The instruction in words. */
  nameSite(site: number): string;
}

/** Does something for a thread; what goes wrong is said of it. */
export function guard(group: Group, thread: Thread, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw error instanceof Fault ? group.explain(error, thread) : error;
  }
}

const fail = (group: Group, { wait, ...thread }: Thread, message: string): Error =>
  group.explain(new Fault(wait?.site ?? -1, message), { wait, ...thread });

/** Those who wait where a thread of their warp waits; undefined while some are elsewhere. */
function gather(group: Group, thread: Thread): readonly (Thread | undefined)[] | undefined {
  const { wait } = thread;
  if (wait?.kind !== "warp") return undefined;
  const { mask, site } = wait;
  if (!(mask & (1 << (thread.index & 31))))
    throw fail(group, thread, "a thread is not in the mask that it gives");
  const first = thread.index & ~31;
  const here: (Thread | undefined)[] = [];
  let complete = true;
  for (let lane = 0; lane < 32; lane++) {
    const other = group.threads[first + lane];
    // Lanes beyond the group's last thread do not exist, and nobody waits for them.
    if (!(mask & (1 << lane)) || !other) continue;
    if (other.at === ended)
      throw fail(group, thread, `thread ${first + lane} has ended, but is waited for`);
    const same =
      other.wait?.kind === "warp" && other.wait.site === site && other.wait.mask === mask;
    if (same) here[lane] = other;
    else complete = false;
  }
  return complete ? here : undefined;
}

/** Lets those warps go on whose threads all are where they wait for each other; whether there were any. */
export function meetWarps(group: Group, live: readonly Thread[]): boolean {
  let met = false;
  for (const thread of live) {
    const { wait } = thread;
    const here = gather(group, thread);
    if (wait?.kind !== "warp" || !here) continue;
    const bases = Array.from({ length: 32 }, (_, lane) => here[lane]?.base);
    guard(group, thread, () => wait.resolve(bases));
    const threads = here.filter((one) => one !== undefined);
    for (const one of threads) one.wait = undefined;
    const warp = thread.index >>> 5;
    // After a meeting of a whole warp, what came before it is ordered.
    if (wait.orders && live.filter(({ index }) => index >>> 5 === warp).length === threads.length)
      group.warps[warp]!++;
    met = true;
  }
  return met;
}

/** Answers those who ask which threads are with them, once no others can come; whether there were any. */
export function nameTogether(live: readonly Thread[]): boolean {
  const asking = live.filter(({ wait }) => wait?.kind === "together");
  for (const { index, wait } of asking) {
    if (wait?.kind !== "together") continue;
    const here = asking.filter(
      (other) => other.index >>> 5 === index >>> 5 && other.wait?.site === wait.site,
    );
    const mask = here.reduce((bits, one) => bits | (1 << (one.index & 31)), 0);
    for (const other of here) {
      if (other.wait?.kind === "together") other.wait.resolve(other.base, mask);
      other.wait = undefined;
    }
  }
  return asking.length > 0;
}

/** Lets all go on from a barrier; an error where they are not all at one. */
export function meetAll(group: Group, live: readonly Thread[]): void {
  const first = live[0]!;
  const idOf = ({ wait }: Thread) => (wait?.kind === "barrier" ? wait.id : undefined);
  const stuck = live.find((thread) => idOf(thread) === undefined || idOf(thread) !== idOf(first));
  if (stuck) {
    const other = live.find(({ wait }) => wait?.site !== stuck.wait?.site);
    const where = other?.wait
      ? `, and thread ${other.index} at ${group.nameSite(other.wait.site)}`
      : "";
    throw fail(group, stuck, `threads wait for each other for ever${where}`);
  }
  // Who has ended cannot come: a barrier is for all threads of a group.
  const gone = group.threads.find(({ at }) => at === ended);
  if (gone) throw fail(group, first, `thread ${gone.index} has ended without this barrier`);
  const { wait } = first;
  if (wait?.kind === "barrier" && wait.resolve) {
    const { resolve } = wait;
    guard(group, first, () => resolve(live.map(({ base }) => base)));
  }
  for (const thread of live) thread.wait = undefined;
}
