// Copies between registers, packing and unpacking, and addresses of windows.

import { type Assembly, type Form, form, typeOf } from "../forms.ts";
import type { Op } from "../machine.ts";
import { windowBase } from "../memory.ts";
import { bytesOf, type Scalar } from "../types.ts";

const section = (name: string): string => `Data Movement and Conversion Instructions: ${name}`;

function move(a: Assembly): Op {
  const type = typeOf(a);
  if (a.operands[0]?.kind === "vector") return unpack(a, type);
  if (a.operands[1]?.kind === "vector") return pack(a, type);
  const [d, x] = [a.target(0, type), a.source(1, type)];
  const { ints } = a.machine;
  if (bytesOf(type) < 8)
    return (b) => {
      ints[b + d] = ints[b + x]!;
    };
  return (b) => {
    ints[b + d] = ints[b + x]!;
    ints[b + d + 1] = ints[b + x + 1]!;
  };
}

/** The type of each of some parts of a register. */
function partOf(a: Assembly, type: Scalar, parts: number): "b8" | "b16" | "b32" {
  const name = `b${(bytesOf(type) * 8) / parts}`;
  if (name === "b8" || name === "b16" || name === "b32") return name;
  return a.refuse(`${type} has no ${parts} parts`);
}

function pack(a: Assembly, type: Scalar): Op {
  const parts = a.parts(1);
  const part = partOf(a, type, parts.length);
  const width = bytesOf(part) * 8;
  const slots = parts.map((operand) => a.source(operand, part));
  const d = a.target(0, type);
  const { ints, uints } = a.machine;
  const each = 32 / width;
  const mask = width === 32 ? 0xffffffff : 2 ** width - 1;
  return (b) => {
    const values = slots.map((slot) => (uints[b + slot]! & mask) >>> 0);
    for (let word = 0; word < values.length / each; word++) {
      let value = 0;
      for (let i = 0; i < each; i++) value |= values[word * each + i]! << (width * i);
      ints[b + d + word] = value;
    }
  };
}

function unpack(a: Assembly, type: Scalar): Op {
  const parts = a.parts(0);
  const part = partOf(a, type, parts.length);
  const width = bytesOf(part) * 8;
  const slots = parts.map((operand) => a.target(operand, part));
  const x = a.source(1, type);
  const { ints, uints } = a.machine;
  const mask = width === 32 ? 0xffffffff : 2 ** width - 1;
  return (b) => {
    const words = [uints[b + x]!, uints[b + x + 1]!];
    for (const [i, slot] of slots.entries()) {
      const bit = width * i;
      ints[b + slot] = (words[bit >> 5]! >>> (bit & 31)) & mask;
    }
  };
}

/** Between an address of a window and a generic one; all global addresses are generic. */
function convert(a: Assembly): Op {
  const { to, space } = a.mods;
  const [d, x] = [a.target(0, "u64"), a.source(1, "u64")];
  const { ulongs } = a.machine;
  const base = space === "shared" || space === "local" ? BigInt(windowBase(space)) : 0n;
  const step = to ? -base : base;
  return (b) => {
    ulongs[(b + d) >> 1] = ulongs[(b + x) >> 1]! + step;
  };
}

const types = "(type:pred|b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64)";

/** The rows of moving. */
export const moving: readonly Form[] = [
  form("mov", types, section("mov"), move),
  form("cvta", "{to} (space:global|shared|local|const|param) u64", section("cvta"), convert),
];
