// Statements of a nest as closures. What holds a barrier becomes a generator that yields at it, so
// that the threads of a group can be run phase by phase; the rest runs straight through.

import { unreachable } from "./expr.ts";
import type { Block, NestExpr, Scalar, Stmt, WarpProduct } from "./nest.ts";
import { dumpHead } from "./nestDump.ts";
import {
  type Compiler,
  compileExpr,
  type Lanes,
  laneOf,
  one,
  type Variable,
} from "./nestInterpretExpr.ts";
import { accumulate, store } from "./nestInterpretMemory.ts";
import { warp } from "./warpProduct.ts";

/** Runs to the end, or yields at each barrier. */
export type Code =
  | { readonly straight: true; readonly run: () => void }
  | { readonly straight: false; readonly run: () => Generator<Stmt, void> };

/** What compiling a nest's body needs beside expressions. */
export interface BodyCompiler extends Compiler {
  /** Takes `lanes` places in each thread's variables. */
  readonly reserve: (lanes: number) => number;
  /** Called before each statement that acts, for messages. */
  readonly at: (s: Stmt) => void;
  readonly group: number;
  /** The orders in which iterations without order among them run. */
  readonly order: (n: number) => readonly number[];
  /** Gives the thread that runs now memory of its own that nobody has written to. */
  readonly renewOwn: () => void;
}

type Names = ReadonlyMap<string, Variable>;
type For = Extract<Stmt, { kind: "for" }>;

/** What encloses a statement. */
interface Around {
  readonly names: Names;
  /** How many grid loops, and how many threads its group loops have divided already. */
  readonly grids: number;
  readonly threads: number;
  readonly parallel: boolean;
}

/** The code of a nest's body, whose parameters are `names`. */
export const compileBody = (c: BodyCompiler, body: Block, names: Names): Code =>
  compileBlock(c, body, { names, grids: 0, threads: 1, parallel: false });

function compileBlock(c: BodyCompiler, block: Block, around: Around): Code {
  const names = new Map(around.names);
  const codes = block.map((s) => compileStmt(c, s, { ...around, names }, names));
  if (codes.every((code) => code.straight)) {
    const runs = codes.map((code) => code.run);
    return {
      straight: true,
      run: () => {
        for (const run of runs) run();
      },
    };
  }
  return {
    straight: false,
    *run() {
      for (const code of codes) {
        if (code.straight) code.run();
        else yield* code.run();
      }
    },
  };
}

const straight = (run: () => void): Code => ({ straight: true, run });

function compileStmt(c: BodyCompiler, s: Stmt, around: Around, names: Map<string, Variable>): Code {
  const { state } = c;
  const scope = { find: (name: string) => names.get(name) };
  const expr = (e: NestExpr): Lanes => {
    try {
      return compileExpr(c, scope, e);
    } catch (error) {
      if (error instanceof Error) error.message = `at \`${dumpHead(s)}\`: ${error.message}`;
      throw error;
    }
  };
  const define = (name: string, type: Scalar, lanes: number): number => {
    const slot = c.reserve(lanes);
    names.set(name, { slot, lanes, type });
    return slot;
  };
  const assign = (slot: number, value: Lanes, lanes: number): Code => {
    const values = Array.from({ length: lanes }, (_, lane) => laneOf(value, lane));
    return straight(() => {
      c.at(s);
      for (let lane = 0; lane < lanes; lane++) state.env[slot + lane] = values[lane]!();
    });
  };
  switch (s.kind) {
    case "for":
      return compileFor(c, s, around, expr);
    case "if": {
      const cond = one(expr(s.cond), "a condition");
      const [then, otherwise] = [s.then, s.else].map((block) => compileBlock(c, block, around));
      const test = () => {
        c.at(s);
        return cond() !== 0 ? then! : otherwise!;
      };
      if (then!.straight && otherwise!.straight) return straight(() => void test().run());
      return {
        straight: false,
        *run() {
          const code = test();
          if (code.straight) code.run();
          else yield* code.run();
        },
      };
    }
    case "let": {
      const value = expr(s.value);
      return assign(define(s.name, s.type, s.lanes ?? 1), value, s.lanes ?? 1);
    }
    case "local": {
      const value = expr(s.init);
      return assign(define(s.name, s.type, s.lanes ?? 1), value, s.lanes ?? 1);
    }
    case "set": {
      const target = names.get(s.name);
      if (!target) throw new Error(`${s.name} is set, but nothing defines it here`);
      return assign(target.slot, expr(s.value), target.lanes);
    }
    case "store": {
      const number = c.bufferNumber(s.buffer);
      const address = one(expr(s.address), "an address");
      const value = expr(s.value);
      const lanes = Array.from({ length: s.width }, (_, lane) => laneOf(value, lane));
      return straight(() => {
        c.at(s);
        const values = lanes.map((lane) => lane());
        const base = address();
        values.forEach((x, lane) => {
          store(state.memories[number]!, base + lane, x, state.actor);
        });
      });
    }
    case "accumulate": {
      const number = c.bufferNumber(s.buffer);
      const address = one(expr(s.address), "an address");
      const value = one(expr(s.value), "what is added");
      return straight(() => {
        c.at(s);
        const added = value();
        accumulate(state.memories[number]!, address(), added, s.mode, state.actor);
      });
    }
    case "barrier":
      return {
        straight: false,
        *run() {
          c.at(s);
          yield s;
        },
      };
    default:
      return unreachable(s);
  }
}

/** All threads of a warp name the same factors each time, and each its own lane. */
function meetWarp(
  { state }: BodyCompiler,
  { lane, f, s }: WarpProduct,
  expr: (e: NestExpr) => Lanes,
): () => void {
  const [own, ...addresses] = [lane, f.address, s.address].map((e) => one(expr(e), "a warp's"));
  const visits = new Map<string, number>();
  const seen = new Map<string, string>();
  return () => {
    const { group, thread } = state.actor;
    if (own!() !== thread % warp.threads)
      throw new Error(`thread ${thread} takes lane ${own!()} of its warp's product`);
    const key = `${group} ${thread}`;
    const visit = (visits.get(key) ?? 0) + 1;
    visits.set(key, visit);
    const at = addresses.map((address) => address()).join(" and ");
    const meeting = `${group} ${Math.floor(thread / warp.threads)} ${visit}`;
    const others = seen.get(meeting) ?? at;
    seen.set(meeting, others);
    if (others !== at)
      throw new Error(`threads of one warp name different factors: at ${others}, and at ${at}`);
  };
}

function compileFor(c: BodyCompiler, s: For, around: Around, expr: (e: NestExpr) => Lanes): Code {
  const { state } = c;
  const lo = one(expr(s.lo), "a bound");
  const hi = one(expr(s.hi), "a bound");
  if (s.product) {
    const { product, ...plain } = s;
    const meet = meetWarp(c, product, expr);
    const code = compileFor(c, plain, around, expr);
    if (!code.straight) throw new Error("a warp's product holds a barrier");
    return straight(() => {
      c.at(s);
      meet();
      code.run();
    });
  }
  const slot = c.reserve(1);
  const names = new Map(around.names).set(s.variable, { slot, lanes: 1, type: "i32" });
  const inside = { ...around, names };
  if (s.by === "grid" || s.by === "group") return compileOwn(c, s, inside, slot, lo);
  const apart = s.by === "parallel" && !around.parallel;
  const body = compileBlock(c, s.body, apart ? { ...inside, parallel: true } : inside);
  if (apart) return compileParallel(c, s, body, slot, lo, hi);
  if (s.by === "vector") return compileVector(c, s, body, slot, lo, hi);
  if (body.straight)
    return straight(() => {
      c.at(s);
      const end = hi();
      for (let i = lo(); i < end; i++) {
        state.env[slot] = i;
        body.run();
      }
    });
  return {
    straight: false,
    *run() {
      c.at(s);
      const end = hi();
      for (let i = lo(); i < end; i++) {
        state.env[slot] = i;
        yield* body.run();
      }
    },
  };
}

/** Lanes in any order: none of them reads what another writes. */
function compileVector(
  c: BodyCompiler,
  s: For,
  body: Code,
  slot: number,
  lo: () => number,
  hi: () => number,
): Code {
  if (!body.straight) throw new Error(`\`${dumpHead(s)}\` has a barrier in it`);
  return straight(() => {
    c.at(s);
    const start = lo();
    for (const i of c.order(Math.max(0, hi() - start))) {
      c.state.env[slot] = start + i;
      body.run();
    }
  });
}

/** A loop of which each group, or each thread, runs one iteration: its own. */
function compileOwn(c: BodyCompiler, s: For, around: Around, slot: number, lo: () => number): Code {
  const { state } = c;
  let own: () => number;
  let inside: Around;
  if (s.by === "grid") {
    own = () => state.grid[around.grids]!;
    inside = { ...around, grids: around.grids + 1 };
  } else {
    const extent = groupExtent(s);
    const left = c.group / around.threads / extent;
    if (!Number.isInteger(left))
      throw new Error(`\`${dumpHead(s)}\` does not divide the group's ${c.group} threads`);
    if (left !== 1 && !holdsGroupLoop(s.body))
      throw new Error(`\`${dumpHead(s)}\` leaves ${left} threads of each for no loop`);
    own = () => Math.floor(state.actor.thread / left) % extent;
    inside = { ...around, threads: around.threads * extent };
  }
  const body = compileBlock(c, s.body, inside);
  const enter = () => {
    c.at(s);
    state.env[slot] = lo() + own();
  };
  if (body.straight)
    return straight(() => {
      enter();
      body.run();
    });
  return {
    straight: false,
    *run() {
      enter();
      yield* body.run();
    },
  };
}

/** The threads along a group loop: a number in the text, since a group's size is one. */
function groupExtent(s: For): number {
  if (s.lo.kind !== "const" || s.hi.kind !== "const")
    throw new Error(`the bounds of \`${dumpHead(s)}\` must be numbers`);
  return s.hi.value - s.lo.value;
}

const holdsGroupLoop = (block: Block): boolean =>
  block.some((s) =>
    s.kind === "for"
      ? s.by === "group" || holdsGroupLoop(s.body)
      : s.kind === "if" && (holdsGroupLoop(s.then) || holdsGroupLoop(s.else)),
  );

/**
 * Iterations in any order, each acting as a thread of its own; what follows comes after all of
 * them.
 */
function compileParallel(
  c: BodyCompiler,
  s: For,
  body: Code,
  slot: number,
  lo: () => number,
  hi: () => number,
): Code {
  if (!body.straight || c.group > 1)
    throw new Error(
      `\`${dumpHead(s)}\` is a loop of CPU threads: no groups or barriers go with it`,
    );
  const { state } = c;
  return straight(() => {
    c.at(s);
    const [start, end] = [lo(), hi()];
    state.actor.phase++;
    for (const i of c.order(Math.max(0, end - start))) {
      state.env[slot] = start + i;
      state.actor.thread = i + 1;
      c.renewOwn();
      body.run();
    }
    state.actor.thread = 0;
    c.renewOwn();
    state.actor.phase++;
  });
}
