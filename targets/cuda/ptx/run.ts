// Runs a kernel: groups one after another, the threads of a group one after another up to where they wait.

import { Fault } from "./fault.ts";
import { ended, waits } from "./machine.ts";
import { type Group, guard, meetAll, meetWarps, nameTogether, type Thread } from "./meet.ts";
import { type Allocation, type Memory, RaceFault } from "./memory.ts";
import { arrange, type ThreadOrder } from "./order.ts";
import type { PtxProgram } from "./program.ts";
import type { Earlier } from "./shadow.ts";

/** One launch. */
export interface Launch {
  readonly groups: number;
  readonly group: number;
  /** The bytes of each parameter. */
  readonly args: readonly Uint8Array[];
  readonly order: ThreadOrder;
  /** Instructions of all threads together, after which it is said not to end. */
  readonly budget: number;
}

/** What a kernel does wrong, as a sentence. */
export class PtxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PtxError";
  }
}

/** How many instructions ran. */
export interface LaunchReport {
  readonly instructions: number;
}

/** Runs a launch to its end; throws a `PtxError` at the first fault. */
export function runLaunch(program: PtxProgram, launch: Launch): LaunchReport {
  const { machine, threads: most, name } = program;
  const { groups, group, order } = launch;
  if (group > most) throw new PtxError(`${name} was made ready for ${most} threads, not ${group}.`);
  const { memory, moment } = machine;
  const params = makeParams(program, launch.args);
  memory.params = params;
  moment.launch = moment.now + 1;
  const locals = Array.from({ length: program.localBytes > 0 ? group : 0 }, () =>
    memory.makeLocal(program.localBytes),
  );
  const lanes = arrange(order, group);
  const run = new Run(program, launch, locals);
  for (const block of arrange(order, groups)) run.runGroup(block, lanes);
  return { instructions: launch.budget - run.left };
}

function makeParams(
  { name, params, paramBytes, machine }: PtxProgram,
  args: readonly Uint8Array[],
): Allocation {
  if (args.length !== params.length)
    throw new PtxError(`${name} takes ${params.length} parameters, not ${args.length}.`);
  const made = machine.memory.makeParams(paramBytes);
  for (const [i, param] of params.entries()) {
    const arg = args[i]!;
    if (arg.length !== param.bytes)
      throw new PtxError(
        `Parameter ${i} of ${name} has ${param.bytes} bytes; ${arg.length} are given.`,
      );
    made.bytes.set(arg, param.offset);
  }
  return made;
}

class Run implements Group {
  /** Instructions that may still run. */
  left: number;
  readonly threads: readonly Thread[];
  readonly warps: Int32Array;
  readonly #program: PtxProgram;
  readonly #launch: Launch;
  readonly #locals: readonly Allocation[];
  readonly #memory: Memory;
  /** First intervals of the groups that ran, for reports. */
  readonly #groups: { readonly block: number; readonly interval: number }[] = [];
  #block = 0;

  constructor(program: PtxProgram, launch: Launch, locals: readonly Allocation[]) {
    this.#program = program;
    this.#launch = launch;
    this.#locals = locals;
    this.#memory = program.machine.memory;
    this.warps = program.machine.moment.warps;
    this.left = launch.budget;
    this.threads = Array.from({ length: launch.group }, (_, index) => ({
      index,
      base: index * program.stride,
      state: { pending: [], groups: [], calls: [] },
      at: 0,
      wait: undefined,
    }));
    // Constants stay, and registers hold what the group before left: as little as what a GPU gives.
    for (const { base } of this.threads) program.machine.ints.set(program.initial, base);
  }

  runGroup(block: number, lanes: Int32Array): void {
    this.#begin(block);
    for (;;) {
      for (const lane of lanes) {
        const thread = this.threads[lane]!;
        if (thread.at !== ended && !thread.wait) this.#runThread(thread);
      }
      const live = this.threads.filter(({ at }) => at !== ended);
      if (live.length === 0) return;
      // Warps first: what they wait for is nearer.
      if (meetWarps(this, live) || nameTogether(live)) continue;
      meetAll(this, live);
      this.#program.machine.moment.now++;
    }
  }

  #begin(block: number): void {
    const { machine, specials } = this.#program;
    const { moment, ints, memory } = machine;
    const { groups, group } = this.#launch;
    this.#block = block;
    moment.now++;
    moment.block = moment.now;
    this.#groups.push({ block, interval: moment.now });
    memory.poisonShared();
    for (const thread of this.threads) {
      const place = { thread: thread.index, block, threads: group, blocks: groups };
      for (const { slot, value } of specials) {
        ints[thread.base + slot] = value(place);
        ints[thread.base + slot + 1] = 0;
      }
      thread.state = { pending: [], groups: [], calls: [] };
      thread.at = 0;
      thread.wait = undefined;
      const local = this.#locals[thread.index];
      if (local) {
        local.bytes.fill(0xff);
        local.shadow.mark(0, local.size, false);
      }
    }
  }

  #runThread(thread: Thread): void {
    const { machine, blocks } = this.#program;
    machine.moment.thread = thread.index;
    machine.state = thread.state;
    const local = this.#locals[thread.index];
    if (local) this.#memory.local = local;
    const { base } = thread;
    guard(this, thread, () => {
      for (;;) {
        const { ops, step, site } = blocks[thread.at]!;
        this.left -= ops.length + 1;
        if (this.left < 0)
          throw new Fault(site, `${this.#launch.budget} instructions have run; it may never end`);
        for (let i = 0; i < ops.length; i++) ops[i]!(base);
        const next = step(base);
        if (next >= 0) thread.at = next;
        else if (next === waits) {
          thread.wait = machine.wait;
          // A block that waits is followed by the one that goes on.
          thread.at++;
          return;
        } else {
          thread.at = ended;
          return;
        }
      }
    });
  }

  nameSite(site: number): string {
    const instruction = this.#program.sites[site];
    return instruction ? `line ${instruction.line}: \`${instruction.text}\`` : "its end";
  }

  explain(fault: Fault, { index }: Thread): PtxError {
    const { name } = this.#program;
    const here = `group ${this.#block}, thread ${index} (${this.nameSite(fault.site)})`;
    if (!(fault instanceof RaceFault))
      return new PtxError(`${name}: ${fault.message}, by ${here}.`);
    const { earlier, element, how } = fault;
    const block = this.#blockOf(earlier);
    const does = {
      read: "read",
      constant: "read",
      sync: "read",
      write: "written",
      atomic: "updated atomically",
    }[how];
    const before = `group ${block}, thread ${earlier.thread} (${this.nameSite(earlier.site)})`;
    const reason =
      block !== this.#block
        ? "and the groups of a launch have no order"
        : block === this.#block && earlier.thread === index
          ? "by an instruction that promises that nobody writes it"
          : "with no barrier between them";
    return new PtxError(
      `Race in ${name}: ${element} is ${earlier.touch} by ${before} and ${does} by ${here}, ${reason}.`,
    );
  }

  #blockOf({ interval }: Earlier): number {
    return this.#groups.findLast((group) => group.interval <= interval)?.block ?? this.#block;
  }
}
