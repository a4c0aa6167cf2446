// Properties of the operators over arbitrary shapes, attributes, options and odd coordinates: the float64 runs
// agree among themselves and with plain loops, and the JavaScript kernels agree within derived bounds. A failure
// shrinks, and ends with the command that shows it again. WARPWEAVE_RUNS sets how many cases each operator has,
// WARPWEAVE_SEED which ones.

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { drawCase } from "../../generators/check/cases.ts";
import { crosscheck, type Oracle, type Request } from "../../generators/check/crosscheck.ts";
import { declarationOracle, interpreterOracle } from "../../generators/check/oracles.ts";
import { allVariants } from "../../generators/check/variants.ts";
import { makeRunner } from "../../generators/cli/runners.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference } from "../../generators/frontend/reference.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { makeArray } from "../reference/array.ts";
import { type OperatorName, references } from "../reference/index.ts";
import { arbitraryCases } from "./arbitrary.ts";

const names = Object.keys(references) as OperatorName[];
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));
const executor = openJs();
afterAll(() => executor.close());

/** About 500 in all, whatever operators there are. */
const numRuns = Number(process.env.WARPWEAVE_RUNS ?? Math.ceil(500 / operators.length));
const seed = Number(process.env.WARPWEAVE_SEED ?? 1);

const plainLoops = (operator: Operator): Oracle => ({
  name: "plain loops",
  exact: "order",
  run: ({ inputs, attrs }) => {
    const arrays = Object.entries(inputs).map(([name, { shape, data }]) => [
      name,
      makeArray(shape, data),
    ]);
    return { output: references[operator.name as OperatorName](Object.fromEntries(arrays), attrs) };
  },
});

async function requestFor(operator: Operator): Promise<Request> {
  const declaration = declarationOracle(operator, await loadReference(operator.path));
  return {
    subject: operator,
    oracles: [declaration, interpreterOracle(operator), plainLoops(operator)],
    targets: [makeRunner(operator, js, executor)],
    count: 0,
    seed: 0,
    variants: "pairwise",
    command: operator.name,
  };
}

/** Checks one case; throws what is wrong with the command that shows it again. Was it compared? */
async function checkCase(request: Request, id: string): Promise<boolean> {
  const { failures, targets, skipped } = await crosscheck({ ...request, only: id });
  for (const { message, command } of [...failures, ...targets.flatMap((t) => t.failures)])
    throw new Error(`${message}\nTo see it again: ${command}`);
  return skipped.length === 0;
}

describe.each(operators.map((o) => [o.name, o] as const))("%s", (_, operator) => {
  it("agrees with itself in every form", async () => {
    const request = await requestFor(operator);
    let compared = 0;
    const property = fc.asyncProperty(arbitraryCases(operator), async (id) => {
      if (await checkCase(request, id)) compared++;
    });
    await fc.assert(property, { numRuns, seed });
    // The others hang on decisions within rounding, whatever is drawn.
    expect(compared).toBeGreaterThan(0.9 * numRuns);
  });
});

describe("a kernel that is wrong for wide windows", () => {
  const operator = operators.find((o) => o.name === "conv2d")!;

  it("is found, shrunk, and shown again by the command in the report", async () => {
    const request = await requestFor(operator);
    const [right] = request.targets;
    const wrong: Request = {
      ...request,
      targets: [
        {
          ...right!,
          run: async (of) => {
            const { output } = await right!.run(of);
            const off = of.numbers.sizes.KW! > 1 ? 0.5 : 0;
            return { output: { data: Array.from(output!.data, (v) => v + off) } };
          },
        },
      ],
    };
    const property = fc.asyncProperty(arbitraryCases(operator), async (id) => {
      await checkCase(wrong, id);
    });
    const found = await fc.check(property, { numRuns: 100, seed: 1 });
    const [id] = found.counterexample ?? [];
    expect(id).toMatch(
      /^none\/made\/N=1,C=1,H=1,W=[12],O=1,I=1,KH=1,KW=2\/stride.y=1,.*\/random\/random\/0$/,
    );
    expect(String(found.errorInstance)).toContain(
      `npx warpweave check conv2d --target js --case ${id}`,
    );
    await expect(checkCase(wrong, id!)).rejects.toThrow("but must be");
    await expect(checkCase(request, id!)).resolves.toBe(true);
  });
});

describe("names of made cases", () => {
  it("that say nothing, or something impossible, are refused", () => {
    const [operator] = operators as [Operator];
    const all = allVariants(operator);
    const sizes = "N=1,C=2,H=3,W=3,O=1,I=2,KH=1,KW=1";
    const attrs =
      "stride.y=1,stride.x=1,padding.top=0,padding.left=0,padding.bottom=0,padding.right=0," +
      "dilation.y=1,dilation.x=1";
    const draw = (...parts: readonly string[]) =>
      drawCase(operator, ["none/made", ...parts].join("/"), all);
    expect(draw(sizes, attrs, "random", "dyadic", "3")).toHaveProperty("inputs.input");
    expect(() => draw(sizes, attrs, "random", "dyadic")).toThrow("is not the name of a case");
    expect(() => draw(sizes, attrs, "odd", "dyadic", "3")).toThrow("is not the name of a case");
    expect(() => draw("N=1", attrs, "random", "dyadic", "3")).toThrow("must name N, C, H, W");
    expect(() => draw("N", attrs, "random", "dyadic", "3")).toThrow("not of the form name=number");
    const narrow = sizes.replace("KW=1", "KW=5");
    expect(() => draw(narrow, attrs, "random", "dyadic", "3")).toThrow("conv2d refuses");
  });
});
