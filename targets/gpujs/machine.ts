import type { TargetMachine } from "../contract/machine.ts";
import { openGpujs } from "./executor.ts";

const onCpu = () => openGpujs({ mode: "cpu" });

/** gpu.js in the best mode that Node offers, and in plain JavaScript. */
export const machine: TargetMachine = {
  open: [openGpujs, onCpu],
  probes: [
    { what: "gpu.js", opens: openGpujs },
    { what: "gpu.js, CPU mode", opens: onCpu },
  ],
  platforms: [
    { system: "Linux", how: "Node 20 (x64)", executed: "executed" },
    { system: "macOS", how: "Node 20", executed: "never executed" },
    { system: "Windows", how: "Node 20", executed: "never executed" },
  ],
};
