// Runs C kernels for values, some of the same jobs under sanitizers, and with everything asked for all of them so,
// and again as a build in which a multiplication and an addition are never one.

import type { Executor, Job, Program, Unavailable } from "../contract/program.ts";
import { openC } from "./executor.ts";

/** Jobs of an entry point that run under sanitizers where not all of them do. */
const most = 4;

/** Opens C for values, with the builds that find what values do not show where the compiler has them. */
export async function openCheckedC(all: boolean): Promise<Executor | Unavailable> {
  const values = await openC();
  if ("unavailable" in values) return values;
  const memory = await openC({ build: "memory" });
  const strict = all ? await openC({ build: "strict" }) : undefined;
  const counts = new Map<string, number>();
  const isChosen = ({ entry, source }: Program): boolean => {
    const key = JSON.stringify([entry.name, source]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return all || counts.get(key)! <= most;
  };
  const share = all ? "all jobs" : `${most} jobs of each entry point`;
  const { device } = values;
  return {
    device: {
      ...device,
      device:
        "unavailable" in memory
          ? `${device.device}; no memory check: ${memory.unavailable}`
          : `${device.device}; memory checked`,
      driver: "unavailable" in memory ? device.driver : `${device.driver}; sanitizers for ${share}`,
    },
    async run(program: Program, job: Job) {
      const results = await values.run(program, job);
      if (!("unavailable" in memory) && isChosen(program)) await memory.run(program, job);
      return results;
    },
    async runAgain(program, job) {
      if (!strict || "unavailable" in strict) return [];
      return [{ by: "c without contraction", outputs: await strict.run(program, job) }];
    },
    async close() {
      for (const executor of [values, memory, strict])
        if (executor && !("unavailable" in executor)) await executor.close();
    },
  };
}
