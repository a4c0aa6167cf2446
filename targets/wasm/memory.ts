// Where an element of a buffer lies, and the instructions that move it.

import type { BufferText, Text } from "../../generators/emit/target.ts";
import type { BufferDecl, Width } from "../../generators/ir/nest.ts";
import { type Code, form, get, int, prefixOf, typeName } from "./code.ts";

const shifts: Readonly<Record<BufferDecl["dtype"], number>> = {
  i32: 2,
  u32: 2,
  f16: 1,
  bf16: 1,
  f32: 2,
  f64: 3,
};

/** Of the first page of the memory, in which no buffer lies: bytes that an address may be moved by. */
const spare = 65536;

interface Place {
  /** Goes into the instruction. */
  readonly offset: number;
  readonly at: Code;
}

/** A sum's constant goes into the instruction: addresses are beyond it, so that nothing wraps around. */
function split(address: Code, shift: number): { readonly rest: Code; readonly offset: number } {
  const offset = (address.plus?.by ?? 0) * 2 ** shift;
  return address.plus && offset >= 0 && offset < spare
    ? { rest: address.plus.of, offset }
    : { rest: address, offset: 0 };
}

function placeOf({ name, decl }: BufferText, address: Text): Place {
  const shift = shifts[decl.dtype];
  const { rest, offset } = split(address as Code, shift);
  if (rest.pointer) return { offset, at: rest };
  if (rest.number !== undefined && rest.number >= 0 && rest.number * 2 ** shift + offset < spare)
    return { offset: offset + rest.number * 2 ** shift, at: get(name) };
  return { offset, at: form("i32.add", get(name), form("i32.shl", rest, int(shift))) };
}

const at = (offset: number): string => (offset === 0 ? "" : ` offset=${offset}`);

/** One element, or four that lie side by side. */
export function load(buffer: BufferText, address: Text, lanes: Width): Code {
  const place = placeOf(buffer, address);
  const type = typeName(buffer.decl.dtype, lanes);
  const code = { ...form(`${type}.load${at(place.offset)}`, place.at), lanes };
  if (type !== "f32") return code;
  return { ...code, splat: form(`v128.load32_splat${at(place.offset)}`, place.at) };
}

/** The same for what is put there. */
export function store(buffer: BufferText, address: Text, value: Text, lanes: Width): Code {
  const place = placeOf(buffer, address);
  const type = typeName(buffer.decl.dtype, lanes);
  return form(`${type}.store${at(place.offset)}`, place.at, value);
}

/** Adds to an element; its place is computed once. */
export function add(
  buffer: BufferText,
  address: Text,
  value: Text,
  keep: (at: Code) => { readonly first: Text; readonly again: Text },
): Code {
  const place = placeOf(buffer, address);
  const { first, again } = keep(place.at);
  const { dtype } = buffer.decl;
  const type = typeName(dtype, 1);
  const old = form(`${type}.load${at(place.offset)}`, again);
  return form(
    `${type}.store${at(place.offset)}`,
    first,
    form(`${prefixOf(dtype, 1)}.add`, old, value),
  );
}

/** Where a pointer begins: an element's address in bytes. */
export const pointTo = (buffer: BufferText, address: Text): Code => {
  const shift = int(shifts[buffer.decl.dtype]);
  return form("i32.add", get(buffer.name), form("i32.shl", address, shift));
};

/** A pointer moved by a number of elements. */
export function move(pointer: string, { dtype }: BufferDecl, by: Text): Code {
  const { number } = by as Code;
  const shift = shifts[dtype];
  const bytes = number === undefined ? form("i32.shl", by, int(shift)) : int(number * 2 ** shift);
  return form("i32.add", get(pointer), bytes);
}

/** Where a pointer is after so many steps of so many elements. */
export function endOf(pointer: string, { dtype }: BufferDecl, steps: Code, by: number): Code {
  const bytes = form("i32.mul", steps, int(by * 2 ** shifts[dtype]));
  return form("i32.add", get(pointer), bytes);
}
