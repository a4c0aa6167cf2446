// The judge: for each element of a kernel's outputs, the float64 value and how far an f32 kernel may be from
// it. The bound is derived, operation by operation (error.ts); where a discrete decision is open within its
// own error, each outcome is followed (decide.ts) and every acceptable value is listed.

import { groupDims, resolveSizes } from "../ir/interpret.ts";
import type { Gather, Kernel, Scatter, Stage } from "../ir/kernel.ts";
import { type Alternative, Undecided } from "./decide.ts";
import { extents, walkDomain } from "./domain.ts";
import { Machine, type Numbers } from "./evaluate.ts";
import type { Source } from "./reading.ts";
import { replay } from "./reduce.ts";
import type { Rules } from "./rules.ts";
import { judgeScatter } from "./scatter.ts";
import { vanishingResults } from "./vanishing.ts";
import { giveUp, unwatch, watch } from "./watch.ts";

/** What one part of an output may be. */
export interface Verdict {
  readonly shape: readonly number[];
  readonly value: Float64Array;
  readonly bound: Float64Array;
  /** Elements with several acceptable values, all of them listed. */
  readonly alternatives: ReadonlyMap<number, readonly { value: number; bound: number }[]>;
  /** Elements with too many acceptable values to list, or without any bound: they cannot be compared. */
  readonly undecided: ReadonlySet<number>;
  /** It is 0 whatever is given; absent where it is not. */
  readonly vanishes?: true;
}

/** All outputs of a kernel by name, and which input elements the open decisions hang on. */
export interface Judgement {
  readonly outputs: Readonly<Record<string, readonly Verdict[]>>;
  /** By tensor: the elements read where several values are acceptable. */
  readonly culprits: ReadonlyMap<string, ReadonlySet<number>>;
}

/** An argument: the shape by dimension or by axis, the elements as f32 holds them. */
export interface InputArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** How far each element may be off; not at all where this is absent. */
  readonly bound?: ArrayLike<number>;
}

/** Judges what `kernel` gives for these inputs on a target with these rules. */
export function judge(
  kernel: Kernel,
  inputs: Readonly<Record<string, InputArray>>,
  numbers: Numbers,
  rules: Rules,
): Judgement {
  return judgeOn(startMachine(kernel, inputs, numbers, rules), kernel);
}

/**
 * Does every decision of a kernel (a floor, a test, which element is the largest) come out one way, wherever
 * within their bounds the inputs are? Where it does, the kernel is smooth there.
 */
export function isDecided(
  kernel: Kernel,
  inputs: Readonly<Record<string, InputArray>>,
  numbers: Numbers,
  rules: Rules,
): boolean {
  const machine = startMachine(kernel, inputs, numbers, rules);
  machine.frames.plain = true;
  judgeOn(machine, kernel);
  return machine.frames.opened === 0;
}

function startMachine(
  kernel: Kernel,
  inputs: Readonly<Record<string, InputArray>>,
  numbers: Numbers,
  rules: Rules,
): Machine {
  const { attrs, options } = numbers;
  const sizes = resolveSizes(kernel, numbers.sizes, attrs, options);
  const sources = new Map<string, Source>();
  for (const [name, input] of Object.entries(inputs)) sources.set(name, plainSource(input));
  return new Machine({ sizes, attrs, options }, rules, sources);
}

function judgeOn(machine: Machine, kernel: Kernel): Judgement {
  const { sources } = machine;
  const vanishing = vanishingResults(kernel, machine.numbers.options);
  const culprits = new Map<string, Set<number>>();
  const outputs: Record<string, readonly Verdict[]> = {};
  for (const stages of inRuns(kernel.stages)) {
    const [stage] = stages;
    const source =
      stage.kind === "gather"
        ? judgeGather(machine, stage, culprits)
        : judgeScatter(machine, stages as Run<Scatter>, culprits);
    sources.set(stage.name, source);
    if (kernel.outputs.includes(stage.name))
      outputs[stage.name] = verdicts(source, groupDims(source.shape, stage.dims)).map((v) =>
        vanishing.has(stage.name) ? { ...v, vanishes: true } : v,
      );
  }
  return { outputs, culprits };
}

type Run<T> = readonly [T, ...T[]];

/** The stages in order; scatters of one name, which add up, are judged together. */
function inRuns(stages: readonly Stage[]): readonly Run<Stage>[] {
  const runs: [Stage, ...Stage[]][] = [];
  for (const stage of stages) {
    const run = runs.find(([first]) => first.name === stage.name);
    if (!run) runs.push([stage]);
    else if (run === runs.at(-1)) run.push(stage);
    else throw new Error(`stages of the name ${stage.name} do not follow one another`);
  }
  return runs;
}

function plainSource({ shape, data, bound }: InputArray): Source {
  return {
    shape,
    parts: [{ value: data, bound }],
    alternatives: new Map(),
    undecided: new Set(),
    touched: undefined,
  };
}

function judgeGather(machine: Machine, stage: Gather, culprits: Map<string, Set<number>>): Source {
  const shape = extents(machine, stage.domain);
  const count = shape.reduce((n, size) => n * size, 1);
  const parts = stage.parts.map(() => ({
    value: new Float64Array(count),
    bound: new Float64Array(count),
  }));
  const runs = stage.parts.map((e) => machine.compile(e));
  const slots = stage.parts.map((e) => machine.slot(e));
  const loops = [0, ...stage.domain.map((l) => machine.loop(l))];
  const alternatives = new Map<number, readonly Alternative[]>();
  const undecided = new Set<number>();
  const evaluate = () => {
    for (const run of runs) run();
  };
  const take = () => ({
    value: slots.map((slot) => machine.value[slot]!),
    bound: slots.map((slot) => machine.bound[slot]!),
  });
  let flat = 0;
  const store = (one: Alternative) =>
    parts.forEach((part, i) => {
      part.value[flat] = one.value[i]!;
      part.bound[flat] = one.bound[i]!;
    });
  walkDomain(machine, stage.domain, shape, () => {
    const frame = machine.frames.openElement(loops);
    try {
      evaluate();
      if (frame.path.length === 0) store(take());
      else {
        const touched = watch(machine);
        const all = replay(machine, frame, loops, evaluate, take);
        store(all[0]!);
        if (all.length > 1) alternatives.set(flat, all);
        unwatch(machine, all.length > 1 ? culprits : undefined, touched);
      }
      machine.frames.close();
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      giveUp(machine, evaluate, loops, culprits);
      store(take());
      undecided.add(flat);
    }
    if (parts.some((part) => part.bound[flat] === Number.POSITIVE_INFINITY)) undecided.add(flat);
    flat++;
  });
  return { shape, parts, alternatives, undecided, touched: undefined };
}

function verdicts(source: Source, shape: readonly number[]): readonly Verdict[] {
  return source.parts.map(({ value, bound }, part) => ({
    shape,
    value: value as Float64Array,
    bound: bound as Float64Array,
    alternatives: new Map(
      [...source.alternatives].map(([flat, all]) => [
        flat,
        all.map((one) => ({ value: one.value[part]!, bound: one.bound[part]! })),
      ]),
    ),
    undecided: source.undecided,
  }));
}
