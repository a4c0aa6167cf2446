// Every way of running every target on this machine; what cannot run is printed with the reason.

import { explainUnavailable, openersOf, runnable } from "../../generators/cli/executors.ts";
import { parseTarget } from "../../generators/cli/targets.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { Executor } from "../../targets/contract/program.ts";

/** One way of running a target: `gpujs 1` is its second. */
export interface Way {
  readonly name: string;
  readonly target: Target;
  /** The executor, or why there is none. */
  open(): Promise<Executor | string>;
}

/** All of them, those of the targets named. */
export const waysOf = (names: readonly string[] = runnable): readonly Way[] =>
  names.flatMap((name) =>
    openersOf(name).map((opener, i) => ({
      name: i === 0 ? name : `${name} ${i}`,
      target: parseTarget(name),
      open: async () => {
        const opened = await opener();
        if (!("unavailable" in opened)) return opened;
        const reason = explainUnavailable(opened);
        console.warn(`skipped: ${name}: ${reason}`);
        return reason;
      },
    })),
  );
