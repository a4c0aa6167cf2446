// Properties of gradients over arbitrary shapes, attributes, options and odd coordinates: the JavaScript kernels
// agree with the interpreter within derived bounds, the interpreter with differences of the declaration where
// the case is small, and nothing flows through coordinates that are NaN, infinite or huge. A failure shrinks, and
// ends with the command that shows it again. WARPWEAVE_RUNS sets how many cases each operator has.

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { crosscheck, type Request } from "../../generators/check/crosscheck.ts";
import { differencesLaw } from "../../generators/check/differences.ts";
import { interpreterOracle } from "../../generators/check/oracles.ts";
import { wildLaw } from "../../generators/check/wild.ts";
import { gradientSubject } from "../../generators/cli/gradients.ts";
import { openOperators } from "../../generators/cli/operators.ts";
import { makeGradientRunners } from "../../generators/cli/runners.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { loadReference } from "../../generators/frontend/reference.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { arbitraryCases } from "./arbitrary.ts";

const operators = openOperators([]);
const executor = openJs();
afterAll(() => executor.close());

/** About 200 in all, whatever operators there are. */
const numRuns = Number(process.env.WARPWEAVE_RUNS ?? Math.ceil(200 / operators.length));
const seed = Number(process.env.WARPWEAVE_SEED ?? 1);

async function requestFor(operator: Operator): Promise<Request> {
  const subject = gradientSubject(operator);
  if (!subject) throw new Error(`${operator.name} has no gradients`);
  const wild = wildLaw(subject, operator.differentiable);
  const differences = differencesLaw(operator, await loadReference(operator.path), subject);
  return {
    subject,
    oracles: [interpreterOracle(subject)],
    laws: wild ? [differences, wild] : [differences],
    targets: makeGradientRunners(operator, js, executor, false).runners,
    count: 0,
    seed: 0,
    variants: "pairwise",
    command: operator.name,
  };
}

/** Checks one case; throws what is wrong with the command that shows it again. */
async function checkCase(request: Request, id: string) {
  const record = await crosscheck({ ...request, only: id });
  const { failures, laws, targets } = record;
  for (const { message, command } of [
    failures,
    ...[...laws, ...targets].map((r) => r.failures),
  ].flat())
    throw new Error(`${message}\nTo see it again: ${command}`);
  return record;
}

describe.each(operators.map((o) => [o.name, o] as const))("%s", (_, operator) => {
  it("has gradients that agree in every form", async () => {
    const request = await requestFor(operator);
    let [compared, moved] = [0, 0];
    const property = fc.asyncProperty(arbitraryCases(request.subject), async (id) => {
      const { skipped, laws } = await checkCase(request, id);
      if (skipped.length === 0) compared++;
      moved += laws[0]!.elements;
    });
    await fc.assert(property, { numRuns, seed });
    // The others hang on decisions within rounding, whatever is drawn.
    expect(compared).toBeGreaterThan(0.85 * numRuns);
    expect(moved).toBeGreaterThan(0);
  }, 240_000);
});

describe("gradients that are wrong for wide windows", () => {
  it("are found, shrunk, and shown again by the command in the report", async () => {
    const request = await requestFor(operators.find(({ name }) => name === "conv2d")!);
    const [right] = request.targets;
    const wrong: Request = {
      ...request,
      targets: [
        {
          ...right!,
          run: async (of) => {
            const { grad_weight, ...others } = await right!.run(of);
            const off = of.numbers.sizes.KW! > 1 ? 0.5 : 0;
            return {
              ...others,
              grad_weight: { data: Array.from(grad_weight!.data, (v) => v + off) },
            };
          },
        },
      ],
    };
    const property = fc.asyncProperty(arbitraryCases(request.subject), async (id) => {
      await checkCase(wrong, id);
    });
    const found = await fc.check(property, { numRuns: 50, seed: 1 });
    const [id] = found.counterexample ?? [];
    expect(id).toMatch(/^none\/made\/N=[01],C=1,H=1,W=[12],O=1,I=1,KH=1,KW=2\/stride.y=1,/);
    expect(String(found.errorInstance)).toContain(
      `npx warpweave check conv2d --grad --target js --case ${id}`,
    );
    await expect(checkCase(request, id!)).resolves.toMatchObject({ failures: [] });
  }, 120_000);
});
