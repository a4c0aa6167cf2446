// A stack machine as a second instance of the fold: it proves that emission need not be text. Instructions are
// flat, with jumps; each loop and condition leaves the stack as it was.

import { type Algebra, foldNest } from "../../generators/emit/fold.ts";
import type { Nest, NestOp } from "../../generators/ir/nest.ts";
import { ops } from "../../generators/ir/ops.ts";

type Instruction =
  | { readonly do: "push"; readonly value: number }
  | { readonly do: "get" | "set"; readonly name: string }
  | { readonly do: "load" | "store" | "add"; readonly buffer: string }
  | { readonly do: "op"; readonly op: NestOp }
  | { readonly do: "pick" }
  /** Moves relative to the next instruction; `unless` pops a condition first. */
  | { readonly do: "jump" | "unless"; readonly by: number };

type Code = readonly Instruction[];

const jump = (by: number): Instruction => ({ do: "jump", by });
const unless = (by: number): Instruction => ({ do: "unless", by });

const refuseVector = (): never => {
  throw new Error("the machine has no vectors");
};

const assembler: Algebra<Code, Code> = {
  const: (value) => [{ do: "push", value }],
  variable: (name) => [{ do: "get", name }],
  load: (buffer, address) => [...address, { do: "load", buffer: buffer.name }],
  op: (op, args) => [...args.flat(), { do: "op", op }],
  cast: (_to, _from, arg) => arg,
  select: (cond, then, otherwise) => [...cond, ...then, ...otherwise, { do: "pick" }],
  splat: () => refuseVector(),
  lane: () => refuseVector(),
  for({ variable: name }, lo, hi, body) {
    const step: Code = [
      { do: "get", name },
      { do: "push", value: 1 },
      { do: "op", op: "add" },
      { do: "set", name },
    ];
    const test: Code = [{ do: "get", name }, ...hi, { do: "op", op: "lt" }];
    const round = [...body, ...step];
    return [
      ...lo,
      { do: "set", name },
      ...test,
      unless(round.length + 1),
      ...round,
      jump(-(test.length + round.length + 2)),
    ];
  },
  if: (cond, then, otherwise = []) => [
    ...cond,
    unless(then.length + 1),
    ...then,
    jump(otherwise.length),
    ...otherwise,
  ],
  let: (name, _type, value) => [...value, { do: "set", name }],
  local: (name, _type, init) => [...init, { do: "set", name }],
  set: (name, value) => [...value, { do: "set", name }],
  store: ({ name }, address, value) => [...address, ...value, { do: "store", buffer: name }],
  accumulate: ({ name }, address, value) => [...address, ...value, { do: "add", buffer: name }],
  barrier: () => [],
  block: (statements) => statements.flat(),
};

/** The instructions of a nest. */
export const assemble = (nest: Nest): Code => foldNest(nest, assembler);

const plain: Readonly<Record<"quot" | "rem", (a: number, b: number) => number>> = {
  quot: (a, b) => Math.trunc(a / b),
  rem: (a, b) => a % b,
};

function apply(op: NestOp, args: readonly number[]): number {
  if (op === "total") throw new Error("the machine adds in one order only");
  if (op === "quot" || op === "rem") return plain[op](args[0]!, args[1]!);
  return (ops[op].value as (...x: readonly number[]) => number)(...args);
}

/** Runs instructions on buffers, which it changes, and named numbers. */
export function execute(
  code: Code,
  buffers: Readonly<Record<string, Float64Array | Float32Array>>,
  numbers: Readonly<Record<string, number>>,
): void {
  const stack: number[] = [];
  const names = new Map(Object.entries(numbers));
  const pop = (): number => {
    const value = stack.pop();
    if (value === undefined) throw new Error("the stack is empty");
    return value;
  };
  const bufferOf = (name: string, at: number) => {
    const buffer = buffers[name];
    if (!buffer || !(at >= 0 && at < buffer.length))
      throw new Error(`${name}[${at}] is no element`);
    return buffer;
  };
  for (let at = 0; at < code.length; at++) {
    const i = code[at]!;
    switch (i.do) {
      case "push":
        stack.push(i.value);
        break;
      case "get": {
        const value = names.get(i.name);
        if (value === undefined) throw new Error(`${i.name} has no value`);
        stack.push(value);
        break;
      }
      case "set":
        names.set(i.name, pop());
        break;
      case "load": {
        const address = pop();
        stack.push(bufferOf(i.buffer, address)[address]!);
        break;
      }
      case "store":
      case "add": {
        const value = pop();
        const address = pop();
        const buffer = bufferOf(i.buffer, address);
        buffer[address] = i.do === "store" ? value : buffer[address]! + value;
        break;
      }
      case "op": {
        const arity =
          i.op === "quot" || i.op === "rem" ? 2 : i.op === "total" ? 4 : ops[i.op].arity;
        stack.push(apply(i.op, stack.splice(stack.length - arity)));
        break;
      }
      case "pick": {
        const [cond, then, otherwise] = stack.splice(stack.length - 3);
        stack.push(cond !== 0 ? then! : otherwise!);
        break;
      }
      case "jump":
        at += i.by;
        break;
      case "unless":
        if (pop() === 0) at += i.by;
        break;
      default:
        i satisfies never;
    }
  }
  if (stack.length > 0) throw new Error("values were left on the stack");
}
