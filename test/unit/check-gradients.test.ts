// The check of gradients: what it draws, what it holds them against, and that it finds what is wrong.

import { afterAll, describe, expect, it } from "vitest";
import { type Case, drawCase, kindsFor, listCases } from "../../generators/check/cases.ts";
import { crosscheck, type Request, type TargetRunner } from "../../generators/check/crosscheck.ts";
import { differencesLaw, nearDecisions } from "../../generators/check/differences.ts";
import type { Results } from "../../generators/check/laws.ts";
import { closeLedger, ledgerToJson } from "../../generators/check/ledger.ts";
import { interpreterOracle } from "../../generators/check/oracles.ts";
import { allVariants, nameVariant, pairwiseVariants } from "../../generators/check/variants.ts";
import { wildLaw } from "../../generators/check/wild.ts";
import { gradientSubject, tensorOf } from "../../generators/cli/gradients.ts";
import { formatLedger } from "../../generators/cli/ledger.ts";
import { makeGradientRunners } from "../../generators/cli/runners.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference } from "../../generators/frontend/reference.ts";
import { openJs } from "../../targets/js/executor.ts";
import { findTarget } from "../../targets/registry.ts";

const executor = openJs();
afterAll(() => executor.close());

const names = ["conv2d", "deform_conv2d", "roi_pool", "roi_align"] as const;
const operators = readOperators(names.map((name) => `${packageRoot}/dsl/ops/${name}.ts`));
const named = (name: string): Operator => operators.find((o) => o.name === name)!;
const subjectOf = (name: string) => gradientSubject(named(name))!;

function draw(name: string, id: string): Case {
  const subject = subjectOf(name);
  const drawn = drawCase(subject, id, allVariants(subject));
  if ("undrawn" in drawn) throw new Error(`${id}: ${drawn.undrawn}`);
  return drawn;
}

const plain = (name: string, kind: string, number = 0): Case =>
  draw(name, `${nameVariant(subjectOf(name), allVariants(subjectOf(name))[0]!)}/${kind}/${number}`);

const gradientsOf = (name: string, of: Case): Results => interpreterOracle(subjectOf(name)).run(of);

describe("cases of gradients", () => {
  it("hold the gradient of the result, some of it 0", () => {
    const { inputs, numbers } = plain("deform_conv2d", "sample");
    const { N, O, OH, OW } = numbers.sizes as Record<"N" | "O" | "OH" | "OW", number>;
    expect(inputs.grad_output!.shape).toEqual([N, O, OH, OW]);
    const zeros = inputs.grad_output!.data.filter((v) => v === 0).length;
    expect(zeros).toBeGreaterThan(0);
    expect(zeros).toBeLessThan(inputs.grad_output!.data.length / 2);
  });

  it("have a kind that is small enough to move every element, which results do not have", () => {
    expect(kindsFor(subjectOf("conv2d"))).toContain("differences");
    expect(kindsFor(named("conv2d"))).not.toContain("differences");
  });

  it("vanish where there are no elements", () => {
    const { expects, numbers } = plain("roi_align", "empty");
    expect(expects).toEqual({ vanishes: true });
    expect([numbers.sizes.R, numbers.sizes.N! > 0]).toEqual([0, true]);
  });

  it.each(names)(
    "of every kind and pair of options can be drawn for %s",
    (name) => {
      const subject = subjectOf(name);
      const all = allVariants(subject);
      // Each kind with a third of the choices, in turn: a draw is judged, so that it takes long.
      for (const [v, variant] of pairwiseVariants(subject).entries())
        for (const id of listCases(subject, variant, 1).filter((_, k) => (k + v) % 3 === 0))
          expect(drawCase(subject, id, all)).not.toHaveProperty("undrawn");
    },
    60_000,
  );
});

describe("elements near a decision", () => {
  const nearOf = (name: string, of: Case, tensor: string, by = 2 ** -10) => {
    const { grad_output: _, ...inputs } = of.inputs;
    const kernel = named(name).kernel(of.variant.present);
    return [...nearDecisions(kernel, inputs, of.numbers, tensor, by)];
  };
  const withData = (of: Case, tensor: string, change: (v: number, i: number) => number): Case => ({
    ...of,
    inputs: {
      ...of.inputs,
      [tensor]: { ...of.inputs[tensor]!, data: of.inputs[tensor]!.data.map(change) },
    },
  });

  it("are offsets at whole coordinates, from either side, and at no others", () => {
    const of = plain("deform_conv2d", "differences");
    const fractions = withData(of, "offset", (v) => Math.floor(v) + 0.25);
    expect(nearOf("deform_conv2d", fractions, "offset")).toEqual([]);
    // One whose position is on the map.
    const slopes = Array.from(gradientsOf("deform_conv2d", fractions).grad_offset!.data, Math.abs);
    const at = slopes.indexOf(Math.max(...slopes));
    const moved = (off: number) =>
      withData(fractions, "offset", (v, i) => (i === at ? Math.floor(v) + off : v));
    for (const off of [0, 2 ** -11, 1 - 2 ** -11])
      expect(nearOf("deform_conv2d", moved(off), "offset")).toEqual([at]);
    const far = moved(2 ** -9);
    expect(nearOf("deform_conv2d", far, "offset")).toEqual([]);
    const whole = withData(of, "offset", () => 0);
    expect(nearOf("deform_conv2d", whole, "weight")).toEqual([]);
    expect(nearOf("deform_conv2d", whole, "input")).toEqual([]);
  });

  it("are the largest elements of a bin where they are nearly equal", () => {
    const of = plain("roi_pool", "sample");
    expect(nameVariant(subjectOf("roi_pool"), of.variant)).toContain("reduce=max");
    const apart = withData(of, "input", (_, i) => i / 4);
    expect(nearOf("roi_pool", apart, "input")).toEqual([]);
    const equal = withData(of, "input", () => 1);
    expect(nearOf("roi_pool", equal, "input").length).toBeGreaterThan(0);
  });
});

describe("differences", () => {
  it.each(names)(
    "are what gradients of %s are, in every pair of choices",
    async (name) => {
      const operator = named(name);
      const subject = subjectOf(name);
      const law = differencesLaw(operator, await loadReference(operator.path), subject);
      for (const variant of pairwiseVariants(subject)) {
        const of = draw(name, `${nameVariant(subject, variant)}/differences/1`);
        expect(law.appliesTo(of)).toBe(true);
        const finding = law.check(of, gradientsOf(name, of));
        expect(finding.messages).toEqual([]);
        expect(finding.compared).toBeGreaterThan(0);
        expect(finding.excluded).toBeLessThan(finding.compared);
        // The bound is derived for the worst; what happens is far below.
        expect(finding.worst.error).toBeLessThan(0.5);
      }
    },
    120_000,
  );

  it.each([
    ["off by a share of 1e-7", (v: number) => v * (1 + 1e-7)],
    ["of the other sign", (v: number) => -v],
    ["0", () => 0],
    ["NaN", () => Number.NaN],
  ])("find an element that is %s", async (_, change) => {
    const operator = named("deform_conv2d");
    const law = differencesLaw(
      operator,
      await loadReference(operator.path),
      subjectOf("deform_conv2d"),
    );
    const of = plain("deform_conv2d", "differences");
    const right = gradientsOf("deform_conv2d", of);
    for (const [name, { data }] of Object.entries(right)) {
      const at = Array.from(data).findIndex((v) => Math.abs(v) > 0.1);
      const wrong = Array.from(data, (v, i) => (i === at ? change(v) : v));
      const { messages } = law.check(of, { ...right, [name]: { data: wrong } });
      expect(messages).toEqual([expect.stringContaining(`${name}[${at}] is`)]);
    }
  });
});

describe("wild coordinates", () => {
  const law = wildLaw(subjectOf("deform_conv2d"), named("deform_conv2d").differentiable)!;
  const of = plain("deform_conv2d", "nan");
  const right = gradientsOf("deform_conv2d", of);
  const wildAt = of.inputs.offset!.data.findIndex(Number.isNaN);

  it("let nothing through", () => {
    expect(law.appliesTo(of)).toBe(true);
    expect(law.check(of, right)).toMatchObject({ messages: [], excluded: 0 });
    expect(law.appliesTo(plain("deform_conv2d", "sample"))).toBe(false);
  });

  it("that have a gradient are found, NaN or not", () => {
    for (const wrong of [Number.NaN, 1e-30]) {
      const data = Array.from(right.grad_offset!.data, (v, i) => (i === wildAt ? wrong : v));
      const { messages } = law.check(of, { ...right, grad_offset: { data } });
      expect(messages).toContainEqual(
        expect.stringContaining(`grad_offset[${wildAt}] is ${wrong}`),
      );
    }
  });

  it("that change another gradient are found", () => {
    const data = Array.from(right.grad_input!.data, (v, i) => (i === 0 ? v + 1e-12 : v));
    const { messages } = law.check(of, { ...right, grad_input: { data } });
    expect(messages).toEqual([expect.stringContaining("wild in another way")]);
  });

  it("say nothing of operators without positions that have a gradient", () => {
    expect(wildLaw(subjectOf("conv2d"), named("conv2d").differentiable)).toBeUndefined();
    expect(wildLaw(subjectOf("roi_align"), named("roi_align").differentiable)).toBeUndefined();
  });
});

describe("a cross-check of gradients", () => {
  const [right] = makeGradientRunners(named("conv2d"), findTarget("js"), executor, false).runners;

  async function requestFor(target: TargetRunner): Promise<Request> {
    const operator = named("conv2d");
    const subject = subjectOf("conv2d");
    return {
      subject,
      oracles: [interpreterOracle(subject)],
      laws: [differencesLaw(operator, await loadReference(operator.path), subject)],
      targets: [target],
      count: 0,
      seed: 0,
      variants: "pairwise",
      command: "conv2d",
    };
  }

  it("names the role and how kernels add, and counts what differences compare", async () => {
    const record = await crosscheck(await requestFor(right!));
    expect(record).toMatchObject({ operator: "conv2d", role: "backward", failures: [] });
    expect(record.laws[0]).toMatchObject({ name: "differences", cases: 2, failures: [] });
    expect(record.laws[0]!.elements).toBeGreaterThan(50);
    const ledger = closeLedger(0, [record], []);
    expect(ledger.passed).toBe(true);
    expect(formatLedger(ledger)).toMatch(/^conv2d backward +float64 /m);
    expect(JSON.parse(ledgerToJson(ledger)).operators[0].laws[0].excluded).toBe(0);
  });

  it.each(["grad_input", "grad_weight", "grad_bias"])("finds a wrong %s", async (gradient) => {
    const wrong: TargetRunner = {
      ...right!,
      run: async (of) => {
        const results = await right!.run(of);
        const { data } = results[gradient] ?? { data: [] };
        const spoiled = Array.from(data, (v, i) => (i === 0 ? v + 1e-3 : v));
        return results[gradient] ? { ...results, [gradient]: { data: spoiled } } : results;
      },
    };
    const record = await crosscheck(await requestFor(wrong));
    const [failure] = record.targets[0]!.failures;
    expect(failure!.message).toContain(`js: ${gradient}: element [0`);
    expect(failure!.command).toMatch(
      /^npx warpweave check conv2d --grad --target js --case \w+\/\w/,
    );
    expect(closeLedger(0, [record], []).passed).toBe(false);
  });

  it("fails where a law fails, and says where it was asked of no case", async () => {
    const request = await requestFor(right!);
    const [law] = request.laws!;
    const no = { ...law!, check: () => ({ ...nothing, compared: 1, messages: ["it is wrong"] }) };
    const failed = await crosscheck({ ...request, laws: [no] });
    expect(failed.laws[0]!.failures[0]!.message).toContain("differences: it is wrong");
    expect(closeLedger(0, [failed], []).passed).toBe(false);
    const idle = await crosscheck({ ...request, laws: [{ ...law!, appliesTo: () => false }] });
    expect(idle.skipped).toContainEqual({
      what: "differences",
      reason: "no case was drawn that it says anything of; try another --seed",
    });
  });

  it("leaves out, visibly, what a target lacks", async () => {
    const lacks = { outputs: ["grad_input"], reason: "it cannot" };
    const partly: TargetRunner = {
      ...right!,
      lacks,
      run: async (of) => {
        const { grad_input: _, ...others } = await right!.run(of);
        return others;
      },
    };
    const request = await requestFor(partly);
    const record = await crosscheck(request);
    expect(record.targets[0]!.failures).toEqual([]);
    expect(record.skipped).toEqual([{ what: "grad_input on js", reason: "it cannot" }]);
    const { lacks: _, ...silent } = partly;
    const missed = await crosscheck({ ...request, targets: [silent] });
    expect(missed.targets[0]!.failures[0]!.message).toContain("there is no result grad_input");
  });
});

const nothing = { compared: 0, excluded: 0, worst: { error: 0, at: "" } };

it("a gradient's name holds its tensor's", () => {
  expect(tensorOf("grad_input")).toBe("input");
});
