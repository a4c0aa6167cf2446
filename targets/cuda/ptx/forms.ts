// The instruction table's form: an opcode, the modifiers it may have in their order, and what it does. An instruction
// that no row matches to its last modifier is refused, so nothing that is written is ignored.

import type { Machine, Op, Step } from "./machine.ts";
import type { Window } from "./memory.ts";
import type { Operand, Space } from "./syntax.ts";
import type { Scalar } from "./types.ts";

/** How an address is computed, and where it is looked for. */
export interface Address {
  readonly compute: (base: number) => number;
  readonly window: Window | "generic";
}

/** What a row's builder sees of one instruction. */
export interface Assembly {
  readonly machine: Machine;
  /** Modifiers by the names that the row gives them; those that are absent are not there. */
  readonly mods: Readonly<Record<string, string | undefined>>;
  readonly operands: readonly Operand[];
  /** The position of the instruction, for reports. */
  readonly site: number;
  /** The carry flag's slot. */
  readonly carry: number;
  /** The block of code behind this instruction. */
  readonly next: number;
  /** The slot of something to read; `loose` where a register may be wider than the type. */
  source(operand: number | Operand, type: Scalar, loose?: boolean): number;
  /** The slot of a register to write; a sink has one too. */
  target(operand: number | Operand, type: Scalar, loose?: boolean): number;
  /** The parts of a vector, or the operand itself. */
  parts(operand: number): readonly Operand[];
  /** The bytes of a register, or none where it is something else. */
  widthOf(operand: Operand): number | undefined;
  /** What computes an address, and the window it is in; symbols must be variables of the space. */
  address(operand: number, space: Space | "generic"): Address;
  /** The block of code at a label. */
  block(operand: number | string): number;
  /** The labels of a list for indirect branches. */
  branchTargets(operand: number): readonly string[];
  /** Builds the call of a device function. */
  call(): Step;
  /** Ends a kernel or a function. */
  leave(): Step;
  refuse(message: string): never;
}

/** A row of the table. */
export interface Form {
  readonly opcode: string;
  /** As the ISA writes it: `{rnd:rn|rz} {ftz} f32`. */
  readonly grammar: string;
  /** The section of the ISA's text that says what it does. */
  readonly section: string;
  /** Whether it may end a block of code. */
  readonly ends: boolean;
  match(modifiers: readonly string[]): Assembly["mods"] | undefined;
  build(assembly: Assembly): Op | { readonly step: Step };
}

interface Slot {
  readonly name: string;
  readonly values: readonly string[];
  readonly optional: boolean;
}

/** `{name:a|b}` may be absent, `(name:a|b)` may not; `{a}` is short for `{a:a}`, and `a` for `(a:a)`. */
function readGrammar(grammar: string): readonly Slot[] {
  return grammar
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const [, open = "", inner = ""] = /^([{(]?)([^{}()]+)[})]?$/.exec(word) ?? [];
      const colon = /^(\w+):(?!:)(.*)$/.exec(inner);
      const name = colon?.[1] ?? inner;
      return { name, values: (colon?.[2] ?? inner).split("|"), optional: open === "{" };
    });
}

function matchSlots(
  slots: readonly Slot[],
  modifiers: readonly string[],
): Record<string, string> | undefined {
  const [slot, ...rest] = slots;
  if (!slot) return modifiers.length === 0 ? {} : undefined;
  const [first, ...others] = modifiers;
  if (first !== undefined && slot.values.includes(first)) {
    const found = matchSlots(rest, others);
    if (found) return { ...found, [slot.name]: first };
  }
  return slot.optional ? matchSlots(rest, modifiers) : undefined;
}

function makeForm(
  ends: boolean,
  opcode: string,
  grammar: string,
  section: string,
  build: Form["build"],
): Form {
  const slots = readGrammar(grammar);
  return { opcode, grammar, section, ends, match: (mods) => matchSlots(slots, mods), build };
}

/** An instruction after which the thread goes on with the next. */
export const form = (
  opcode: string,
  grammar: string,
  section: string,
  build: (assembly: Assembly) => Op,
): Form => makeForm(false, opcode, grammar, section, build);

/** An instruction after which it may go on elsewhere, wait or end. */
export const ending = (
  opcode: string,
  grammar: string,
  section: string,
  build: (assembly: Assembly) => Step,
): Form => makeForm(true, opcode, grammar, section, (assembly) => ({ step: build(assembly) }));

/** The type that a row's modifier names. */
export const typeOf = ({ mods }: Assembly, name = "type"): Scalar => mods[name] as Scalar;
