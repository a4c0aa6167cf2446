// What of a kernel's work depends on a layer's parameters alone, so that a caller could do it once.

import type { Entry, Step } from "../../../targets/contract/program.ts";

/** The steps that write workspaces out of nothing but these tensors and one another. */
export function packingSteps({ steps, workspaces }: Entry, constants: readonly string[]) {
  const known = new Set(constants);
  const inner = new Set(workspaces.map(({ name }) => name));
  return steps.filter((step): step is Step & { readonly kind: "launch" } => {
    if (step.kind === "fill") return false;
    const writes = step.buffers.filter(({ access }) => access !== "read");
    const reads = step.buffers.filter(({ access }) => access !== "write");
    // What is added to would have to be empty before.
    const isPacking =
      writes.every(({ name, access }) => access === "write" && inner.has(name)) &&
      reads.every(({ name }) => known.has(name));
    if (isPacking) for (const { name } of writes) known.add(name);
    return isPacking;
  });
}
