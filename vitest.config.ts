import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: "forks",
    // One file at a time, as is usual on two cores, would leave one of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
