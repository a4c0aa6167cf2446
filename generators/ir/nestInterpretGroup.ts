// The groups of one launch: each group's threads run to the next barrier, one after another in some
// order, then all go on.

import type { BufferDecl, Nest, Scalar } from "./nest.ts";
import { dumpHead } from "./nestDump.ts";
import { type Actor, type Memory, renew } from "./nestInterpretMemory.ts";
import type { Mode } from "./nestInterpretNumbers.ts";
import { type Program, programOf, type State } from "./nestInterpretProgram.ts";
import { warp } from "./warpProduct.ts";

/** One launch, with everything that is the same for all groups. */
export interface LaunchContext {
  readonly nest: Nest;
  /** The extent of each grid loop. */
  readonly grid: readonly number[];
  readonly parameters: readonly {
    readonly name: string;
    readonly type: Scalar;
    readonly value: number;
  }[];
  /** The memory of each buffer that is global; the others are made by `fresh`. */
  readonly global: readonly (Memory | undefined)[];
  readonly fresh: (buffer: BufferDecl) => Memory;
  readonly actor: Actor;
  readonly mode: Mode;
  readonly orders: (n: number) => readonly number[];
  readonly reads: Map<string, number> | undefined;
}

/** The memories of the thread that runs now. */
interface Running {
  memories: readonly Memory[];
}

/** Runs all groups of a launch; an error says in which group, thread and statement it happened. */
export function runGroups(context: LaunchContext, groups: number): void {
  const { nest, actor, orders, reads } = context;
  const running: Running = { memories: [] };
  const state: State = {
    at: -1,
    actor,
    grid: [],
    parameters: context.parameters.map(({ value }) => value),
    order: orders,
    renewOwn: () => {
      for (const [i, decl] of nest.buffers.entries())
        if (decl.place === "register" || decl.perWorker) renew(running.memories[i]!, decl);
    },
    count: (buffer) => reads?.set(buffer, (reads.get(buffer) ?? 0) + 1),
    meet: meetings(actor),
  };
  let program: Program | undefined;
  try {
    program = programOf(nest, context.mode, reads !== undefined);
    for (const group of orders(groups)) {
      actor.group = group;
      actor.phase = 0;
      state.grid = coordinates(group, context.grid);
      runGroup(context, state, running, program);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const current = program?.statements[state.at];
    const where = current
      ? `, group ${actor.group} thread ${actor.thread}, at \`${dumpHead(current)}\``
      : "";
    error.message = `nest ${nest.name}${where}: ${error.message}`;
    throw error;
  }
}

/** Remembers which factors the threads of each warp have named, visit by visit. */
function meetings(actor: Actor): State["meet"] {
  const visits = new Map<string, number>();
  const seen = new Map<string, string>();
  return (statement, lane, factors) => {
    const { group, thread } = actor;
    if (lane !== thread % warp.threads)
      throw new Error(`thread ${thread} takes lane ${lane} of its warp's product`);
    const key = `${statement} ${group} ${thread}`;
    const visit = (visits.get(key) ?? 0) + 1;
    visits.set(key, visit);
    const at = factors.join(" and ");
    const meeting = `${statement} ${group} ${Math.floor(thread / warp.threads)} ${visit}`;
    const others = seen.get(meeting) ?? at;
    seen.set(meeting, others);
    if (others !== at)
      throw new Error(`threads of one warp name different factors: at ${others}, and at ${at}`);
  };
}

/** The index along each loop, outermost first, of iteration `flat` of them all. */
function coordinates(flat: number, extents: readonly number[]): number[] {
  let rest = flat;
  const at: number[] = [];
  for (let d = extents.length - 1; d >= 0; d--) {
    at[d] = rest % extents[d]!;
    rest = Math.floor(rest / extents[d]!);
  }
  return at;
}

function runGroup(context: LaunchContext, state: State, running: Running, program: Program): void {
  const { nest, actor } = context;
  const common = nest.buffers.map((buffer, i) =>
    buffer.place === "shared" ? context.fresh(buffer) : context.global[i],
  );
  const threads = Array.from({ length: nest.group }, () =>
    nest.buffers.map((buffer, i) => common[i] ?? context.fresh(buffer)),
  );
  const enter = (thread: number): readonly Memory[] => {
    actor.thread = thread;
    running.memories = threads[thread]!;
    return running.memories;
  };
  if (program.straight) {
    for (const thread of context.orders(nest.group)) program.run(state, enter(thread));
    return;
  }
  const runs = threads.map((memories) => program.run(state, memories));
  for (;;) {
    const stops = new Map<number | undefined, number[]>();
    for (const thread of context.orders(nest.group)) {
      enter(thread);
      const { value, done } = runs[thread]!.next();
      const stop = done ? undefined : value;
      stops.set(stop as number | undefined, [...(stops.get(stop as number) ?? []), thread]);
    }
    if (stops.size > 1) throw new Error(`barrier: ${explainStops(stops)}`);
    if (stops.has(undefined)) return;
    actor.phase++;
  }
}

/** Who waits where, when not all threads have come to one barrier. */
function explainStops(stops: ReadonlyMap<number | undefined, readonly number[]>): string {
  let barriers = 0;
  return [...stops]
    .map(([stop, threads]) => {
      const few = threads.length > 4 ? `${threads.slice(0, 4).join(", ")}, …` : threads.join(", ");
      return stop === undefined
        ? `threads ${few} have ended`
        : `threads ${few} wait at barrier ${++barriers}`;
    })
    .join("; ");
}
