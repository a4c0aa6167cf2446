// Parts of a kernel: some of its results, with what they need.

import { type Kernel, rootsOf, type Stage } from "./kernel.ts";
import { visit } from "./walk.ts";

/** The stages that these results are computed from, in the kernel's order. */
export function stagesFor(kernel: Kernel, outputs: readonly string[]): readonly Stage[] {
  const needed = new Set(outputs);
  const found = kernel.stages.toReversed().filter((stage) => {
    if (!needed.has(stage.name)) return false;
    visit(rootsOf(stage), (e) => {
      if (e.kind === "read") needed.add(e.from);
    });
    return true;
  });
  return found.toReversed();
}

/** The kernel that gives only these of its results; it takes the same tensors. */
export function selectOutputs(kernel: Kernel, outputs: readonly string[]): Kernel {
  const kept = kernel.outputs.filter((name) => outputs.includes(name));
  if (kept.length === kernel.outputs.length) return kernel;
  return { ...kernel, stages: stagesFor(kernel, kept), outputs: kept };
}

/** The results that are computed without adding to elements which an index chooses. */
export const gatheredOutputs = (kernel: Kernel): readonly string[] =>
  kernel.outputs.filter((name) =>
    stagesFor(kernel, [name]).every((stage) => stage.kind === "gather"),
  );
