import { describe, expect, it } from "vitest";
import { listCases } from "../../generators/check/cases.ts";
import { crosscheck, type TargetRunner } from "../../generators/check/crosscheck.ts";
import type { Failure } from "../../generators/check/ledger.ts";
import { interpreterOracle } from "../../generators/check/oracles.ts";
import { pairwiseVariants } from "../../generators/check/variants.ts";
import { gradientSubject } from "../../generators/cli/gradients.ts";
import { makeGradientRunners } from "../../generators/cli/runners.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { waysOf } from "./targets.fixtures.ts";

// Gradients in slabs so small that the cases of a check have several of them, on every target that makes slabs.

const path = new URL("../../dsl/ops/deform_conv2d.ts", import.meta.url).pathname;
const operator = { ...readOperator(path), variants: [["mask", "bias"]] };
const subject = gradientSubject(operator)!;
/** What options are chosen does not change how many turns there are. */
const [variant] = pairwiseVariants(subject);

/** Those of a target that run small slabs. */
const small = (runners: readonly TargetRunner[]): readonly TargetRunner[] =>
  runners.filter(({ lowering }) => lowering?.endsWith("in small slabs"));

/** The first way of running each: the others differ in what they look for, not in the turns. */
const ways = waysOf(["js", "c", "wasm", "wgsl", "cuda"]).filter(
  ({ name, target }) => name === target.name,
);

describe.each(ways.map((way) => [way.name, way] as const))("%s", { timeout: 300_000 }, (_, way) => {
  it("agrees in every case, some of which run several turns", async (context) => {
    const executor = await way.open();
    if (typeof executor === "string") return context.skip(executor);
    try {
      const { runners } = makeGradientRunners(operator, way.target, executor, true);
      const [runner, ...more] = small(runners);
      expect(more).toEqual([]);
      const turns: number[] = [];
      const counted: TargetRunner = {
        ...runner!,
        async run(of) {
          const launches = runner!.launches!(of).map(({ launch }) => launch);
          turns.push(Math.max(...launches.map((l) => launches.filter((o) => o === l).length)));
          return runner!.run(of);
        },
      };
      const found: Failure[] = [];
      for (const only of listCases(subject, variant!, 0, 0)) {
        const { failures, targets } = await crosscheck({
          subject,
          oracles: [interpreterOracle(subject)],
          targets: [counted],
          count: 0,
          seed: 0,
          variants: "pairwise",
          only,
          command: "deform_conv2d",
        });
        found.push(...failures, ...targets.flatMap((t) => t.failures));
      }
      expect(found.map(({ message }) => message)).toEqual([]);
      // One slab, a few, and some for each row of each image.
      expect(turns).toContain(1);
      expect(Math.max(...turns)).toBeGreaterThan(4);
    } finally {
      await executor.close();
    }
  });
});
