// Reads of tensors and of stages that were evaluated before.

import { type Expr, isFixedSize } from "../ir/expr.ts";
import { type Alternative, Undecided } from "./decide.ts";
import { flushed } from "./error.ts";
import type { Machine, Run } from "./evaluate.ts";

/** What a read finds: numbers, how far off each may be, and the elements that have several alternatives. */
export interface Source {
  readonly shape: readonly number[];
  readonly parts: readonly {
    readonly value: ArrayLike<number>;
    readonly bound: ArrayLike<number> | undefined;
  }[];
  readonly alternatives: ReadonlyMap<number, readonly Alternative[]>;
  /** Elements that have too many alternatives to enumerate. */
  readonly undecided: ReadonlySet<number>;
  /** Where given, collects the elements that are read. */
  touched: Set<number> | undefined;
}

type Read = Extract<Expr, { kind: "read" }>;

/** Compiles a read; `machine.sources` must hold what it reads by the time it runs. */
export function compileRead(m: Machine, e: Read, slot: number): Run {
  const runs = e.at.map((at) => m.compile(at));
  const slots = e.at.map((at) => m.slot(at));
  const deps = m.deps(e);
  const source = m.sources.get(e.from);
  if (!source) throw new Error(`${e.from} is read before it exists`);
  const shape = e.axes.length > 0 ? e.axes.map((axis) => sizeOf(m, axis)) : source.shape;
  const elements = (of: readonly number[]) => of.reduce((n, size) => n * size, 1);
  if (elements(shape) !== elements(source.shape))
    throw new Error(`${e.from} has shape [${source.shape}], but is read as [${shape}]`);
  const part = source.parts[e.part];
  if (!part) throw new Error(`${e.from} has no part ${e.part}`);
  return () => {
    let flat = 0;
    for (let d = 0; d < runs.length; d++) {
      runs[d]!();
      let at = m.value[slots[d]!]!;
      const size = shape[d]!;
      if (at < 0 || at >= size || !Number.isInteger(at)) {
        if (e.border === "zero") return m.set(slot, 0, 0);
        if (e.border === "inside" || size === 0 || !Number.isInteger(at))
          throw new RangeError(`${at} is not an index of dimension ${d} of ${e.from} [${shape}]`);
        at = at < 0 ? 0 : size - 1;
      }
      flat = flat * size + at;
    }
    source.touched?.add(flat);
    if (source.undecided.size > 0 && source.undecided.has(flat) && !m.frames.plain)
      throw new Undecided();
    const several = source.alternatives.size > 0 ? source.alternatives.get(flat) : undefined;
    if (several) {
      const one = several[m.frames.choose(several.length, deps)]!;
      return m.set(slot, one.value[e.part]!, one.bound[e.part]!);
    }
    const v = part.value[flat]!;
    m.set(slot, v, part.bound ? part.bound[flat]! : flushed(v, 0));
  };
}

function sizeOf(m: Machine, axis: string): number {
  const size = isFixedSize(axis) ? Number(axis) : m.numbers.sizes[axis];
  if (size === undefined) throw new Error(`no size was given for axis ${axis}`);
  return size;
}
