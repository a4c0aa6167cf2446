// The names of numbers in all formulas of an entry: options may be constants of other names on a target.

import type { Entry, Formula, Step } from "./program.ts";

/** An entry whose formulas say `names.get(name)` where they say a name that is in `names`. */
export function renameInFormulas(entry: Entry, names: ReadonlyMap<string, string>): Entry {
  if (names.size === 0) return entry;
  const of = (formula: Formula): Formula =>
    formula.replace(/[A-Za-z_]\w*/g, (name) => names.get(name) ?? name);
  const inStep = (step: Step): Step => {
    if (step.kind === "fill") return step;
    const { groups, parallel } = step;
    return { ...step, groups: of(groups), ...(parallel && { parallel: of(parallel) }) };
  };
  const { tensors, workspaces, sizes, bounds, steps, repeats } = entry;
  const inNumber = <N extends { readonly is: Formula }>(n: N): N => ({ ...n, is: of(n.is) });
  return {
    ...entry,
    tensors: tensors.map((tensor) => ({ ...tensor, shape: tensor.shape.map(of) })),
    workspaces: workspaces.map((space) => ({ ...space, elements: of(space.elements) })),
    sizes: sizes.map(inNumber),
    ...(bounds && { bounds: bounds.map(of) }),
    steps: steps.map(inStep),
    ...(repeats && {
      repeats: repeats.map(({ times, numbers }) => ({
        times: of(times),
        numbers: numbers.map(inNumber),
      })),
    }),
  };
}
