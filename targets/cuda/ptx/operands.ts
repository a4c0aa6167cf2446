// Reads instructions: a guard, the opcode with its modifiers, operands.

import type { Base, Instruction, Operand } from "./syntax.ts";
import type { Cursor } from "./tokens.ts";

/** What a name means where it stands: names of inner blocks hide those outside. */
export type Resolve = (name: string) => string;

/** Reads an instruction up to and with its semicolon; `text` is its line. */
export function readInstruction(cursor: Cursor, resolve: Resolve, text: string): Instruction {
  const { line } = cursor;
  const guard = readGuard(cursor, resolve);
  const [opcode = "", ...modifiers] = cursor.next().split(".");
  if (!/^[a-z]\w*$/.test(opcode)) throw cursor.error(`${opcode} is no opcode.`);
  const operands: Operand[] = [];
  if (!cursor.skip(";")) {
    do operands.push(readOperand(cursor, resolve));
    while (cursor.skip(","));
    cursor.take(";");
  }
  return { line, text, opcode, modifiers, operands, ...(guard ? { guard } : {}) };
}

function readGuard(cursor: Cursor, resolve: Resolve): Instruction["guard"] {
  if (!cursor.skip("@")) return undefined;
  const negated = cursor.skip("!");
  return { register: resolve(cursor.next()), negated };
}

function readOperand(cursor: Cursor, resolve: Resolve): Operand {
  const first = readOne(cursor, resolve);
  if (!cursor.skip("|")) return first;
  return { kind: "pair", first, second: readOne(cursor, resolve) };
}

function readOne(cursor: Cursor, resolve: Resolve): Operand {
  if (cursor.skip("{")) return { kind: "vector", elements: readAll(cursor, resolve, "}") };
  if (cursor.skip("(")) return { kind: "list", elements: readAll(cursor, resolve, ")") };
  if (cursor.skip("[")) return readAddress(cursor, resolve);
  if (cursor.skip("!")) return { kind: "register", name: resolve(cursor.next()), negated: true };
  if (cursor.skip("-")) return negate(cursor, readNumber(cursor, cursor.next()));
  const text = cursor.next();
  if (/^\d/.test(text)) return readNumber(cursor, text);
  if (text === "_") return { kind: "sink" };
  if (text.startsWith("%")) return { kind: "register", name: resolve(text) };
  if (text === "WARP_SZ") return { kind: "integer", value: 32n };
  if (/^[A-Za-z_$]/.test(text)) return { kind: "symbol", name: resolve(text) };
  throw cursor.error(`${text} is no operand.`);
}

function readAll(cursor: Cursor, resolve: Resolve, end: string): readonly Operand[] {
  const elements: Operand[] = [];
  if (cursor.skip(end)) return elements;
  do elements.push(readOne(cursor, resolve));
  while (cursor.skip(","));
  cursor.take(end);
  return elements;
}

function readAddress(cursor: Cursor, resolve: Resolve): Operand {
  const text = cursor.next();
  const number = /^\d/.test(text) ? readNumber(cursor, text) : undefined;
  if (number?.kind === "float") throw cursor.error("a float is no address.");
  const base: Base = number
    ? { kind: "absolute" }
    : { kind: text.startsWith("%") ? "register" : "symbol", name: resolve(text) };
  let offset = number?.kind === "integer" ? Number(number.value) : 0;
  while (!cursor.skip("]")) {
    const minus = cursor.skip("-");
    if (!minus) cursor.take("+");
    const sign = minus !== cursor.skip("-") ? -1 : 1;
    const step = readNumber(cursor, cursor.next());
    if (step.kind !== "integer") throw cursor.error("an offset is a whole number.");
    offset += sign * Number(step.value);
  }
  return { kind: "address", base, offset };
}

/** A literal: decimal, hexadecimal or octal, perhaps unsigned, or the bits of a float. */
export function readNumber(cursor: Cursor, text: string): Operand {
  const float = /^0[fF]([0-9a-fA-F]{8})$|^0[dD]([0-9a-fA-F]{16})$/.exec(text);
  if (float)
    return {
      kind: "float",
      bits: BigInt(`0x${float[1] ?? float[2]}`),
      width: float[1] === undefined ? 64 : 32,
    };
  const whole = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)U?$/.exec(text)?.[1];
  if (whole === undefined) throw cursor.error(`${text} is no number that is understood.`);
  const octal = /^0[0-7]+$/.test(whole) ? `0o${whole.slice(1)}` : whole;
  return { kind: "integer", value: BigInt(octal) };
}

function negate(cursor: Cursor, number: Operand): Operand {
  if (number.kind !== "integer") throw cursor.error("only whole numbers take a minus.");
  return { kind: "integer", value: -number.value };
}
