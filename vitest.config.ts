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
  "command line": [
    "test/cli/{accumulate,bad-input,bind,no-gradient,resources,run-overwrite}.test.ts",
  ],
  language: ["test/*.test.ts", "test/{declarations,snapshot,types}/*.test.ts"],
};

/** What starts first, so that no worker ends long after the other: the longest files by seconds, then folders. */
const longest: readonly string[] = [
  "crosscheck/golden.test.ts",
  "crosscheck/races-cuda.test.ts",
  "crosscheck/mutants.test.ts",
  "crosscheck/ptx.test.ts",
  "cli/run-grad.test.ts",
  "crosscheck/races-plan.test.ts",
  "crosscheck/budgets.test.ts",
  "crosscheck/slabs.test.ts",
  "crosscheck/contract.test.ts",
  "crosscheck/gradients.test.ts",
  "adapters/tfjs-operators.test.ts",
  "cli/tarball.test.ts",
  "crosscheck/reference.test.ts",
  "property/gradients.test.ts",
  "adapters",
  "crosscheck",
  "cli",
  "property",
  "tune",
  "browser",
];

const rank = ({ moduleId, project }: TestSpecification): number => {
  // Groups come last: their files are short.
  if (project.name !== "apart") return longest.length;
  const path = relative("test", moduleId).replaceAll("\\", "/");
  const place = longest.findIndex((each) => path === each || path.startsWith(`${each}/`));
  return place < 0 ? longest.length : place;
};

/** Longest files first, and those of one project together, so that its processes are kept. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const names = [...new Set(sorted.map(({ project }) => project.name))];
    return sorted.sort(
      (a, b) => rank(a) - rank(b) || names.indexOf(a.project.name) - names.indexOf(b.project.name),
    );
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
