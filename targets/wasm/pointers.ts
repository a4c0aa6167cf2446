// Addresses that grow evenly along an innermost loop become pointers that are moved from step to step: what is
// left of an address then is a local and a constant. Engines of WebAssembly do not do that themselves.

import { substitute } from "../../generators/emit/substitute.ts";
import {
  type Block,
  type BufferDecl,
  i32,
  type Nest,
  type NestExpr,
  type NestOp,
  type Stmt,
  variable,
} from "../../generators/ir/nest.ts";
import { expand, sumOf } from "../../generators/ir/nestLinear.ts";
import {
  blocksOf,
  expressionsOf,
  mapExprs,
  mapOperands,
  variablesOf,
  visitBlock,
  visitNestExpr,
} from "../../generators/ir/nestWalk.ts";

type For = Extract<Stmt, { kind: "for" }>;

/** A nest with pointers, and the buffer that each points into. */
export interface Pointed {
  readonly nest: Nest;
  /**
   * By name. A `local` that is one begins at an element's address; `set` moves it by so many elements.
   */
  readonly pointers: ReadonlyMap<string, BufferDecl>;
  /** Loops that end where a pointer, moved by so many elements a step, has gone all its way. */
  readonly counted: ReadonlyMap<For, { readonly pointer: string; readonly by: number }>;
  /** Loops that have a step: a test before them says so. */
  readonly entered: ReadonlySet<For>;
}

/** More of them would not be held in registers. */
const most = 12;
/** Elements that a pointer may be away from: offsets stay in the memory's first page. */
const reach = 4096;

const op = (name: NestOp, a: NestExpr, b: NestExpr): NestExpr =>
  substitute({ kind: "op", op: name, args: [a, b], type: "i32" }, new Map());

const isZero = (e: NestExpr): boolean => e.kind === "const" && e.value === 0;

/** How much `e` grows with each step of a variable; undefined where it does not grow evenly. */
function slopeOf(e: NestExpr, name: string): NestExpr | undefined {
  if (e.kind === "var") return i32(e.name === name ? 1 : 0);
  if (![...variablesOf(e)].includes(name)) return i32(0);
  if (e.kind !== "op") return undefined;
  const [a, b] = e.args;
  const [da, db] = [slopeOf(a!, name), b && slopeOf(b, name)];
  if (!da || !db) return undefined;
  if (e.op === "add" || e.op === "sub") return op(e.op, da, db);
  if (e.op !== "mul") return undefined;
  if (isZero(da)) return op("mul", a!, db);
  return isZero(db) ? op("mul", da, b!) : undefined;
}

/** An address of a loop: where it starts, how it grows. */
interface Walked {
  readonly buffer: string;
  readonly start: NestExpr;
  readonly slope: NestExpr;
  /** The constant of its start, and what is the same for all that one pointer serves. */
  readonly constant: number;
  readonly key: string;
}

/** What changes from step to step: names defined or set in a block. */
function changedIn(block: Block): ReadonlySet<string> {
  const names = new Set<string>();
  visitBlock(block, (s) => {
    if (s.kind === "let" || s.kind === "local" || s.kind === "set") names.add(s.name);
  });
  return names;
}

/** How an address is walked, if it is: without reads, and of what does not change but for the loop's variable. */
function walkOf(
  buffer: string,
  address: NestExpr,
  loop: For,
  values: ReadonlyMap<string, NestExpr>,
  changed: ReadonlySet<string>,
): Walked | undefined {
  const whole = expand(address, values);
  let reads = false;
  visitNestExpr(whole, (e) => {
    if (e.kind === "load") reads = true;
  });
  if (reads || [...variablesOf(whole)].some((name) => changed.has(name))) return undefined;
  const slope = slopeOf(whole, loop.variable);
  if (!slope || isZero(slope)) return undefined;
  const start = substitute(whole, new Map([[loop.variable, loop.lo]]));
  const sum = new Map(sumOf(start));
  const constant = sum.get("") ?? 0;
  sum.delete("");
  const key = JSON.stringify([buffer, [...sum].sort(), [...sumOf(slope)].sort()]);
  return { buffer, start, slope, constant, key };
}

/** Calls `f` on each address of a block, and gives the block with what it gives in their places. */
function mapAddresses(block: Block, f: (buffer: string, address: NestExpr) => NestExpr): Block {
  const inExpr = (e: NestExpr): NestExpr => {
    const inner = mapOperands(e, inExpr);
    return inner.kind === "load" ? { ...inner, address: f(inner.buffer, inner.address) } : inner;
  };
  const inBlock = (b: Block): Block =>
    b.map((s) => {
      const own = mapExprs(s, inExpr);
      if (own.kind === "if") return { ...own, then: inBlock(own.then), else: inBlock(own.else) };
      if (own.kind === "store" || own.kind === "accumulate")
        return { ...own, address: f(own.buffer, own.address) };
      return own;
    });
  return inBlock(block);
}

/** Whole numbers that nothing uses any more are left out. */
function dropUnused(block: Block): Block {
  const used = new Set<string>();
  const keep = (b: Block): Block => {
    const kept: Stmt[] = [];
    for (const s of b.toReversed()) {
      if (s.kind === "let" && s.type === "i32" && !used.has(s.name)) continue;
      const own = s.kind === "if" ? { ...s, then: keep(s.then), else: keep(s.else) } : s;
      for (const e of expressionsOf(own)) for (const name of variablesOf(e)) used.add(name);
      kept.push(own);
    }
    return kept.reverse();
  };
  return keep(block);
}

/** Is a loop's variable used inside it? */
function isUsed({ variable: own, body }: For): boolean {
  let used = false;
  visitBlock(body, (s) => {
    for (const e of expressionsOf(s)) used ||= [...variablesOf(e)].includes(own);
  });
  return used;
}

/** A pointer that is moved by the same number of elements in each step, forwards. */
function findCounter(moves: readonly Stmt[]) {
  for (const s of moves)
    if (s.kind === "set" && s.value.kind === "const" && s.value.value > 0)
      return { pointer: s.name, by: s.value.value };
  return undefined;
}

/** The loops of a nest that hold no other, with pointers. */
export function addPointers(nest: Nest): Pointed {
  const pointers = new Map<string, BufferDecl>();
  const counted = new Map<For, { readonly pointer: string; readonly by: number }>();
  const entered = new Set<For>();
  const buffers = new Map(nest.buffers.map((decl) => [decl.name, decl]));

  const point = (loop: For): readonly Stmt[] => {
    const changed = changedIn(loop.body);
    const values = new Map<string, NestExpr>();
    visitBlock(loop.body, (s) => {
      if (s.kind === "let" && s.type === "i32") values.set(s.name, s.value);
    });
    const found = new Map<string, Walked[]>();
    const walked = (buffer: string, address: NestExpr) =>
      walkOf(buffer, address, loop, values, changed);
    mapAddresses(loop.body, (buffer, address) => {
      const walk = walked(buffer, address);
      if (walk) found.set(walk.key, [...(found.get(walk.key) ?? []), walk]);
      return address;
    });
    const chosen = [...found.values()].sort((a, b) => b.length - a.length).slice(0, most);
    const before: Stmt[] = [];
    const after: Stmt[] = [];
    const served = new Map<string, { readonly name: string; readonly least: number }>();
    for (const walks of chosen) {
      const first = walks.reduce((a, b) => (b.constant < a.constant ? b : a));
      const name = `${first.buffer}.at${pointers.size}`;
      pointers.set(name, buffers.get(first.buffer)!);
      served.set(first.key, { name, least: first.constant });
      before.push({ kind: "local", name, type: "i32", init: first.start });
      after.push({ kind: "set", name, value: first.slope });
    }
    if (before.length === 0) return [loop];
    const body = mapAddresses(loop.body, (buffer, address) => {
      const walk = walked(buffer, address);
      const by = walk && served.get(walk.key);
      if (!by || walk.constant - by.least >= reach) return address;
      return op("add", variable(by.name), i32(walk.constant - by.least));
    });
    const pointed = { ...loop, body: [...dropUnused(body), ...after] };
    const counter = findCounter(after);
    if (counter && !isUsed(pointed)) counted.set(pointed, counter);
    if (loop.lo.kind === "const" && loop.hi.kind === "const") return [...before, pointed];
    entered.add(pointed);
    const cond: NestExpr = { kind: "op", op: "lt", args: [loop.lo, loop.hi], type: "bool" };
    return [{ kind: "if", cond, then: [...before, pointed], else: [] }];
  };

  const walkBlock = (block: Block): Block =>
    block.flatMap((s): readonly Stmt[] => {
      if (s.kind === "if") return [{ ...s, then: walkBlock(s.then), else: walkBlock(s.else) }];
      if (s.kind !== "for") return [s];
      let isInnermost = true;
      for (const inner of blocksOf(s))
        visitBlock(inner, (other) => {
          if (other.kind === "for") isInnermost = false;
        });
      if (!isInnermost || s.by === "parallel") return [{ ...s, body: walkBlock(s.body) }];
      return point(s);
    });
  return { nest: { ...nest, body: walkBlock(nest.body) }, pointers, counted, entered };
}
