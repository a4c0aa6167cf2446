import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that share a process, and with it the modules they import and the operators that were read: loading and reading
 * took half as long as their tests. Several groups, since what is kept for all of one is a burden to its collector.
 */
const shared: Readonly<Record<string, readonly string[]>> = {
  "unit a-b": ["test/unit/[a-b]*.test.ts"],
  "unit c": ["test/unit/c*.test.ts"],
  "unit d-o": ["test/unit/[d-o]*.test.ts"],
  "unit p-z": ["test/unit/[p-z]*.test.ts"],
  language: ["test/*.test.ts", "test/{declarations,snapshot,types}/*.test.ts"],
};

/** The folders with the longest files, which start first so that no worker ends long after the other. */
const longest = ["adapters", "crosscheck", "cli", "property", "tune", "browser"];

const rank = ({ moduleId }: TestSpecification): number => {
  const folder = relative("test", moduleId).split("/")[0]!;
  return (longest.indexOf(folder) + longest.length + 1) % (longest.length + 1);
};

/** Longest folders first, and those of one project together, so that its processes are kept. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: "forks",
    // One file at a time, as is usual on two cores, would leave one of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          // All others: they need much memory, or change what files of their process would see, or are new.
          name: "apart",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...Object.values(shared).flat()],
        },
      },
      ...Object.entries(shared).map(([name, include]) => ({
        extends: true as const,
        test: { name, include: [...include], isolate: false },
      })),
    ],
  },
});
