// The groups of one launch: each group's threads run to the next barrier, one after another in some
// order, then all go on.

import type { BufferDecl, Nest, Scalar, Stmt } from "./nest.ts";
import { dumpHead } from "./nestDump.ts";
import type { State, Variable } from "./nestInterpretExpr.ts";
import { type Actor, type Memory, renew } from "./nestInterpretMemory.ts";
import type { Mode } from "./nestInterpretNumbers.ts";
import { type BodyCompiler, type Code, compileBody } from "./nestInterpretStmt.ts";

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

interface Running extends State {
  env: Float64Array;
  memories: Memory[];
  grid: number[];
}

/** Runs all groups of a launch; an error says in which group, thread and statement it happened. */
export function runGroups(context: LaunchContext, groups: number): void {
  const { nest, actor } = context;
  const state: Running = { env: new Float64Array(0), memories: [], actor, grid: [] };
  let places = 0;
  const reserve = (lanes: number): number => {
    places += lanes;
    return places - lanes;
  };
  const names = new Map<string, Variable>(
    context.parameters.map(({ name, type }) => [name, { slot: reserve(1), lanes: 1, type }]),
  );
  let current: Stmt | undefined;
  const compiler: BodyCompiler = {
    state,
    mode: context.mode,
    bufferNumber: (name) => {
      const number = nest.buffers.findIndex((buffer) => buffer.name === name);
      if (number < 0) throw new Error(`buffer ${name} is not declared`);
      return number;
    },
    reads: context.reads,
    reserve,
    at: (s) => {
      current = s;
    },
    group: nest.group,
    order: context.orders,
    renewOwn: () => {
      for (const [i, decl] of nest.buffers.entries())
        if (decl.place === "register" || decl.perWorker) renew(state.memories[i]!, decl);
    },
  };
  try {
    const code = compileBody(compiler, nest.body, names);
    for (const group of context.orders(groups)) {
      actor.group = group;
      actor.phase = 0;
      state.grid = coordinates(group, context.grid);
      runGroup(context, state, code, places);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const where = current
      ? `, group ${actor.group} thread ${actor.thread}, at \`${dumpHead(current)}\``
      : "";
    error.message = `nest ${nest.name}${where}: ${error.message}`;
    throw error;
  }
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

function runGroup(context: LaunchContext, state: Running, code: Code, places: number): void {
  const { nest, actor } = context;
  const common = nest.buffers.map((buffer, i) =>
    buffer.place === "shared" ? context.fresh(buffer) : context.global[i],
  );
  const threads = Array.from({ length: nest.group }, () => {
    const env = new Float64Array(places).fill(Number.NaN);
    context.parameters.forEach(({ value }, i) => {
      env[i] = value;
    });
    const memories = nest.buffers.map((buffer, i) => common[i] ?? context.fresh(buffer));
    return { env, memories };
  });
  const enter = (thread: number): void => {
    actor.thread = thread;
    state.env = threads[thread]!.env;
    state.memories = threads[thread]!.memories;
  };
  if (code.straight) {
    for (const thread of context.orders(nest.group)) {
      enter(thread);
      code.run();
    }
    return;
  }
  const running = threads.map(() => code.run());
  for (;;) {
    const stops = new Map<Stmt | undefined, number[]>();
    for (const thread of context.orders(nest.group)) {
      enter(thread);
      const { value, done } = running[thread]!.next();
      const stop = done ? undefined : value;
      stops.set(stop as Stmt | undefined, [...(stops.get(stop as Stmt) ?? []), thread]);
    }
    if (stops.size > 1) throw new Error(`barrier: ${explainStops(stops)}`);
    if (stops.has(undefined)) return;
    actor.phase++;
  }
}

/** Who waits where, when not all threads have come to one barrier. */
function explainStops(stops: ReadonlyMap<Stmt | undefined, readonly number[]>): string {
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
