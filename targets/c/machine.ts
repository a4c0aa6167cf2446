import type { TargetMachine } from "../contract/machine.ts";
import { openCheckedC } from "./checked.ts";
import { openC } from "./executor.ts";

/** C on the CPU, by the machine's own compiler. */
export const machine: TargetMachine = {
  open: [() => openC(), () => openC({ threads: 2 })],
  openToCheck: openCheckedC,
  openThreads: (threads) => openC({ threads }),
  probes: [
    { what: "c on the CPU", opens: () => openC() },
    { what: "c memory check", opens: () => openC({ build: "memory" }) },
    { what: "c on the CPU, 2 threads", opens: () => openC({ threads: 2 }) },
  ],
  platforms: [
    { system: "Linux", how: "gcc (x64)", executed: "executed" },
    { system: "Linux", how: "gcc (arm64), clang", executed: "never executed" },
    { system: "macOS", how: "clang", executed: "never executed" },
  ],
};
