// Running a plan with no device: every launch, group and thread, phase by phase between barriers,
// in any order, on poisoned memory, with addresses, integers and races checked.

import { unreachable } from "./expr.ts";
import { type Block, type BufferDecl, gridLoops, type Nest, type NestExpr } from "./nest.ts";
import { type LaunchContext, runGroups } from "./nestInterpretGroup.ts";
import { evaluate, type Known } from "./nestInterpretHost.ts";
import { type Actor, type Memory, makeMemory, makeShadow, renew } from "./nestInterpretMemory.ts";
import { fitTo, type Mode, makeOrders, type Order } from "./nestInterpretNumbers.ts";
import { operandsOf } from "./nestWalk.ts";
import { type Plan, type PlanBuffer, type PlanStep, turn } from "./plan.ts";

/** How to run a plan. */
export interface PlanRun {
  readonly mode: Mode;
  /** The order of groups, of a group's threads in each phase, and of parallel iterations. */
  readonly order: Order;
  readonly seed?: number;
  /**
   * Fill memory with NaN and absurd integers first, and demand that every output element is set.
   */
  readonly poison: boolean;
  /** Counts elements read of each buffer, where given. */
  readonly countReads?: Map<string, number>;
}

type Numbers = Readonly<Record<string, number>>;

/**
 * The output buffers of `plan` by name. `scalars` are by parameter name; those that `plan.sizes`
 * computes may be left out. `constants` left out have their default.
 */
export function interpretPlan(
  plan: Plan,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  scalars: Numbers,
  constants: Numbers,
  run: PlanRun,
): Record<string, Float64Array> {
  const all = planNumbers(plan, scalars, constants);
  const global = new Map<string, Memory>();
  for (const buffer of plan.buffers)
    global.set(buffer.name, allocate(plan, buffer, inputs[buffer.name], all, run));
  const orders = makeOrders(run.order, run.seed ?? 1);
  const ofTurn = plan.buffers.filter((buffer) => buffer.ofTurn);
  for (const { step, numbers, begins } of turnsOf(plan, all)) {
    if (begins && run.poison) for (const buffer of ofTurn) renew(global.get(buffer.name)!, buffer);
    switch (step.kind) {
      case "fill": {
        if (step.unless !== undefined && numbers.get(step.unless)?.value === 1) break;
        const memory = global.get(step.buffer);
        if (!memory)
          throw new Error(`plan ${plan.name} fills ${step.buffer}, which it does not have`);
        memory.values.fill(memory.fit(step.value));
        memory.written.fill(1);
        break;
      }
      case "launch":
        launch(step.nest, evaluate(step.groups, numbers), global, numbers, run, orders);
        break;
      default:
        unreachable(step);
    }
  }
  return Object.fromEntries(
    plan.buffers
      .filter((buffer) => buffer.role === "output")
      .map(({ name }) => [name, finished(global.get(name)!, run.poison)]),
  );
}

interface StepRun {
  readonly step: PlanStep;
  readonly numbers: ReadonlyMap<string, Known>;
  /** It is the first of a turn, in which memory holds nothing of the turn before. */
  readonly begins: boolean;
}

/** The steps of a plan as they run, with what is known in each: those of a repetition again in each of its turns. */
function* turnsOf(
  { steps, repeats = [] }: Plan,
  numbers: ReadonlyMap<string, Known>,
): Generator<StepRun> {
  const repeatOf = (step: PlanStep | undefined) =>
    step?.kind === "launch" ? step.repeat : undefined;
  for (let at = 0; at < steps.length; ) {
    const repeat = repeatOf(steps[at]);
    if (repeat === undefined) {
      yield { step: steps[at++]!, numbers, begins: false };
      continue;
    }
    const next = steps.findIndex((step, i) => i > at && repeatOf(step) !== repeat);
    const own = steps.slice(at, next < 0 ? steps.length : next);
    at += own.length;
    const { times, numbers: named } = repeats[repeat]!;
    const count = evaluate(times, numbers);
    for (let number = 0; number < count; number++) {
      const known = new Map(numbers).set(turn, { value: number, type: "i32" });
      for (const { name, is } of named)
        known.set(name, { value: evaluate(is, known), type: "i32" });
      for (const step of own) yield { step, numbers: known, begins: step === own[0] };
    }
  }
}

function finished(memory: Memory, poison: boolean): Float64Array {
  const missing = poison ? memory.written.indexOf(0) : -1;
  if (missing < 0) return memory.values;
  throw new Error(`element ${missing} of ${memory.name} is never written`);
}

/**
 * Every number a plan's expressions may name: scalars given or computed, constants given or
 * default.
 */
function planNumbers(plan: Plan, scalars: Numbers, constants: Numbers): Map<string, Known> {
  const types = new Map(plan.scalars.map(({ name, type }) => [name, type]));
  const numbers = new Map<string, Known>();
  for (const [name, value] of Object.entries(scalars))
    numbers.set(name, { value, type: types.get(name) ?? "i32" });
  for (const { constant, default: usual } of plan.options)
    numbers.set(constant, { value: constants[constant] ?? usual, type: "i32" });
  for (const { axis, is } of plan.sizes) {
    const value = evaluate(is, numbers);
    const given = scalars[axis];
    if (given !== undefined && given !== value)
      throw new RangeError(`size ${axis} is given as ${given}, but must be ${value}`);
    numbers.set(axis, { value, type: "i32" });
  }
  for (const { name } of plan.scalars)
    if (!numbers.has(name)) throw new Error(`no value is given for scalar ${name}`);
  return numbers;
}

/** How many elements lie from a buffer's first to its last. */
function elementsOf(buffer: BufferDecl, numbers: ReadonlyMap<string, Known>): number {
  const shape = buffer.shape.map((n) => evaluate(n, numbers));
  const strides = buffer.strides.map((n) => evaluate(n, numbers));
  if (strides.length !== shape.length)
    throw new Error(`${buffer.name} has ${shape.length} dimensions but ${strides.length} strides`);
  if (shape.some((n) => n < 0)) throw new RangeError(`${buffer.name} has the shape [${shape}]`);
  if (shape.includes(0)) return 0;
  return shape.reduce((last, n, d) => last + (n - 1) * strides[d]!, 0) + 1;
}

function allocate(
  plan: Plan,
  buffer: PlanBuffer,
  given: ArrayLike<number> | undefined,
  numbers: ReadonlyMap<string, Known>,
  run: PlanRun,
): Memory {
  const count = elementsOf(buffer, numbers);
  const memory = makeMemory(buffer, count, run.mode, run.poison, false);
  if (buffer.role !== "input") return memory;
  if (!given) throw new Error(`plan ${plan.name} needs ${buffer.name}, which is not given`);
  if (given.length !== count)
    throw new Error(`${buffer.name} has ${given.length} elements, but must have ${count}`);
  for (let i = 0; i < count; i++) memory.values[i] = memory.fit(given[i]!);
  memory.written.fill(1);
  return memory;
}

/** The numbers known around the grid loops: those of the launch, and what is defined from them. */
function knownAround(nest: Nest, numbers: ReadonlyMap<string, Known>): Map<string, Known> {
  const known = new Map(numbers);
  const isKnown = (e: NestExpr): boolean => {
    if (e.kind === "load") return false;
    return e.kind === "var" ? known.has(e.name) : operandsOf(e).every(isKnown);
  };
  let block: Block | undefined = nest.body;
  while (block) {
    let inside: Block | undefined;
    for (const s of block) {
      if (s.kind === "let" && isKnown(s.value))
        known.set(s.name, { value: evaluate(s.value, known), type: s.type });
      if (s.kind === "for" && s.by === "grid") inside ??= s.body;
    }
    block = inside;
  }
  return known;
}

function launch(
  nest: Nest,
  groups: number,
  global: ReadonlyMap<string, Memory>,
  numbers: ReadonlyMap<string, Known>,
  run: PlanRun,
  orders: (n: number) => readonly number[],
): void {
  const known = knownAround(nest, numbers);
  const grid = gridLoops(nest).map((l) =>
    Math.max(0, evaluate(l.hi, known) - evaluate(l.lo, known)),
  );
  const product = grid.reduce((a, b) => a * b, 1);
  if (product !== groups)
    throw new Error(
      `nest ${nest.name}: the plan launches ${groups} groups, but its grid loops make ${product}`,
    );
  const counts = new Map(nest.buffers.map((buffer) => [buffer, elementsOf(buffer, numbers)]));
  const fresh = (buffer: BufferDecl): Memory => {
    const n = counts.get(buffer) ?? 0;
    return makeMemory(buffer, n, run.mode, run.poison, buffer.place === "shared" && nest.group > 1);
  };
  const memories = nest.buffers.map((buffer): Memory | undefined => {
    if (buffer.place !== "global") return undefined;
    const memory = global.get(buffer.name);
    if (!memory) throw new Error(`nest ${nest.name} uses ${buffer.name}, which its plan lacks`);
    if (buffer.perWorker) return { ...fresh(buffer), strict: true };
    const alone = buffer.access === "read";
    return { ...memory, shadow: alone ? undefined : makeShadow(memory.values.length) };
  });
  const actor: Actor = { group: 0, thread: 0, phase: 0 };
  const parameters = [...nest.scalars, ...nest.constants].map(({ name, type }) => {
    const value = numbers.get(name)?.value;
    if (value === undefined) throw new Error(`nest ${nest.name}: no value is given for ${name}`);
    return { name, type, value: fitTo(type, run.mode)(value) };
  });
  const context: LaunchContext = {
    nest,
    grid,
    parameters,
    global: memories,
    fresh,
    actor,
    mode: run.mode,
    orders,
    reads: run.countReads,
  };
  runGroups(context, groups);
}
