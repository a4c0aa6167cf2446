// Some of an entry's outputs: what has to be run for them follows from which buffers its steps read and write.

import type { Entry, Formula, Step, TensorInfo, WorkspaceInfo } from "./program.ts";

/** The buffers that a step changes, and those whose content it goes by. */
function usesOf(step: Step): {
  readonly writes: readonly string[];
  readonly reads: readonly string[];
} {
  if (step.kind === "fill") return { writes: [step.buffer], reads: [] };
  const named = (test: (access: "read" | "write" | "update") => boolean) =>
    step.buffers.filter(({ access }) => test(access)).map(({ name }) => name);
  return {
    writes: named((access) => access !== "read"),
    reads: named((access) => access !== "write"),
  };
}

/** The steps that these outputs need, in order. */
export function stepsFor(steps: readonly Step[], outputs: Iterable<string>): readonly Step[] {
  const needed = new Set(outputs);
  const found = steps.toReversed().filter((step) => {
    const { writes, reads } = usesOf(step);
    if (!writes.some((name) => needed.has(name))) return false;
    for (const name of reads) needed.add(name);
    return true;
  });
  return found.toReversed();
}

/**
 * The entry that computes only these outputs (all where none are named): fewer steps, and the workspaces that
 * these use. Throws one sentence where an output is not the entry's.
 */
export function selectOutputs(entry: Entry, wanted?: readonly string[]): Entry {
  if (wanted === undefined) return entry;
  const outputs = entry.tensors.filter(({ role }) => role === "output");
  const names = outputs.map(({ name }) => name);
  if (wanted.length === 0)
    throw new RangeError(`${entry.name}: no output is wanted; there are ${names.join(", ")}.`);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`${entry.name} has no output ${unknown}; it has ${names.join(", ")}.`);
  if (names.every((name) => wanted.includes(name))) return entry;

  const steps = stepsFor(entry.steps, wanted);
  const used = new Set(steps.flatMap((step) => Object.values(usesOf(step)).flat()));
  const isKept = ({ name, role }: TensorInfo) => role === "input" || wanted.includes(name);
  // A launch may write several outputs; those that are not wanted need memory all the same.
  const beside = outputs.filter((tensor) => !isKept(tensor)).map(asWorkspace);
  return {
    ...entry,
    tensors: entry.tensors.filter(isKept),
    workspaces: [...entry.workspaces, ...beside].filter(({ name }) => used.has(name)),
    steps,
  };
}

function asWorkspace({ name, dtype, shape }: TensorInfo): WorkspaceInfo {
  const elements: Formula = shape.length === 0 ? "1" : shape.map((f) => `(${f})`).join(" * ");
  return { name, dtype, elements };
}
