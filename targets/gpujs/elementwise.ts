// A gpu.js kernel is a function of its thread's number that returns one number. A nest has that form where
// thread i computes element i of one buffer and nothing else; any other nest is refused by name.

import type { Block, Nest, NestExpr, Stmt } from "../../generators/ir/nest.ts";

type Loop = Extract<Stmt, { kind: "for" }>;
type Store = Extract<Stmt, { kind: "store" }>;

/** What a name stands for: the thread's number, or an expression; nothing for other variables. */
type Meanings = ReadonlyMap<string, "thread" | NestExpr>;

interface Found {
  readonly store: Store;
  readonly meanings: Meanings;
}

/** The buffer whose elements the threads of a nest compute; throws where gpu.js cannot express the nest. */
export function findResult(nest: Nest): string {
  const refuse = (why: string): never => {
    throw new Error(`${nest.name} cannot be a gpu.js kernel: ${why}.`);
  };
  if (nest.group !== 1) refuse(`it has groups of ${nest.group} threads, and gpu.js has no groups`);
  for (const { name, place, dtype } of nest.buffers) {
    if (place !== "global") refuse(`${name} is in ${place} memory, which gpu.js does not have`);
    if (dtype !== "f32") refuse(`${name} holds ${dtype}, and gpu.js has f32 only`);
  }
  const found = collect(nest.body, new Map(), refuse);
  const [first, second] = found;
  if (!first) return refuse("it stores nothing");
  if (second) return refuse("it stores more than one value in a thread, and a kernel returns one");
  const { buffer, address } = first.store;
  if (!isThread(address, first.meanings))
    return refuse(`it stores to a place in ${buffer} that is not the thread's number`);
  const reads = nest.buffers.find(({ name }) => name === buffer)?.access === "update";
  if (reads) return refuse(`it reads ${buffer}, to which it stores`);
  return buffer;
}

/** All stores of a block, each with what the names around it mean. */
function collect(block: Block, outer: Meanings, refuse: (why: string) => never): readonly Found[] {
  const meanings = new Map(outer);
  return block.flatMap((s): readonly Found[] => {
    switch (s.kind) {
      case "let":
        meanings.set(s.name, s.value);
        return [];
      case "local":
      case "set":
        return [];
      case "if":
        return collectBranches(s, meanings, refuse);
      case "for":
        return collectLoop(s, meanings, refuse);
      case "store":
        return [{ store: s, meanings }];
      case "accumulate":
        return refuse(`it adds to elements of ${s.buffer} (scatter), and a kernel only returns`);
      case "barrier":
        return refuse("it waits at a barrier, and gpu.js has none");
      default:
        return s satisfies never;
    }
  });
}

/** A test that there is an element for the thread holds for all threads; under another one some store nothing. */
function collectBranches(
  { cond, then, else: otherwise }: Extract<Stmt, { kind: "if" }>,
  meanings: Meanings,
  refuse: (why: string) => never,
): readonly Found[] {
  const found = collect(then, meanings, refuse);
  const [place] = cond.kind === "op" && cond.op === "lt" ? cond.args : [];
  const guard = place !== undefined && isThread(place, meanings);
  const others = collect(otherwise, meanings, refuse);
  if ((found.length > 0 && !guard) || others.length > 0) refuse("it stores under a condition");
  return found;
}

function collectLoop(
  loop: Loop,
  meanings: Meanings,
  refuse: (why: string) => never,
): readonly Found[] {
  const meaning = meaningOf(loop);
  if (meaning) return collect(loop.body, new Map([...meanings, [loop.variable, meaning]]), refuse);
  const found = collect(loop.body, meanings, refuse);
  if (found.length > 0) refuse(`it stores inside the loop over ${loop.variable}`);
  return found;
}

/** Loops over threads are no loops here: one over the grid is all threads, one over a group of 1 is 0. */
function meaningOf({ by, lo, body }: Loop): "thread" | NestExpr | undefined {
  if (!isConst(lo, 0)) return undefined;
  if (by === "group") return lo;
  const nested = body.some((s) => s.kind === "for" && s.by === "grid");
  return by === "grid" && !nested ? "thread" : undefined;
}

const isConst = (e: NestExpr, value: number): boolean => e.kind === "const" && e.value === value;

function isThread(e: NestExpr, meanings: Meanings): boolean {
  if (e.kind === "var") {
    const meaning = meanings.get(e.name);
    return meaning === "thread" || (meaning !== undefined && isThread(meaning, meanings));
  }
  if (e.kind !== "op") return false;
  const [a, b] = e.args;
  if (!a || !b) return false;
  if (e.op === "mul") return isConst(b, 1) && isThread(a, meanings);
  return e.op === "add" && isZero(b, meanings) && isThread(a, meanings);
}

function isZero(e: NestExpr, meanings: Meanings): boolean {
  if (e.kind !== "var") return isConst(e, 0);
  const meaning = meanings.get(e.name);
  return meaning !== undefined && meaning !== "thread" && isZero(meaning, meanings);
}
