// Statements of a nest as lines of JavaScript, in the order in which a thread runs them.

import { unreachable } from "./expr.ts";
import type { Block, NestExpr, Scalar, Stmt, WarpProduct } from "./nest.ts";
import { dumpHead } from "./nestDump.ts";
import {
  type Lanes,
  laneOf,
  memoryName,
  type Names,
  one,
  type Variable,
  type Writer,
  writeExpr,
} from "./nestInterpretExpr.ts";
import { blocksOf } from "./nestWalk.ts";

/** What writing a nest's body needs beside expressions. */
export interface BodyWriter extends Writer {
  /** A name for something that nothing in the text has yet. */
  readonly fresh: (like: string) => string;
  /** The number of a statement. */
  readonly numberOf: (s: Stmt) => number;
  readonly group: number;
}

type For = Extract<Stmt, { kind: "for" }>;

/** What encloses a statement. */
interface Around {
  readonly names: Names;
  /** How many grid loops, and how many threads its group loops have divided already. */
  readonly grids: number;
  readonly threads: number;
  readonly parallel: boolean;
}

/** Does a block, or one inside it, wait for the other threads? */
export const holdsBarrier = (block: Block): boolean =>
  block.some((s) => s.kind === "barrier" || blocksOf(s).some(holdsBarrier));

/** The lines of a nest's body, whose parameters are `names`. */
export const writeBody = (w: BodyWriter, body: Block, names: Names): readonly string[] =>
  writeBlock(w, body, { names, grids: 0, threads: 1, parallel: false });

function writeBlock(w: BodyWriter, block: Block, around: Around): readonly string[] {
  const names = new Map(around.names);
  return block.flatMap((s) => writeStmt(w, s, { ...around, names }, names));
}

function writeStmt(
  w: BodyWriter,
  s: Stmt,
  around: Around,
  names: Map<string, Variable>,
): readonly string[] {
  const expr = (e: NestExpr): Lanes => {
    try {
      return writeExpr(w, names, e);
    } catch (error) {
      if (error instanceof Error) error.message = `at \`${dumpHead(s)}\`: ${error.message}`;
      throw error;
    }
  };
  const number = w.numberOf(s);
  const at = `s.at = ${number};`;
  /** Values in names of their own, all of them before the first is used. */
  const hold = (values: Lanes, lanes: number): { lanes: string[]; lines: string[] } => {
    const own = Array.from({ length: lanes }, () => w.fresh("value"));
    return {
      lanes: own,
      lines: own.map((name, lane) => `const ${name} = ${laneOf(values, lane)};`),
    };
  };
  const define = (name: string, type: Scalar, value: Lanes, lanes: number): readonly string[] => {
    const own = Array.from({ length: lanes }, () => w.fresh("own"));
    names.set(name, { lanes: own, type });
    return [at, ...own.map((text, lane) => `let ${text} = ${laneOf(value, lane)};`)];
  };
  switch (s.kind) {
    case "for":
      return writeFor(w, s, number, around, expr);
    case "if": {
      const cond = one(expr(s.cond), "a condition");
      const [then, otherwise] = [s.then, s.else].map((block) => writeBlock(w, block, around));
      return [at, `if (${cond} !== 0) {`, ...then!, "} else {", ...otherwise!, "}"];
    }
    case "let":
      return define(s.name, s.type, expr(s.value), s.lanes ?? 1);
    case "local":
      return define(s.name, s.type, expr(s.init), s.lanes ?? 1);
    case "set": {
      const target = names.get(s.name);
      if (!target) throw new Error(`${s.name} is set, but nothing defines it here`);
      const held = hold(expr(s.value), target.lanes.length);
      const sets = target.lanes.map((text, lane) => `${text} = ${held.lanes[lane]};`);
      return [at, "{", ...held.lines, ...sets, "}"];
    }
    case "store": {
      const memory = memoryName(w.bufferNumber(s.buffer));
      const address = one(expr(s.address), "an address");
      const held = hold(expr(s.value), s.width);
      const stores = held.lanes.map(
        (value, lane) => `store(${memory}, address + ${lane}, ${value}, s.actor);`,
      );
      return [at, "{", ...held.lines, `const address = ${address};`, ...stores, "}"];
    }
    case "accumulate": {
      const memory = memoryName(w.bufferNumber(s.buffer));
      const address = one(expr(s.address), "an address");
      const value = one(expr(s.value), "what is added");
      return [
        ...[at, "{", `const value = ${value};`],
        `accumulate(${memory}, ${address}, value, "${s.mode}", s.actor);`,
        "}",
      ];
    }
    case "barrier":
      return [at, `yield ${number};`];
    default:
      return unreachable(s);
  }
}

function writeFor(
  w: BodyWriter,
  s: For,
  number: number,
  around: Around,
  expr: (e: NestExpr) => Lanes,
): readonly string[] {
  const at = `s.at = ${number};`;
  const lo = one(expr(s.lo), "a bound");
  const hi = one(expr(s.hi), "a bound");
  const together = s.product ? [at, writeMeeting(s.product, number, expr)] : [];
  if (s.product && holdsBarrier(s.body)) throw new Error("a warp's product holds a barrier");
  const own = w.fresh("index");
  const names = new Map(around.names).set(s.variable, { lanes: [own], type: "i32" });
  const inside = { ...around, names };
  const [start, end, step] = [w.fresh("start"), w.fresh("end"), w.fresh("step")];
  const inOrder = [`const ${start} = ${lo};`, `const ${end} = ${hi};`];
  const steps = `for (const ${step} of s.order(Math.max(0, ${end} - ${start}))) {`;
  switch (s.by) {
    case "grid":
    case "group": {
      const { index, within } = ownIteration(w, s, inside);
      const first = [at, `{ const ${own} = ${lo} + ${index};`];
      return [...together, ...first, ...writeBlock(w, s.body, within), "}"];
    }
    case "vector": {
      if (holdsBarrier(s.body)) throw new Error(`\`${dumpHead(s)}\` has a barrier in it`);
      const head = [at, "{", ...inOrder, steps, `const ${own} = ${start} + ${step};`];
      return [...together, ...head, ...writeBlock(w, s.body, inside), "}", "}"];
    }
    case "parallel":
      if (around.parallel) break;
      // Iterations in any order, each acting as a thread of its own; what follows comes after all of them.
      if (holdsBarrier(s.body) || w.group > 1)
        throw new Error(
          `\`${dumpHead(s)}\` is a loop of CPU threads: no groups or barriers go with it`,
        );
      return [
        ...[...together, at, "{", ...inOrder, "s.actor.phase++;", steps],
        ...[`const ${own} = ${start} + ${step};`, `s.actor.thread = ${step} + 1;`],
        ...["s.renewOwn();", ...writeBlock(w, s.body, { ...inside, parallel: true }), "}"],
        ...["s.actor.thread = 0;", "s.renewOwn();", "s.actor.phase++;", "}"],
      ];
    case "serial":
    case "unroll":
      break;
    default:
      return unreachable(s.by);
  }
  const head = `for (let ${step} = ${lo}; ${step} < ${end}; ${step}++) {`;
  return [
    ...[...together, at, "{", `const ${end} = ${hi};`, head, `let ${own} = ${step};`],
    ...[...writeBlock(w, s.body, inside), "}", "}"],
  ];
}

/** All threads of a warp name the same factors each time, and each its own lane. */
function writeMeeting(
  { lane, f, s }: WarpProduct,
  number: number,
  expr: (e: NestExpr) => Lanes,
): string {
  const [own, ...factors] = [lane, f.address, s.address].map((e) => one(expr(e), "a warp's"));
  return `s.meet(${number}, ${own}, [${factors.join(", ")}]);`;
}

/** The iteration of a loop that each group, or each thread, runs: its own. */
function ownIteration(
  w: BodyWriter,
  s: For,
  around: Around,
): { readonly index: string; readonly within: Around } {
  if (s.by === "grid")
    return { index: `s.grid[${around.grids}]`, within: { ...around, grids: around.grids + 1 } };
  const extent = groupExtent(s);
  const left = w.group / around.threads / extent;
  if (!Number.isInteger(left))
    throw new Error(`\`${dumpHead(s)}\` does not divide the group's ${w.group} threads`);
  if (left !== 1 && !holdsGroupLoop(s.body))
    throw new Error(`\`${dumpHead(s)}\` leaves ${left} threads of each for no loop`);
  return {
    index: `Math.floor(s.actor.thread / ${left}) % ${extent}`,
    within: { ...around, threads: around.threads * extent },
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
