// Memory of a nest's run: checked addresses, and who touched which element since when, so that two
// threads that meet at one element without order are found.

import { unreachable } from "./expr.ts";
import { addFixed, magnitudeOf, word, wordsPerSum } from "./fixed.ts";
import type { AddMode, BufferDecl } from "./nest.ts";
import { type Fit, fitTo, type Mode, poisonOf } from "./nestInterpretNumbers.ts";

/** The thread that acts. Threads of a group are in order across phases; groups never are. */
export interface Actor {
  group: number;
  thread: number;
  /** How many barriers of the group lie behind. */
  phase: number;
}

/** The numbers of a buffer and what is known of each: whether it was written, and which threads touched it. */
export interface Memory {
  readonly name: string;
  readonly values: Float64Array;
  /** 1 where an element has been set. */
  readonly written: Uint8Array;
  readonly fit: Fit;
  /** An element may only be read when it was set: nothing that was there before counts. */
  readonly strict: boolean;
  /** Absent where only one thread can see the memory, or where it is only read. */
  readonly shadow: Shadow | undefined;
}

/**
 * For each element who wrote it last, who has added to it atomically and who has read it: group + 1,
 * thread and phase; `many` of them.
 */
interface Shadow {
  readonly writer: Touch;
  readonly adder: Touch;
  readonly reader: Touch;
}

interface Touch {
  readonly group: Int32Array;
  readonly thread: Int32Array;
  readonly phase: Int32Array;
}

const many = -1;

const touch = (n: number): Touch => ({
  group: new Int32Array(n),
  thread: new Int32Array(n),
  phase: new Int32Array(n),
});

/** A record of accesses in which nothing was accessed yet. */
export const makeShadow = (n: number): Shadow => ({
  writer: touch(n),
  adder: touch(n),
  reader: touch(n),
});

/** Fresh memory of `n` elements; poisoned, or 0 where `poison` is false. */
export function makeMemory(
  decl: Pick<BufferDecl, "name" | "dtype">,
  n: number,
  mode: Mode,
  poison: boolean,
  shared: boolean,
): Memory {
  return {
    name: decl.name,
    values: new Float64Array(n).fill(poison ? poisonOf(decl.dtype) : 0),
    written: new Uint8Array(n),
    fit: fitTo(decl.dtype, mode),
    strict: false,
    shadow: shared ? makeShadow(n) : undefined,
  };
}

/** Makes memory what it was before anything was written to it. */
export function renew(m: Memory, decl: Pick<BufferDecl, "dtype">): void {
  m.values.fill(poisonOf(decl.dtype));
  m.written.fill(0);
}

function check(m: Memory, address: number, what: string): void {
  if (address >= 0 && address < m.values.length) return;
  throw new RangeError(
    `${m.name} is ${what} at address ${address}, but has ${m.values.length} elements`,
  );
}

/** Is what `t` noted about element `i` unordered with what `a` does now, and by another thread? */
const clashes = (t: Touch, i: number, a: Actor): boolean => {
  const group = t.group[i]!;
  if (group === 0) return false;
  if (group !== a.group + 1) return true;
  return t.phase[i] === a.phase && t.thread[i] !== a.thread;
};

function note(t: Touch, i: number, a: Actor): void {
  const group = t.group[i]!;
  if (group === 0 || (group === a.group + 1 && t.phase[i] !== a.phase)) {
    t.group[i] = a.group + 1;
    t.thread[i] = a.thread;
    t.phase[i] = a.phase;
  } else if (group !== a.group + 1) t.group[i] = many;
  else if (t.thread[i] !== a.thread) t.thread[i] = many;
}

function race(m: Memory, i: number, t: Touch, did: string, does: string, a: Actor): never {
  const group = t.group[i]!;
  const by = group === many ? "several groups" : `group ${group - 1}`;
  const thread = t.thread[i] === many || group === many ? "" : ` thread ${t.thread[i]}`;
  throw new Error(
    `race: element ${i} of ${m.name} was ${did} by ${by}${thread} and is ${does} by ` +
      `group ${a.group} thread ${a.thread} with no barrier between`,
  );
}

/** The element at `address`. */
export function load(m: Memory, address: number, a: Actor): number {
  check(m, address, "read");
  if (m.strict && m.written[address] === 0)
    throw new Error(`element ${address} of ${m.name} is read, but nothing here has set it`);
  const s = m.shadow;
  if (s) {
    if (clashes(s.writer, address, a)) race(m, address, s.writer, "written", "read", a);
    if (clashes(s.adder, address, a)) race(m, address, s.adder, "added to", "read", a);
    note(s.reader, address, a);
  }
  return m.values[address]!;
}

/** Sets the element at `address`. */
export function store(m: Memory, address: number, value: number, a: Actor): void {
  check(m, address, "written");
  noteWrite(m, address, a, false);
  m.values[address] = m.fit(value);
  m.written[address] = 1;
}

/** Adds to the element at `address`, which something must have set before. */
export function accumulate(
  m: Memory,
  address: number,
  value: number,
  mode: AddMode,
  a: Actor,
): void {
  const words = address * wordsPerSum;
  switch (mode) {
    case "plain":
    case "atomic":
      noteAddition(m, address, mode === "atomic", a);
      m.values[address] = m.fit(m.values[address]! + value);
      return;
    case "measure": {
      const at = words + word.largest;
      noteAddition(m, at, true, a);
      m.values[at] = m.fit(Math.max(m.values[at]!, magnitudeOf(value)));
      return;
    }
    case "fixed": {
      const largest = load(m, words + word.largest, a);
      const of = (w: keyof typeof word): number => m.values[words + word[w]]!;
      const sum = { flags: of("flags"), low: of("low"), high: of("high") };
      const [flags, low, high] = addFixed(sum, value, largest);
      const next = { flags, low, high };
      for (const of of ["flags", "low", "high"] as const) {
        noteAddition(m, words + word[of], true, a);
        m.values[words + word[of]] = m.fit(next[of]);
      }
      return;
    }
    default:
      unreachable(mode);
  }
}

/** An addition to an element, which something must have set. */
function noteAddition(m: Memory, at: number, atomic: boolean, a: Actor): void {
  check(m, at, "added to");
  if (m.written[at] === 0)
    throw new Error(`element ${at} of ${m.name} is added to, but nothing has set it before`);
  noteWrite(m, at, a, atomic);
}

/** Of two accesses one of which writes, only atomic additions need no order. */
function noteWrite(m: Memory, i: number, a: Actor, atomic: boolean): void {
  const s = m.shadow;
  if (!s) return;
  const does = atomic ? "added to" : "written";
  if (clashes(s.reader, i, a)) race(m, i, s.reader, "read", does, a);
  if (clashes(s.writer, i, a)) race(m, i, s.writer, "written", does, a);
  if (!atomic && clashes(s.adder, i, a)) race(m, i, s.adder, "added to", does, a);
  note(atomic ? s.adder : s.writer, i, a);
}
