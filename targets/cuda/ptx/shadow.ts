// What is remembered of every word of shared and global memory: who wrote, read and updated it last, so that two
// threads that meet there without order are found whichever came first.

/** How an instruction touches memory; `sync` is a load that is ordered by itself (volatile, relaxed, acquire). */
export type Touch = "read" | "sync" | "write" | "atomic" | "constant";

/** Who touches: the present moment of a launch. */
export interface Moment {
  /** The first interval of the launch, and of the block; intervals end at barriers. */
  launch: number;
  block: number;
  now: number;
  /** The thread within its block. */
  thread: number;
  /** Of each warp: how often its threads have met since the launch began. */
  readonly warps: Int32Array;
}

/** Someone who touched a word before. */
export interface Earlier {
  readonly touch: "read" | "written" | "updated atomically";
  readonly thread: number;
  readonly interval: number;
  readonly site: number;
}

// A record is a thread with its instruction, an interval, and the meetings of its warp. A word has one of its last
// write, and three each of reads, of updates and of reads that order themselves: two threads of the present interval,
// one of another block.
const record = 3;
const written = 0;
const reads = 3;
const updates = 12;
const syncs = 21;
const initialised = 30;
const perWord = 31;
const chunkBits = 8;
const chunk = 1 << chunkBits;
const threadBits = 10;

const threadMask = (1 << threadBits) - 1;
const warpOf = (word: number): number => (word & threadMask) >>> 5;

/** The memory of one allocation's words. */
export class Shadow {
  #chunks: (Int32Array | undefined)[] = [];
  #shift = 2;
  readonly #moment: Moment;
  readonly #own: boolean;

  /** Of shared and local memory, each group has its own. */
  constructor(moment: Moment, own: boolean) {
    this.#moment = moment;
    this.#own = own;
  }

  /**
   * Notes a touch of bytes; gives who did so before without order, or that nobody wrote what is read (of which
   * nothing is noted where reads are free).
   */
  touch(
    at: number,
    bytes: number,
    how: Touch,
    site: number,
    strict: boolean,
  ): Earlier | "nobody" | undefined {
    if (bytes < 4 && this.#shift === 2) this.#refine();
    const last = (at + bytes - 1) >>> this.#shift;
    for (let cell = at >>> this.#shift; cell <= last; cell++) {
      const cells = this.#chunks[cell >>> chunkBits] ?? this.#make(cell >>> chunkBits);
      const from = (cell & (chunk - 1)) * perWord;
      if (how !== "write" && strict && cells[from + initialised] === 0) return "nobody";
      const found = this.#touchCell(cells, from, how, site);
      if (found) return found;
      if (how === "write" || how === "atomic") cells[from + initialised] = 1;
    }
    return undefined;
  }

  /** Marks bytes as holding something, or nothing. */
  mark(at: number, bytes: number, holds: boolean): void {
    if (bytes < 4 && this.#shift === 2) this.#refine();
    const last = (at + bytes - 1) >>> this.#shift;
    for (let cell = at >>> this.#shift; cell <= last; cell++)
      this.#find(cell)[(cell % chunk) * perWord + initialised] = holds ? 1 : 0;
  }

  /** Do all of these bytes hold something? */
  holds(at: number, bytes: number): boolean {
    if (bytes < 4 && this.#shift === 2) this.#refine();
    const last = (at + bytes - 1) >>> this.#shift;
    for (let cell = at >>> this.#shift; cell <= last; cell++)
      if (this.#find(cell)[(cell % chunk) * perWord + initialised] === 0) return false;
    return true;
  }

  #find(cell: number): Int32Array {
    return this.#chunks[cell >>> chunkBits] ?? this.#make(cell >>> chunkBits);
  }

  #make(at: number): Int32Array {
    const made = new Int32Array(chunk * perWord);
    this.#chunks[at] = made;
    return made;
  }

  /** From words to bytes, when the first access is less than a word. */
  #refine(): void {
    const words = this.#chunks;
    this.#chunks = [];
    this.#shift = 0;
    for (const [at, cells] of words.entries())
      for (let word = 0; cells && word < chunk; word++)
        for (let byte = 0; byte < 4; byte++) {
          const cell = (at * chunk + word) * 4 + byte;
          const from = cells.subarray(word * perWord, (word + 1) * perWord);
          this.#find(cell).set(from, (cell % chunk) * perWord);
        }
  }

  #touchCell(cells: Int32Array, at: number, how: Touch, site: number): Earlier | undefined {
    const me = (site << threadBits) | this.#moment.thread;
    switch (how) {
      case "read":
      case "constant": {
        const write = this.#meets(cells, at + written, how === "constant");
        if (write) return this.#name(cells, at + written, "written");
        const update = this.#meetsAny(cells, at + updates);
        if (update >= 0) return this.#name(cells, update, "updated atomically");
        this.#note(cells, at + reads, me);
        return undefined;
      }
      case "sync":
        if (this.#meets(cells, at + written, false))
          return this.#name(cells, at + written, "written");
        this.#note(cells, at + syncs, me);
        return undefined;
      case "write":
      case "atomic": {
        if (this.#meets(cells, at + written, false))
          return this.#name(cells, at + written, "written");
        const read = this.#meetsAny(cells, at + reads);
        if (read >= 0) return this.#name(cells, read, "read");
        if (how === "atomic") {
          this.#note(cells, at + updates, me);
          return undefined;
        }
        const update = this.#meetsAny(cells, at + updates);
        if (update >= 0) return this.#name(cells, update, "updated atomically");
        const sync = this.#meetsAny(cells, at + syncs);
        if (sync >= 0) return this.#name(cells, sync, "read");
        this.#set(cells, at + written, me);
        return undefined;
      }
      default:
        throw new Error(`there is no touch ${how satisfies never}`);
    }
  }

  /** Is this record of the launch and not ordered before the present moment? */
  #meets(cells: Int32Array, at: number, always: boolean): boolean {
    const { launch, block, now, thread, warps } = this.#moment;
    const interval = cells[at + 1]!;
    if (interval < launch) return false;
    if (interval < block) return !this.#own;
    if (always) return true;
    if (interval < now) return false;
    const other = cells[at]! & threadMask;
    if (other === thread) return false;
    return other >>> 5 !== thread >>> 5 || cells[at + 2]! >= warps[thread >>> 5]!;
  }

  /** Which of three records does. */
  #meetsAny(cells: Int32Array, at: number): number {
    for (let one = at; one < at + 3 * record; one += record)
      if (this.#meets(cells, one, false)) return one;
    return -1;
  }

  #set(cells: Int32Array, at: number, me: number): void {
    const { now, thread, warps } = this.#moment;
    cells[at] = me;
    cells[at + 1] = now;
    cells[at + 2] = warps[thread >>> 5]!;
  }

  /** Notes one more of several: what orders after all of those kept orders after all there were. */
  #note(cells: Int32Array, first: number, me: number): void {
    const { launch, block, now, thread } = this.#moment;
    const second = first + record;
    const foreign = second + record;
    const interval = cells[first + 1]!;
    if (interval < now) {
      if (interval >= launch && interval < block && cells[foreign + 1]! < launch)
        cells.copyWithin(foreign, first, first + record);
      cells[second + 1] = 0;
      this.#set(cells, first, me);
      return;
    }
    if (this.#follows(cells, first)) this.#set(cells, first, me);
    else if (cells[second + 1]! < now || this.#follows(cells, second)) this.#set(cells, second, me);
    else {
      // Two of different warps tell more than two of one.
      const [one, other] = [warpOf(cells[first]!), warpOf(cells[second]!)];
      if (one === other && one !== thread >>> 5) this.#set(cells, second, me);
    }
  }

  /** Is this record the present thread's, or ordered before it by a meeting of their warp? */
  #follows(cells: Int32Array, at: number): boolean {
    return !this.#meets(cells, at, false);
  }

  #name(cells: Int32Array, at: number, touch: Earlier["touch"]): Earlier {
    const word = cells[at]!;
    return {
      touch,
      thread: word & threadMask,
      interval: cells[at + 1]!,
      site: word >>> threadBits,
    };
  }
}
