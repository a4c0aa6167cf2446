// What all instructions on memory share: the space that they name, and elements on their way to and from registers.

import type { Assembly } from "../forms.ts";
import type { Machine } from "../machine.ts";
import type { Allocation } from "../memory.ts";
import type { Space } from "../syntax.ts";
import { bytesOf, kindOf, type Scalar } from "../types.ts";

/** The space of the text; without one, addresses are generic. */
export function spaceOf({ mods, refuse }: Assembly): Space | "generic" {
  const name = mods.space ?? "generic";
  switch (name) {
    case "shared::cta":
      return "shared";
    case "global":
    case "shared":
    case "local":
    case "const":
    case "param":
    case "generic":
      return name;
    default:
      return refuse(`there is no space ${name}`);
  }
}

/** Moves one element between memory and the slot of a thread. */
export type Move = (machine: Machine, from: Allocation, at: number, slot: number) => void;

/** Reads one element into a slot, extended as its type says. */
export function reader(type: Scalar, registerBytes: number): Move {
  const signed = kindOf(type) === "signed";
  const extend = (ints: Int32Array, slot: number): void => {
    if (registerBytes === 8) ints[slot + 1] = signed ? ints[slot]! >> 31 : 0;
  };
  switch (bytesOf(type)) {
    case 1:
      return ({ ints }, { bytes }, at, slot) => {
        ints[slot] = signed ? (bytes[at]! << 24) >> 24 : bytes[at]!;
        extend(ints, slot);
      };
    case 2:
      return ({ ints }, { shorts }, at, slot) => {
        ints[slot] = signed ? (shorts[at >> 1]! << 16) >> 16 : shorts[at >> 1]!;
        extend(ints, slot);
      };
    case 4:
      return ({ ints }, { words }, at, slot) => {
        ints[slot] = words[at >> 2]!;
        extend(ints, slot);
      };
    default:
      return ({ ints }, { words }, at, slot) => {
        ints[slot] = words[at >> 2]!;
        ints[slot + 1] = words[(at >> 2) + 1]!;
      };
  }
}

/** Writes one element from a slot. */
export function writer(type: Scalar): Move {
  switch (bytesOf(type)) {
    case 1:
      return ({ ints }, { bytes }, at, slot) => {
        bytes[at] = ints[slot]!;
      };
    case 2:
      return ({ ints }, { shorts }, at, slot) => {
        shorts[at >> 1] = ints[slot]!;
      };
    case 4:
      return ({ ints }, { words }, at, slot) => {
        words[at >> 2] = ints[slot]!;
      };
    default:
      return ({ ints }, { words }, at, slot) => {
        words[at >> 2] = ints[slot]!;
        words[(at >> 2) + 1] = ints[slot + 1]!;
      };
  }
}
