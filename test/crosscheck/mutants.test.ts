// Kernels wrong in one place must be told from the right one by the cases of a cross-check. What survives
// is equivalent, for a reason given in equivalents.ts.

import { describe, expect, it } from "vitest";
import { type Case, type CaseKind, drawCase, listCases } from "../../generators/check/cases.ts";
import { bendQuotients, findSurvivors, mutate } from "../../generators/check/mutate.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { allVariants, nameVariant, type Variant } from "../../generators/check/variants.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { bindKernel } from "../../generators/ir/bind.ts";
import { dumpExpr } from "../../generators/ir/dump.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { equivalents } from "./equivalents.ts";

/** One operator with some of its optional tensors, and kinds of cases drawn more than once for it. */
interface Job {
  readonly operator: string;
  readonly present: readonly string[];
  readonly more: Readonly<Partial<Record<CaseKind, number>>>;
  /** Some of the choices of options that tell all of it, where all choices would take long. */
  readonly choices?: RegExp;
  /** Further cases by name. */
  readonly named?: readonly string[];
  /** The least number of mutants, so that the test cannot lose them unseen. */
  readonly mutants: number;
}

/** Small boxes, turned over or not, with two samples across: some begin exactly at the border and lead out. */
const atBorder = Array.from(
  { length: 12 },
  (_, seed) =>
    "none,aligned=true,mode=max/made/N=1,C=1,H=3,W=3,R=41/output_size.y=1,output_size.x=1," +
    `spatial_scale=1,sampling_ratio=2/edge/negative/${seed}`,
);

/** Many boxes that are turned: with one sample in the middle, at the border or not; and infinitely tall ones. */
const turnedAtBorder = [
  "none,aligned=false,clockwise=true,angle=degrees/made/N=1,C=1,H=2,W=2,R=200/output_size.y=1," +
    "output_size.x=1,spatial_scale=1,sampling_ratio=1/edge/negative/0",
  "none,aligned=true,clockwise=false,angle=radians/made/N=1,C=1,H=3,W=3,R=400/output_size.y=1," +
    "output_size.x=1,spatial_scale=1,sampling_ratio=0/infinite/random/0",
];

/** Many levels, some of which are no levels, with starts and sizes that are none or nearly fit. */
const oddLevels = ["huge/random/0", "huge/random/1", "huge/random/2", "infinite/random/0"].map(
  (kind) => `none/made/B=1,S=60,M=1,D=1,L=12,Q=3,P=4/-/${kind}`,
);

const boxes = { edge: 1, negativeEdge: 5, degenerate: 1, indices: 2, infinite: 4 };
const jobs: readonly Job[] = [
  { operator: "conv2d", present: ["bias"], more: {}, mutants: 10 },
  { operator: "deform_conv2d", present: ["mask", "bias"], more: { random: 2 }, mutants: 100 },
  { operator: "roi_align", present: [], more: boxes, named: atBorder, mutants: 200 },
  { operator: "roi_pool", present: [], more: boxes, mutants: 200 },
  { operator: "roi_pool", present: ["offset"], more: boxes, mutants: 200 },
  {
    operator: "roi_align_rotated",
    present: [],
    more: { indices: 1, infinite: 2 },
    choices: /aligned=(false,clockwise=true,angle=degrees|true,clockwise=false,angle=radians)/,
    named: turnedAtBorder,
    mutants: 150,
  },
  { operator: "prroi_pool", present: [], more: boxes, mutants: 100 },
  { operator: "ps_roi_pool", present: [], more: boxes, mutants: 150 },
  { operator: "ps_roi_align", present: [], more: boxes, mutants: 100 },
  { operator: "deform_ps_roi_pool", present: ["trans"], more: boxes, mutants: 150 },
  { operator: "deform_roi_pool", present: ["offset"], more: boxes, mutants: 190 },
  { operator: "grid_sample", present: [], more: {}, mutants: 130 },
  { operator: "dcn_v3", present: [], more: {}, mutants: 70 },
  { operator: "dcn_v4", present: [], more: {}, mutants: 120 },
  { operator: "ms_deform_attn", present: [], more: {}, named: oddLevels, mutants: 140 },
];
const names = [...new Set(jobs.map(({ operator }) => operator))];
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));

function casesOf(operator: Operator, job: Job): readonly Case[] {
  const { present, more, choices = /^/, named = [] } = job;
  const all = allVariants(operator);
  const extra = (variant: Variant): readonly string[] =>
    Object.entries(more).flatMap(([kind, count]) =>
      Array.from({ length: count }, (_, i) => `${nameVariant(operator, variant)}/${kind}/${i + 1}`),
    );
  return all
    .filter((variant) => variant.present.join() === present.join())
    .filter((variant) => choices.test(nameVariant(operator, variant)))
    .flatMap((variant) => [...listCases(operator, variant, 1), ...extra(variant)])
    .concat(named)
    .map((id) => drawCase(operator, id, all))
    .filter((drawn) => "inputs" in drawn)
    .filter(({ kind }) => kind !== "empty");
}

/** The kernel without what this choice of tensors rules out: a moved bin has no maximum. */
function kernelOf(operator: Operator, present: readonly string[]): Kernel {
  const kernel = operator.kernel(present);
  const moved = operator.name === "roi_pool" && present.includes("offset");
  return moved ? bindKernel(kernel, { options: { reduce: 1 } }) : kernel;
}

describe.each(jobs.map((job) => [`${job.operator} ${job.present}`, job] as const))(
  "%s",
  (_, job) => {
    const operator = operators.find((o) => o.name === job.operator)!;
    const kernel = kernelOf(operator, job.present);
    const cases = casesOf(operator, job);

    const isEquivalent = (what: string, node: string): boolean =>
      equivalents.some(
        (e) => (e.of ?? job.operator) === job.operator && e.what.test(what) && e.node.test(node),
      );

    it("has no mutant that the cases do not find", () => {
      const mutants = mutate(kernel);
      expect(mutants.length).toBeGreaterThanOrEqual(job.mutants);
      const unexplained = findSurvivors(kernel, mutants, cases, rulesOf.cuda).filter(
        ({ what, node }) => !isEquivalent(what, dumpExpr(kernel, node)),
      );
      // Guards against inexact division are seen where division is: off by up to 2.5 ulp in WGSL.
      const plain = cases.filter(({ kind }) => kind === "sample" || kind === "random");
      const left = [2 ** -22, -(2 ** -22)].reduce((alive, by) => {
        const bent = alive.map((m) => ({ ...m, kernel: bendQuotients(m.kernel, by) }));
        const unseen = findSurvivors(bendQuotients(kernel, by), bent, plain, rulesOf.cuda);
        return alive.filter((m) => unseen.some((u) => u.node === m.node && u.what === m.what));
      }, unexplained);
      expect(left.map(({ what, node }) => ({ what, node: dumpExpr(kernel, node) }))).toEqual([]);
    }, 120_000);

    it("keeps mutants alive where the cases are too few", () => {
      const [first] = cases.filter(({ kind }) => kind === "ones");
      expect(findSurvivors(kernel, mutate(kernel), [first!], rulesOf.cuda).length).toBeGreaterThan(
        0,
      );
    });
  },
);
