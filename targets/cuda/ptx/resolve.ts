// What the operands of an instruction are to its closure: slots, addresses, blocks of code.

import type { Address, Assembly } from "./forms.ts";
import { type Layout, nameCalled } from "./layout.ts";
import { ended, type Machine, type Op, type Step } from "./machine.ts";
import type { Block } from "./program.ts";
import type { Slots } from "./slots.ts";
import type { Instruction, Module, Operand, Routine, Space } from "./syntax.ts";
import type { Found } from "./table.ts";
import { PtxSyntaxError } from "./tokens.ts";
import { bytesOf, kindOf, type Scalar } from "./types.ts";

/** One instruction in its routine. */
export interface Placed {
  readonly routine: Routine;
  readonly instruction: Instruction;
  readonly found: Found;
  readonly site: number;
}

/** The kernel that an instruction is part of. */
export interface Context {
  readonly module: Module;
  readonly machine: Machine;
  readonly slots: Slots;
  readonly layout: Layout;
  readonly carry: number;
  blockAt(routine: Routine, position: number): number;
  addBlock(block: Block): number;
}

/** What a row of the table sees of an instruction. */
export function assemblyOf(context: Context, placed: Placed, next: number): Assembly {
  const { machine, slots, layout } = context;
  const { routine, instruction, found, site } = placed;
  const { operands, line } = instruction;
  const refuse = (message: string): never => {
    throw new PtxSyntaxError(line, `${message}: ${instruction.text}`);
  };
  // Names of registers need not begin with a percent sign.
  const nameRegister = (operand: Operand): Operand =>
    operand.kind === "symbol" && routine.registers.has(operand.name)
      ? { kind: "register", name: operand.name }
      : operand;
  const pick = (operand: number | Operand): Operand =>
    nameRegister(
      typeof operand === "number"
        ? (operands[operand] ?? refuse("an operand is missing"))
        : operand,
    );

  function register(name: string, type: Scalar, loose: boolean): number {
    const declared = routine.registers.get(name);
    if (!declared) return refuse(`the register ${name} is not declared`);
    const [has, needs] = [bytesOf(declared), bytesOf(type)];
    const fits = loose ? has >= needs : has === needs;
    if (!fits || (declared === "pred") !== (type === "pred"))
      return refuse(`${name} is ${declared}, where ${type} is needed`);
    return slots.register(`${routine.name}:${name}`);
  }

  function source(operand: number | Operand, type: Scalar, loose = false): number {
    const of = pick(operand);
    switch (of.kind) {
      case "register": {
        if (of.negated) return refuse("this predicate cannot be negated");
        const special = routine.registers.has(of.name) ? undefined : slots.special(of.name);
        if (special !== undefined)
          return bytesOf(type) === 4 ? special : refuse(`${of.name} has 32 bits`);
        return register(of.name, type, loose);
      }
      case "integer":
        if (type === "pred") return slots.constant(of.value === 0n ? 0n : 1n);
        if (["f32", "f64"].includes(type)) return refuse("a float is written by its bits");
        return slots.constant(of.value);
      case "float":
        if (kindOf(type) !== "float" && kindOf(type) !== "bits")
          return refuse("a whole number is expected");
        if (of.width !== bytesOf(type) * 8) return refuse(`the float has ${of.width} bits`);
        return slots.constant(of.bits);
      case "symbol": {
        const variable = layout.find(routine, of.name);
        if (!variable) return refuse(`${of.name} is no variable`);
        return slots.constant(BigInt(variable.address));
      }
      case "address":
      case "vector":
      case "pair":
      case "list":
      case "sink":
        return refuse(`a ${of.kind} is no value`);
      default:
        throw new Error(`there is no operand ${of satisfies never}`);
    }
  }

  function target(operand: number | Operand, type: Scalar, loose = false): number {
    const of = pick(operand);
    if (of.kind === "sink") return slots.register("sink");
    if (of.kind !== "register" || of.negated) return refuse("a register is expected");
    return register(of.name, type, loose);
  }

  function address(operand: number, space: Space | "generic"): Address {
    const of = pick(operand);
    if (of.kind !== "address") return refuse("an address is expected");
    const { base, offset } = of;
    const window = space === "const" ? "global" : space === "param" ? "local" : space;
    if (base.kind === "absolute") return { compute: () => offset, window };
    if (base.kind === "symbol" && !routine.registers.has(base.name)) {
      const variable = layout.find(routine, base.name);
      if (!variable || variable.variable.space !== space)
        return refuse(`${base.name} is no ${space} variable`);
      const at = variable.address + offset;
      return { compute: () => at, window: variable.entry ? "param" : window };
    }
    const declared = routine.registers.get(base.name);
    const { uints } = machine;
    if (declared !== undefined && bytesOf(declared) === 4) {
      const slot = register(base.name, "b32", false);
      if (window !== "shared" && window !== "local")
        return refuse(`an address of ${window} memory has 64 bits`);
      return { compute: (b) => uints[b + slot]! + offset, window };
    }
    const slot = register(base.name, "b64", false);
    return {
      compute: (b) => uints[b + slot + 1]! * 0x100000000 + uints[b + slot]! + offset,
      window,
    };
  }

  function block(operand: number | string): number {
    const of = typeof operand === "string" ? operand : pick(operand);
    const label = typeof of === "string" ? of : of.kind === "symbol" ? of.name : undefined;
    const position = label === undefined ? undefined : routine.labels.get(label);
    if (position === undefined) return refuse("there is no such label");
    return context.blockAt(routine, position);
  }

  /** Copies variables between a caller and the function that it calls. */
  function copy(pairs: readonly (readonly [number, number, number])[]): Op {
    return () => {
      const { local } = machine.memory;
      for (const [from, to, bytes] of pairs) {
        local.bytes.copyWithin(to, from, from + bytes);
        if (bytes > 0) local.shadow.mark(to, bytes, local.shadow.holds(from, bytes));
      }
    };
  }

  function call(): Step {
    const name = nameCalled(operands);
    const called = context.module.routines.get(name!)!;
    const at = operands.findIndex((operand) => operand.kind === "symbol");
    const listed = (operand: Operand | undefined): readonly number[] => {
      if (operand === undefined) return [];
      if (operand.kind !== "list") return refuse("a call has lists of parameters");
      return operand.elements.map((element) => {
        const found = element.kind === "symbol" ? layout.find(routine, element.name) : undefined;
        return found ? found.address : refuse("parameters of a call are variables");
      });
    };
    const args = listed(operands[at + 1]);
    const results = listed(at > 0 ? operands[0] : undefined);
    const { params, returns } = called;
    if (args.length !== params.length || results.length !== returns.length)
      return refuse(`${name} takes ${params.length} and gives ${returns.length}`);
    const inner = (variable: { readonly name: string }): number =>
      layout.find(called, variable.name)!.address;
    const pass = copy(params.map((p, i) => [args[i]!, inner(p), p.bytes] as const));
    const back = copy(returns.map((r, i) => [inner(r), results[i]!, r.bytes] as const));
    const after = context.addBlock({ ops: [back], step: () => next, site });
    const begin = context.blockAt(called, 0);
    return (b) => {
      pass(b);
      const { calls } = machine.state;
      // Registers of a function are there once, as those of a kernel are.
      if (calls.includes(after)) return refuse("a function calls itself");
      calls.push(after);
      return begin;
    };
  }

  const leave = (): Step =>
    routine.entry ? () => ended : () => machine.state.calls.pop() ?? refuse("nobody called");

  return {
    machine,
    mods: found.mods,
    operands,
    site,
    carry: context.carry,
    next,
    source,
    target,
    parts(operand) {
      const of = pick(operand);
      return of.kind === "vector" ? of.elements : [of];
    },
    widthOf(operand) {
      const of = nameRegister(operand);
      const type = of.kind === "register" ? routine.registers.get(of.name) : undefined;
      return type === undefined ? undefined : bytesOf(type);
    },
    address,
    block,
    branchTargets(operand) {
      const of = pick(operand);
      const labels = of.kind === "symbol" ? routine.targets.get(of.name) : undefined;
      return labels ?? refuse("there is no such list of labels");
    },
    call,
    leave,
    refuse,
  };
}
