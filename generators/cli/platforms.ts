// What each operating system supports, and what of it the authors have executed.

import type { Platform } from "../../targets/contract/machine.ts";
import { targets } from "../../targets/registry.ts";
import { machineOf } from "./executors.ts";

const systems: readonly Platform["system"][] = ["Linux", "macOS", "Windows", "browsers"];

/** Every way there is, system by system. */
export const platforms: readonly (Platform & { readonly target: string })[] = systems.flatMap(
  (system) =>
    targets.flatMap(({ name: target }) =>
      machineOf(target)
        .platforms.filter((platform) => platform.system === system)
        .map(({ how, executed }) => ({ system, target, how, executed })),
    ),
);
