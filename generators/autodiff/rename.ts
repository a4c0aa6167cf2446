// A kernel that is itself a backward has stages named grad_…; its own backward needs these names anew.

import { read } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import { makeMapper, mapNames, mapStage } from "../ir/map.ts";
import { gradOf } from "./places.ts";

/** A kernel whose stages leave the names of gradients free, and how the gradient of an output is called. */
export interface Aside {
  readonly kernel: Kernel;
  /** By the name of the output's stage in `kernel`. */
  readonly given: (output: string) => string;
}

/** `kernel` with every stage that is named as a gradient is called otherwise. */
export function setAside(kernel: Kernel): Aside {
  const taken = new Set(kernel.stages.map((stage) => stage.name));
  const names = new Map<string, string>();
  for (const name of taken) {
    if (!name.startsWith(gradOf(""))) continue;
    let fresh = `first_${name}`;
    while (taken.has(fresh)) fresh = `first_${fresh}`;
    names.set(name, fresh);
  }
  if (names.size === 0) return { kernel, given: gradOf };
  const mapper = makeMapper({
    node: (e) => {
      const to = e.kind === "read" && e.axes.length === 0 ? names.get(e.from) : undefined;
      return e.kind === "read" && to !== undefined ? read({ ...e, from: to }) : e;
    },
  });
  const original = new Map([...names].map(([from, to]) => [to, from]));
  return {
    kernel: {
      ...kernel,
      stages: kernel.stages.map((stage) => ({
        ...mapStage(stage, mapper),
        name: names.get(stage.name) ?? stage.name,
      })),
      outputs: kernel.outputs.map((name) => names.get(name) ?? name),
      names: mapNames(kernel, mapper),
    },
    given: (output) => gradOf(original.get(output) ?? output),
  };
}
