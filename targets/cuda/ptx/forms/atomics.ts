// Atomic updates.

import { greater, lesser } from "../floats.ts";
import { type Assembly, type Form, form } from "../forms.ts";
import { narrow } from "../halves.ts";
import { readLong, readNumber } from "../lift.ts";
import type { Machine, Op } from "../machine.ts";
import type { Operand } from "../syntax.ts";
import { bytesOf, kindOf, type Scalar } from "../types.ts";
import { larger, smaller } from "../wide.ts";
import { reader, spaceOf, writer } from "./elements.ts";

const section = (name: string): string =>
  `Parallel Synchronization and Communication Instructions: ${name}`;

type Update = (old: bigint, value: bigint, other: bigint) => bigint;

const updates: Readonly<Record<string, Update>> = {
  add: (old, value) => old + value,
  min: smaller,
  max: larger,
  and: (old, value) => old & value,
  or: (old, value) => old | value,
  xor: (old, value) => old ^ value,
  exch: (_, value) => value,
  cas: (old, value, other) => (old === value ? other : old),
  inc: (old, value) => (old >= value ? 0n : old + 1n),
  dec: (old, value) => (old === 0n || old > value ? value : old - 1n),
};

const realUpdates: Readonly<Record<string, (old: number, value: number) => number>> = {
  add: (old, value) => old + value,
  min: lesser,
  max: greater,
};

/** Registers that hold an element for a moment, one for each kind of number. */
interface Scratch {
  readonly float: Float32Array;
  readonly double: Float64Array;
  readonly long: BigInt64Array;
  readonly words: Int32Array;
}

function makeScratch(): Scratch {
  const buffer = new ArrayBuffer(8);
  return {
    float: new Float32Array(buffer),
    double: new Float64Array(buffer),
    long: new BigInt64Array(buffer),
    words: new Int32Array(buffer),
  };
}

/** What a float's bits become. */
function updateReal(a: Assembly, name: string, type: Scalar): (words: Scratch, b: number) => void {
  const f = realUpdates[name];
  if (!f) return a.refuse(`floats have no atomic ${name}`);
  const at = operandOf(a, 0);
  if (type === "f16x2" || type === "bf16x2") {
    const { read, write } = narrow[type === "f16x2" ? "f16" : "bf16"];
    const slot = a.source(at, type);
    const { ints } = a.machine;
    return ({ words }, b) => {
      const [old, value] = [words[0]!, ints[b + slot]!];
      const low = write(f(read(old & 0xffff), read(value & 0xffff)), "rn");
      words[0] = (write(f(read(old >>> 16), read(value >>> 16)), "rn") << 16) | low;
    };
  }
  const value = readNumber(a.machine, type, a.source(at, type));
  switch (type) {
    case "f16":
    case "bf16": {
      const { read, write } = narrow[type];
      return ({ words }, b) => {
        words[0] = write(f(read(words[0]! & 0xffff), value(b)), "rn");
      };
    }
    case "f32":
      return ({ float }, b) => {
        float[0] = f(float[0]!, value(b));
      };
    case "f64":
      return ({ double }, b) => {
        double[0] = f(double[0]!, value(b));
      };
    default:
      return a.refuse(`${type} is no float`);
  }
}

function updateWhole(a: Assembly, name: string, type: Scalar): (words: Scratch, b: number) => void {
  const f = updates[name]!;
  const value = readLong(a.machine, type, a.source(operandOf(a, 0), type));
  const other =
    name === "cas" ? readLong(a.machine, type, a.source(operandOf(a, 1), type)) : () => 0n;
  const bits = bytesOf(type) * 8;
  const cut = type.startsWith("s") ? BigInt.asIntN : BigInt.asUintN;
  return ({ long }, b) => {
    long[0] = f(cut(bits, long[0]!), value(b), other(b));
  };
}

/** The operand behind the address: `red` gives back nothing, so there it comes one earlier. */
const operandOf = (a: Assembly, at: number): Operand =>
  a.operands[at + (a.mods.returns === "no" ? 1 : 2)] ?? a.refuse("an operand is missing");

function atomic(returns: boolean): (a: Assembly) => Op {
  return (given) => {
    const a: Assembly = { ...given, mods: { ...given.mods, returns: returns ? "yes" : "no" } };
    const type = a.mods.type as Scalar;
    const name = a.mods.op!;
    const real = ["float", "brain", "halves"].includes(kindOf(type));
    const update = (real ? updateReal : updateWhole)(a, name, type);
    const { compute, window } = a.address(returns ? 1 : 0, spaceOf(a));
    const bytes = bytesOf(type);
    const [read, write] = [reader(type, bytes), writer(type)];
    const target = returns ? a.target(0, type) : undefined;
    const { machine, site } = a;
    const { memory } = machine;
    const scratch = makeScratch();
    const held = { ints: scratch.words } as unknown as Machine;
    return (b) => {
      const found = memory.find(compute(b), bytes, window, site);
      memory.touch(found, bytes, "atomic", site);
      const { offset } = memory;
      read(held, found, offset, 0);
      update(scratch, b);
      if (target !== undefined) read(machine, found, offset, b + target);
      write(held, found, offset, 0);
    };
  };
}

const order = "{sem:relaxed|acquire|release|acq_rel} {scope:cta|cluster|gpu|sys}";
const place = `${order} {space:global|shared|shared::cta}`;
const wholes = "(type:b32|b64|u32|u64|s32|s64)";

/** The rows of atomic updates. */
export const updating: readonly Form[] = [
  ...(["atom", "red"] as const).flatMap((opcode) => {
    const build = atomic(opcode === "atom");
    const rows = [
      `${place} (op:add|min|max|and|or|xor|inc|dec) ${wholes}`,
      `${place} (op:add) (type:f32|f64)`,
      `${place} (op:add|min|max) noftz (type:f16|bf16|f16x2|bf16x2)`,
    ];
    return rows.map((grammar) => form(opcode, grammar, section(opcode), build));
  }),
  form("atom", `${place} (op:exch|cas) ${wholes}`, section("atom"), atomic(true)),
];
