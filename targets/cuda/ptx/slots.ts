// Where the operands of a kernel lie in a thread's registers: registers, constants and special registers alike.

import { type Special, specials } from "./program.ts";
import type { Operand } from "./syntax.ts";

/** What registers hold that nobody wrote: a NaN, and no useful number. */
const poison = 0x7fc0dead;

/** The slots of one kernel, given out as they are asked for. */
export class Slots {
  readonly #words: number[] = [];
  readonly #registers = new Map<string, number>();
  readonly #constants = new Map<string, number>();
  readonly specials: { readonly slot: number; readonly value: Special }[] = [];

  #add(low: number, high: number): number {
    const slot = this.#words.length;
    this.#words.push(low, high);
    return slot;
  }

  /** A register's slot, by a name that is unique in the kernel. */
  register(name: string): number {
    return remember(this.#registers, name, () => this.#add(poison, poison));
  }

  /** The slot of 64 bits that do not change. */
  constant(bits: bigint): number {
    const value = BigInt.asUintN(64, bits);
    return remember(this.#constants, value.toString(), () =>
      this.#add(Number(value & 0xffffffffn) | 0, Number(value >> 32n) | 0),
    );
  }

  /** The slot of a special register; undefined where there is none of this name. */
  special(name: string): number | undefined {
    const value = Object.hasOwn(specials, name) ? specials[name] : undefined;
    if (!value) return undefined;
    return remember(this.#registers, name, () => {
      const slot = this.#add(0, 0);
      this.specials.push({ slot, value });
      return slot;
    });
  }

  /** What a thread's registers begin with. */
  get initial(): Int32Array {
    return Int32Array.from(this.#words);
  }
}

function remember(known: Map<string, number>, name: string, make: () => number): number {
  const before = known.get(name);
  if (before !== undefined) return before;
  const made = make();
  known.set(name, made);
  return made;
}

/** How many slots an operand may take at most. */
export function countSlots(operand: Operand): number {
  switch (operand.kind) {
    case "vector":
    case "list":
      return operand.elements.reduce((sum, element) => sum + countSlots(element), 0);
    case "pair":
      return countSlots(operand.first) + countSlots(operand.second);
    case "register":
    case "integer":
    case "float":
    case "symbol":
    case "address":
    case "sink":
      return 1;
    default:
      throw new Error(`there is no operand ${operand satisfies never}`);
  }
}
