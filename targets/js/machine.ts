import type { TargetMachine } from "../contract/machine.ts";
import { openJs } from "./executor.ts";

const open = async () => openJs();

/** JavaScript runs wherever Node or a browser does. */
export const machine: TargetMachine = {
  open: [open],
  probes: [{ what: "js in Node", opens: open }],
  platforms: [
    { system: "Linux", how: "Node 20 (x64)", executed: "executed" },
    { system: "macOS", how: "Node 20", executed: "never executed" },
    { system: "Windows", how: "Node 20", executed: "never executed" },
    { system: "browsers", how: "Chromium", executed: "executed" },
  ],
};
