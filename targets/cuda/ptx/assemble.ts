// Makes closures of a kernel's instructions.

import { layOut, listRoutines } from "./layout.ts";
import { ended, Machine, type Op, type Step } from "./machine.ts";
import type { Memory } from "./memory.ts";
import type { Block, PtxProgram } from "./program.ts";
import { assemblyOf, type Context, type Placed } from "./resolve.ts";
import type { Moment } from "./shadow.ts";
import { countSlots, Slots } from "./slots.ts";
import type { Instruction, Module, Routine } from "./syntax.ts";
import { type Found, findForm } from "./table.ts";
import { PtxSyntaxError } from "./tokens.ts";

/** What a kernel is made ready for. */
export interface Setting {
  readonly memory: Memory;
  readonly moment: Moment;
  /** Threads of a block. */
  readonly threads: number;
  readonly sharedBytes: number;
}

/** Where the blocks of code of a routine begin, by the positions of instructions. */
function findLeaders(routine: Routine, found: readonly Found[]): readonly number[] {
  const leaders = new Set([0, ...routine.labels.values()]);
  for (const [at, { form }] of found.entries()) if (form.ends) leaders.add(at + 1);
  return [...leaders].sort((a, b) => a - b);
}

/** Makes a kernel of a file ready to run. */
export function assemble(module: Module, name: string, setting: Setting): PtxProgram {
  const entry = module.routines.get(name);
  if (!entry?.entry) throw new Error(`The PTX has no kernel ${name}.`);
  const routines = listRoutines(module, entry);
  const layout = layOut(module, routines, setting.memory, setting.sharedBytes);
  const bodies = routines.map((routine) => {
    const found = routine.code.map(findForm);
    return { routine, found, leaders: findLeaders(routine, found) };
  });
  const stride = 2 * countAll(routines);
  const machine = new Machine((stride / 2) * setting.threads, setting.memory, setting.moment);
  const slots = new Slots();
  const sites: Instruction[] = [];
  const blocks: Block[] = [];
  // Block numbers are known before any is made: one for each leader, routine after routine.
  const firsts = new Map<Routine, number>();
  let total = 0;
  for (const { routine, leaders } of bodies) {
    firsts.set(routine, total);
    total += leaders.length;
  }
  const returns: Block[] = [];
  const context: Context = {
    module,
    machine,
    slots,
    layout,
    carry: slots.register("carry"),
    blockAt(routine, position) {
      const { leaders } = bodies.find((body) => body.routine === routine)!;
      return firsts.get(routine)! + leaders.indexOf(position);
    },
    addBlock(block) {
      returns.push(block);
      return total + returns.length - 1;
    },
  };
  for (const { routine, found, leaders } of bodies)
    for (const [i, start] of leaders.entries()) {
      const end = leaders[i + 1] ?? routine.code.length;
      const ops: Op[] = [];
      const next = firsts.get(routine)! + i + 1;
      let step: Step = i + 1 < leaders.length ? () => next : () => ended;
      for (let at = start; at < end; at++) {
        const instruction = routine.code[at]!;
        const placed = { routine, instruction, found: found[at]!, site: sites.length };
        sites.push(instruction);
        const built = build(context, placed, next);
        if (typeof built === "function") ops.push(built);
        else step = built.step;
      }
      blocks.push({ ops, step, site: sites.length - 1 });
    }
  const { initial } = slots;
  if (initial.length > stride) throw new Error(`${name} has more operands than were counted.`);
  const { params, paramBytes, localBytes } = layout;
  const { threads } = setting;
  return {
    name,
    machine,
    blocks: [...blocks, ...returns],
    sites,
    stride,
    initial,
    specials: slots.specials,
    params,
    paramBytes,
    localBytes,
    threads,
  };
}

const countAll = (routines: readonly Routine[]): number =>
  routines.reduce(
    (sum, { registers, code }) =>
      sum +
      registers.size +
      code.reduce((n, { operands }) => n + operands.reduce((m, o) => m + countSlots(o), 0), 0),
    1,
  );

function build(context: Context, placed: Placed, next: number): Op | { readonly step: Step } {
  const { routine, instruction, found } = placed;
  const { ints } = context.machine;
  const assembly = assemblyOf(context, placed, next);
  const built = found.form.build(assembly);
  const { guard } = instruction;
  if (!guard) return built;
  const { register, negated } = guard;
  if (routine.registers.get(register) !== "pred")
    throw new PtxSyntaxError(instruction.line, `${register} is no predicate.`);
  const p = context.slots.register(`${routine.name}:${register}`);
  if (typeof built === "function")
    return (b) => {
      if ((ints[b + p]! === 0) === negated) built(b);
    };
  const { step } = built;
  return { step: (b) => ((ints[b + p]! === 0) === negated ? step(b) : next) };
}
