// Contenders as benchmarks must not meet them: `open` says which kind by its options.

import { open as openPlain } from "../../bench/peers/plain.ts";
import type { Computer, Open } from "../../generators/measure/worker/serve.ts";

export const open: Open = async (threads, options) => {
  if (options === "missing") return { unavailable: "it is not here", install: "npm install it" };
  const plain = (await openPlain(threads, "naive_cols")) as Computer;
  return {
    ...plain,
    async prepare(work, folder) {
      const running = await plain.prepare(work, folder);
      if ("unsupported" in running) return running;
      const [mode] = running.modes;
      let runs = 0;
      const run = () => {
        runs++;
        if (options === "dies" && runs > 1) process.exit(3);
        return mode.run();
      };
      const read = async () => {
        const { output } = await mode.read();
        const values = Float32Array.from(output!);
        if (options === "wrong") values[7]! += 0.1;
        return { output: values };
      };
      return { ...running, modes: [{ ...mode, run, read }] };
    },
  };
};
