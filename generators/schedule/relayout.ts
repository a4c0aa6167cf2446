// Tensors and stages with their axes in another order in memory: a copy that a launch of its own makes, or, where
// nobody outside sees the stage, the stage itself.

import { domain as canonicalDomain, extentOf, freshLoop } from "../ir/build.ts";
import { type Expr, index, int, kindOf, type Loop, read } from "../ir/expr.ts";
import { elementsOf, type Gather, type Kernel, type Stage, valuesOf } from "../ir/kernel.ts";
import { makeMapper, mapNames, mapStage } from "../ir/map.ts";
import { axisNames } from "./domain.ts";

/** What has axes that can be put in another order. */
export interface Laid {
  readonly name: string;
  readonly is: "tensor" | "stage" | "result";
  /** By the names that a schedule gives them. */
  readonly axes: readonly string[];
}

/** What a kernel reads or stores, with its axes. */
export function findLaid({ tensors, present, stages, outputs }: Kernel): readonly Laid[] {
  const given = tensors.filter((t) => !t.optional || present.includes(t.name));
  const inputs = given.map(({ name, dims }): Laid => ({ name, is: "tensor", axes: dims.flat() }));
  const made = new Map<string, Laid>();
  for (const stage of stages) {
    const is = outputs.includes(stage.name) ? "result" : "stage";
    made.set(stage.name, { name: stage.name, is, axes: axisNames(elementsOf(stage)) });
  }
  return [...inputs, ...made.values()];
}

/** A kernel in which something has its axes in another order, and the stage that has them so. */
export interface Relaid {
  readonly kernel: Kernel;
  readonly stage: string;
  /** The stage that copies, and the axis along which what it reads lies in memory; absent where nothing is copied. */
  readonly copy?: { readonly stage: string; readonly along: string };
}

/** `kernel` with the axes of `laid` in the order `axes` in memory. */
export function relayout(kernel: Kernel, laid: Laid, axes: readonly string[]): Relaid {
  const order = axes.map((axis) => laid.axes.indexOf(axis));
  const name = laid.is === "stage" ? laid.name : nameCopy(kernel, laid.name, axes);
  switch (laid.is) {
    case "tensor": {
      const copy = { stage: name, along: laid.axes.at(-1)! };
      return { kernel: copyTensor(kernel, laid, order, name), stage: name, copy };
    }
    case "stage":
      return { kernel: permute(kernel, laid.name, name, order), stage: name };
    case "result": {
      const copy = { stage: laid.name, along: axes.at(-1)! };
      return { kernel: storeResult(kernel, laid.name, order, name), stage: name, copy };
    }
    default:
      return laid.is satisfies never;
  }
}

/** What the copy is called: the original, and its axes. */
function nameCopy({ tensors, stages, axes, attrs }: Kernel, of: string, order: readonly string[]) {
  const taken = new Set([...tensors, ...stages, ...attrs].map(({ name }) => name));
  for (const { axis } of axes) taken.add(axis);
  const base = `${of}_${order.join("").toLowerCase()}`;
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
  return name;
}

/** A stage whose element is the one of another at the same place, with its axes in another order. */
function copyStage(
  name: string,
  loops: readonly Loop[],
  order: readonly number[],
  values: (at: readonly Expr[]) => readonly Expr[],
): Gather {
  const parts = values(loops.map(index));
  const made = canonicalDomain(
    order.map((d) => loops[d]!),
    parts,
  );
  return { kind: "gather", name, ...made, dims: order.map(() => 1) };
}

function copyTensor(
  kernel: Kernel,
  { name, axes }: Laid,
  order: readonly number[],
  copy: string,
): Kernel {
  const { type } = kernel.tensors.find((t) => t.name === name)!;
  const loops = axes.map((axis) => freshLoop(axis, int(0), extentOf(axis)));
  const stage = copyStage(copy, loops, order, (at) => [
    read({ from: name, type, axes, at, border: "inside", part: 0 }),
  ]);
  const { stages, names } = rewriteReads(kernel, name, copy, order);
  return { ...kernel, stages: [stage, ...stages], names };
}

/** All reads of `from` as reads of `to`, whose axes are in the order `order`. */
function rewriteReads(kernel: Kernel, from: string, to: string, order: readonly number[]) {
  const mapper = makeMapper({
    node: (e) =>
      e.kind === "read" && e.from === from
        ? read({ ...e, from: to, axes: [], at: order.map((d) => e.at[d]!) })
        : e,
  });
  return {
    stages: kernel.stages.map((stage) => mapStage(stage, mapper)),
    names: mapNames(kernel, mapper),
  };
}

/** A stage of which memory has the axes in another order, under another name. */
function permute(kernel: Kernel, from: string, to: string, order: readonly number[]): Kernel {
  const { stages, names } = rewriteReads(kernel, from, to, order);
  const moved = <T>(things: readonly T[]): readonly T[] => order.map((d) => things[d]!);
  const dims = order.map(() => 1);
  return {
    ...kernel,
    names,
    stages: stages.map((stage): Stage => {
      if (stage.name !== from) return stage;
      if (stage.kind === "gather") return { ...stage, name: to, domain: moved(stage.domain), dims };
      return { ...stage, name: to, shape: moved(stage.shape), at: moved(stage.at), dims };
    }),
  };
}

/** A result that is computed in one order, and copied into its own by a stage at the end. */
function storeResult(kernel: Kernel, name: string, order: readonly number[], to: string): Kernel {
  const own = kernel.stages.find((stage) => stage.name === name)!;
  const loops = elementsOf(own).map((l) => freshLoop(l.axis, int(0), l.hi));
  const all = loops.map((_, d) => d);
  const copy = copyStage(name, loops, all, (at) =>
    valuesOf(own).map((value, part) => {
      const kind = kindOf(value);
      if (kind === "bool") throw new Error(`${name} holds tests`);
      const [places, border] = [order.map((d) => at[d]!), "inside"] as const;
      return read({ from: to, type: kind, axes: [], at: places, border, part });
    }),
  );
  const permuted = permute(kernel, name, to, order);
  const last = permuted.stages.findLastIndex((stage) => stage.name === to);
  const stages = permuted.stages.toSpliced(last + 1, 0, { ...copy, dims: own.dims });
  const named = new Map(permuted.names);
  for (const [d, l] of elementsOf(own).entries()) {
    const author = kernel.names.get(l);
    if (author !== undefined) named.set(copy.domain[d]!, author);
  }
  return { ...permuted, stages, names: named };
}
