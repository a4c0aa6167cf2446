// Scatter stages: contributions added to elements in any order. Where a decision is open, an element's
// contribution is an interval over all paths (nothing, where a path leaves it out).

import type { Scatter } from "../ir/kernel.ts";
import { type Alternative, advance, maxPaths, Undecided } from "./decide.ts";
import { extents, walkDomain } from "./domain.ts";
import type { Machine } from "./evaluate.ts";
import type { Source } from "./reading.ts";
import { unit } from "./rules.ts";

/** What one path adds: to which element, or to none. */
interface Contribution extends Alternative {
  readonly flat: number;
}

/** Judges a scatter stage; a jump that moves a contribution by more than its error is no agreement. */
export function judgeScatter(machine: Machine, stage: Scatter): Source {
  const shape = extents(machine, stage.shape);
  const count = shape.reduce((n, size) => n * size, 1);
  const parts = stage.values.map(() => ({
    value: new Float64Array(count),
    bound: new Float64Array(count),
  }));
  const sizes = stage.values.map(() => new Float64Array(count));
  const terms = new Int32Array(count);
  const undecided = new Set<number>();
  const [when, ...rest] = [stage.when, ...stage.at, ...stage.values].map((e) => ({
    run: machine.compile(e),
    slot: machine.slot(e),
  }));
  const at = rest.slice(0, stage.at.length);
  const values = rest.slice(stage.at.length);
  const evaluate = (): Contribution => {
    when!.run();
    if (machine.value[when!.slot] === 0) return { flat: -1, value: [], bound: [] };
    for (const { run } of rest) run();
    const flat = at.reduce((f, { slot }, d) => {
      const p = machine.value[slot]!;
      if (!(Number.isInteger(p) && p >= 0 && p < shape[d]!))
        throw new RangeError(`${stage.name} is added to at ${p} of dimension ${d} [${shape}]`);
      return f * shape[d]! + p;
    }, 0);
    return {
      flat,
      value: values.map(({ slot }) => machine.value[slot]!),
      bound: values.map(({ slot }) => machine.bound[slot]!),
    };
  };
  const loops = [0, ...stage.domain.map((l) => machine.loop(l))];
  const add = (flat: number, all: readonly (Alternative | undefined)[]) => {
    terms[flat]!++;
    const plain = all[0];
    parts.forEach((part, i) => {
      const [v, e] = plain ? [plain.value[i]!, plain.bound[i]!] : [0, 0];
      let off = e;
      for (const other of all) {
        const [w, f] = other ? [other.value[i]!, other.bound[i]!] : [0, 0];
        // Outcomes that do not meet are a real difference between targets.
        if (Math.abs(v - w) > e + f) undecided.add(flat);
        off = Math.max(off, Math.abs(v - w) + f);
      }
      part.value[flat]! += v;
      part.bound[flat]! += off;
      sizes[i]![flat]! += Math.abs(v) + off;
    });
  };
  walkDomain(machine, stage.domain, extents(machine, stage.domain), () => {
    const frame = machine.frames.open(loops);
    const paths = [evaluate()];
    while (frame.path.length > 0 && advance(frame)) {
      if (paths.length >= maxPaths) throw new Undecided(`${stage.name} has too many decisions`);
      frame.cursor = 0;
      for (const loop of loops) machine.move(loop, machine.at[loop]!);
      paths.push(evaluate());
    }
    if (paths.length > 1) for (const loop of loops) machine.move(loop, machine.at[loop]!);
    machine.frames.close();
    for (const flat of new Set(paths.map((p) => p.flat)))
      if (flat >= 0)
        add(
          flat,
          paths.map((p) => (p.flat === flat ? p : undefined)),
        );
  });
  parts.forEach((part, i) => {
    for (let flat = 0; flat < count; flat++)
      if (terms[flat]! > 1) part.bound[flat]! += terms[flat]! * unit * sizes[i]![flat]!;
  });
  return { shape, parts, alternatives: new Map(), undecided, touched: undefined };
}
