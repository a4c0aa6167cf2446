// Test vectors of PTX instructions: what goes in, what the ISA's text says comes out, and the section that says it.
// Each becomes a kernel of one thread, which stores its results.

import { halfOfFloat } from "../../targets/contract/half.ts";
import { assemble } from "../../targets/cuda/ptx/assemble.ts";
import { Memory } from "../../targets/cuda/ptx/memory.ts";
import { parsePtx } from "../../targets/cuda/ptx/parse.ts";
import { runLaunch } from "../../targets/cuda/ptx/run.ts";
import type { Moment } from "../../targets/cuda/ptx/shadow.ts";

/** Numbers are of the operand's type; a text is the bits in hexadecimal. */
export type Value = number | bigint | boolean | string;

/** One instruction with its modifiers. */
export interface Vector {
  readonly op: string;
  readonly section: string;
  /** Types of registers, the result first; a text that starts with `=` is written as it is. */
  readonly types: string;
  /** Values in the order of the types. */
  readonly cases: readonly (readonly Value[])[];
}

/** A row of a table of vectors. */
export const vector = (
  section: string,
  op: string,
  types: string,
  ...cases: readonly (readonly Value[])[]
): Vector => ({ op, section, types, cases });

/** Whole instructions that no single value describes: kernels, and what their threads store. */
export interface Sequence {
  readonly ops: readonly string[];
  readonly section: string;
  /** Variables of the file. */
  readonly head?: string;
  /** Instructions; `%out` is the address of the thread's own 8 bytes, `%tid` its number. */
  readonly body: string;
  readonly threads?: number;
  /** What each thread stores, as unsigned numbers of 32 bits, two a thread. */
  readonly gives: readonly number[];
}

/** The name of the type whose registers hold it. */
function registerOf(type: string): string {
  if (type === "pred") return "pred";
  return { 1: "b16", 2: "b16", 4: "b32", 8: "b64" }[widthOf(type)]!;
}

function widthOf(type: string): number {
  const bits = Number(/\d+/.exec(type)?.[0] ?? 8);
  return (type.endsWith("x2") ? 2 * bits : bits) / 8;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of a value. */
export function bitsOf(type: string, value: Value): bigint {
  const mask = (1n << BigInt(8 * widthOf(type))) - 1n;
  if (typeof value === "string") return BigInt(`0x${value}`);
  if (typeof value === "boolean") return value ? 1n : 0n;
  switch (type) {
    case "f64":
      scratch.setFloat64(0, Number(value));
      return Number.isNaN(value) ? 0x7ff8000000000000n : scratch.getBigUint64(0);
    case "f32":
      scratch.setFloat32(0, Number(value));
      return Number.isNaN(value) ? 0x7fffffffn : BigInt(scratch.getUint32(0));
    case "bf16":
      scratch.setFloat32(0, Number(value));
      return Number.isNaN(value) ? 0x7fffn : BigInt(scratch.getUint16(0));
    case "f16":
      return Number.isNaN(value) ? 0x7fffn : BigInt(halfOfFloat(Number(value)));
    default:
      return BigInt(value) & mask;
  }
}

const registers =
  ".reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<19>; .reg .b64 %d<9>; " +
  ".reg .b64 %out; .reg .b64 %in; .reg .b32 %tid;";

const head = (name: string): string => `.visible .entry ${name}(.param .u64 out, .param .u64 in) {
${registers}
ld.param.u64 %out, [out]; ld.param.u64 %in, [in]; cvta.to.global.u64 %in, %in;
cvta.to.global.u64 %out, %out; mov.u32 %tid, %tid.x; mul.wide.u32 %d0, %tid, 8; add.s64 %out, %out, %d0;`;

const letters: Readonly<Record<string, string>> = { pred: "p", b16: "h", b32: "r", b64: "d" };

/** The kernel of a vector: a case after another. */
export function writeVector({ op, types, cases }: Vector): string {
  const [result = "", ...operands] = types.split(" ");
  const body = cases.map(([, ...values], at) => {
    const lines: string[] = [];
    let given = 0;
    const names = operands.map((type, i) => {
      if (type.startsWith("=")) return type.slice(1);
      const kind = registerOf(type);
      const name = `%${letters[kind]}${i + 2}`;
      const bits = bitsOf(type, values[given++]!);
      if (kind === "pred") lines.push(`setp.ne.u32 ${name}, ${bits}, 0;`);
      else lines.push(`mov.${kind} ${name}, 0x${bits.toString(16)};`);
      return name;
    });
    const kind = registerOf(result);
    const target = `%${letters[kind]}1`;
    lines.push(`${op} ${[target, ...names].join(", ")};`);
    if (kind === "pred") lines.push(`selp.u32 %r1, 1, 0, ${target};`);
    const stored = kind === "pred" ? "%r1" : target;
    const store = kind === "b64" ? "b64" : kind === "b16" ? "b16" : "b32";
    return `${lines.join("\n")}\nst.global.${store} [%out+${8 * at}], ${stored};`;
  });
  return `${head("run")}\n${body.join("\n")}\nret;\n}`;
}

/** Runs a kernel `run(out, in)`; `in` holds the numbers from 100 on. */
export function runText(
  text: string,
  options: { readonly head?: string; readonly threads?: number; readonly bytes: number },
): Uint8Array {
  const { threads = 1, bytes } = options;
  const file = `.version 9.0\n.target sm_120\n.address_size 64\n${options.head ?? ""}\n${text}`;
  const moment: Moment = { launch: 1, block: 1, now: 0, thread: 0, warps: new Int32Array(32) };
  const memory = new Memory(moment);
  const out = memory.allocate("out", bytes, { content: new Uint8Array(bytes) });
  const numbers = Uint32Array.from({ length: 64 }, (_, i) => 100 + i);
  const given = memory.allocate("in", 256, { element: 4, content: new Uint8Array(numbers.buffer) });
  const setting = { memory, moment, threads, sharedBytes: 256 };
  const program = assemble(parsePtx(file), "run", setting);
  const args = [out, given].map(
    ({ base }) => new Uint8Array(BigUint64Array.of(BigInt(base)).buffer),
  );
  runLaunch(program, { groups: 1, group: threads, args, order: "forward", budget: 100_000 });
  return out.bytes.slice(0, bytes);
}

/** The bits that a vector's cases give, and those that they should. */
export function runVector(of: Vector): { readonly got: string[]; readonly want: string[] } {
  const result = of.types.split(" ")[0]!;
  const bytes = runText(writeVector(of), { bytes: 8 * of.cases.length });
  const longs = new BigUint64Array(bytes.buffer);
  const width = BigInt(result === "pred" ? 32 : 8 * widthOf(result));
  const show = (bits: bigint) => (bits & ((1n << width) - 1n)).toString(16);
  return {
    got: [...longs].map(show),
    want: of.cases.map(([value]) => show(bitsOf(result, value!))),
  };
}

/** What the threads of a sequence store. */
export function runSequence({ body, head: variables, threads = 1 }: Sequence): number[] {
  const text = `${head("run")}\n${body}\nret;\n}`;
  const options = { threads, bytes: 8 * threads, ...(variables ? { head: variables } : {}) };
  return [...new Uint32Array(runText(text, options).buffer)];
}
