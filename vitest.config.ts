import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that change what other files of their process would see: each has a process of its own. */
const apart = ["test/adapters/*.test.ts"];

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
      { extends: true, test: { name: "apart", include: apart } },
      {
        extends: true,
        test: {
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...apart],
          // Files of one process share the modules they import, and with them the operators that were read
          // and what was compiled of them: loading and reading took half as long as all tests.
          isolate: false,
        },
      },
    ],
  },
});
