// The most memory that this process holds at a time, from some moment on.

import { readFileSync, writeFileSync } from "node:fs";

/** Bytes since the memory was marked, or undefined where the system does not tell. */
export interface PeakMemory {
  read(): number | undefined;
}

const statusOf = (name: string): number => {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  );
  if (!found) throw new Error(`/proc/self/status does not say ${name}`);
  return Number(found[1]) * 1024;
};

/**
 * Marks the memory now, without garbage where the process may collect it. Linux forgets its
 * high-water mark when 5 is written to clear_refs (proc(5)).
 */
export function markMemory(): PeakMemory {
  (globalThis as { readonly gc?: () => void }).gc?.();
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    const before = statusOf("VmRSS");
    return { read: () => Math.max(0, statusOf("VmHWM") - before) };
  } catch {
    return { read: () => undefined };
  }
}
