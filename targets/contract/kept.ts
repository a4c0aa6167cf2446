// What of an entry's work depends on some inputs alone, so that calls in which these stay the same need it once.

import type { Entry, LaunchStep, Step, WorkspaceInfo } from "./program.ts";

/** The buffers that a launch leaves changed, and those whose content it goes by. */
const usesOf = ({ buffers }: LaunchStep) => ({
  writes: buffers.filter(({ access }) => access !== "read"),
  reads: buffers.filter(({ access }) => access !== "write"),
});

/**
 * The inputs alone that workspaces depend on (with the call's scalars and constants), by name: of those that every
 * step which changes them only fills, out of such inputs and workspaces.
 */
export function originsOf({
  steps,
  workspaces,
  tensors,
}: Pick<Entry, "steps" | "workspaces" | "tensors">): ReadonlyMap<string, readonly string[]> {
  const inputs = tensors.filter(({ role }) => role === "input").map(({ name }) => name);
  const shared = workspaces.filter(({ perWorker }) => perWorker !== true).map(({ name }) => name);
  const found = new Map<string, ReadonlySet<string>>(inputs.map((name) => [name, new Set([name])]));
  const spoiled = new Set<string>();
  for (const step of steps) {
    if (step.kind === "fill") {
      spoiled.add(step.buffer);
      continue;
    }
    const { writes, reads } = usesOf(step);
    const isKept = (name: string): boolean => found.has(name) && !spoiled.has(name);
    // Memory that each turn of a repetition makes anew does not keep what it holds.
    const isOnce = step.repeat === undefined;
    const own =
      isOnce && writes.every(({ name, access }) => access === "write" && shared.includes(name));
    if (own && reads.every(({ name }) => isKept(name))) {
      const of = reads.flatMap(({ name }) => [...found.get(name)!]);
      for (const { name } of writes) found.set(name, new Set([...(found.get(name) ?? []), ...of]));
    } else for (const { name } of writes) spoiled.add(name);
  }
  const kept = shared.filter((name) => found.has(name) && !spoiled.has(name));
  return new Map(
    kept.map((name) => [name, inputs.filter((input) => found.get(name)!.has(input))] as const),
  );
}

/** The steps that inputs need once which stay the same, and those of each call. */
export interface KeptSteps {
  readonly once: readonly Step[];
  readonly each: readonly Step[];
}

/** Parts the steps of an entry by what depends on the `constant` inputs alone. */
export function partSteps(
  { steps, workspaces }: Pick<Entry, "steps" | "workspaces">,
  constant: readonly string[],
): KeptSteps {
  const isKept = ({ from }: WorkspaceInfo): boolean =>
    from?.every((name) => constant.includes(name)) ?? false;
  const kept = new Set(workspaces.filter(isKept).map(({ name }) => name));
  const isOnce = (step: Step): boolean =>
    step.kind === "launch" && usesOf(step).writes.every(({ name }) => kept.has(name));
  return { once: steps.filter(isOnce), each: steps.filter((step) => !isOnce(step)) };
}

/** The inputs among these names; throws one sentence where one is none. */
export function requireConstant(
  { name: entry, tensors }: Pick<Entry, "name" | "tensors">,
  names: readonly string[] = [],
): readonly string[] {
  const inputs = tensors.filter(({ role }) => role === "input").map(({ name }) => name);
  const unknown = names.find((name) => !inputs.includes(name));
  if (unknown !== undefined)
    throw new RangeError(
      `${entry} takes no tensor ${unknown} that could be constant; it takes ${inputs.join(", ")}.`,
    );
  return names;
}
