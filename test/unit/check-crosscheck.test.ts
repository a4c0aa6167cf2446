// The cross-check with executors that are right, wrong in one way, or broken.

import { describe, expect, it } from "vitest";
import type { Case } from "../../generators/check/cases.ts";
import {
  crosscheck,
  type Oracle,
  type Request,
  type Results,
  type TargetRunner,
} from "../../generators/check/crosscheck.ts";
import { closeLedger, countComparisons, ledgerToJson } from "../../generators/check/ledger.ts";
import { declarationOracle, interpreterOracle } from "../../generators/check/oracles.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { formatLedger } from "../../generators/cli/ledger.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { loadReference } from "../../generators/frontend/reference.ts";
import { runInF32, seeded } from "./check.fixtures.ts";

const files = ["conv2d", "roi_pool", "deform_conv2d", "roi_align"].map(
  (name) => `${packageRoot}/dsl/ops/${name}.ts`,
);
const operators = readOperators(files);
const device = { target: "fake", device: "a fake", driver: "none", hardware: false };

/** An f32 evaluation of the tensor IR, by plain recursion. */
function simulate(operator: Operator, of: Case): Record<string, { data: Float32Array }> {
  const kernel = operator.kernel(of.variant.present);
  const outputs = runInF32(kernel, of.inputs, of.numbers, rulesOf.wgsl, seeded(1));
  return Object.fromEntries(
    Object.entries(outputs).map(([name, parts]) => [name, { data: parts[0]! }]),
  );
}

const runner = (run: (of: Case) => Results): TargetRunner => ({
  target: "fake",
  device,
  rules: rulesOf.wgsl,
  run: async (of) => run(of),
});

async function requestFor(operator: Operator, target: TargetRunner): Promise<Request> {
  const reference = await loadReference(operator.path);
  return {
    subject: operator,
    oracles: [declarationOracle(operator, reference), interpreterOracle(operator)],
    targets: [target],
    count: 1,
    seed: 0,
    variants: "pairwise",
    command: operator.name,
  };
}

const [conv] = operators as [Operator, ...Operator[]];

describe.each(operators.map((operator) => [operator.name, operator] as const))(
  "%s",
  (_, operator) => {
    it("agrees among its oracles, and with f32 arithmetic", async () => {
      const request = await requestFor(
        operator,
        runner((of) => simulate(operator, of)),
      );
      const record = await crosscheck(request);
      expect(record.failures).toEqual([]);
      expect(record.targets[0]!.failures).toEqual([]);
      expect(record.skipped).toEqual([]);
      expect(record.cases).toBeGreaterThan(10);
      expect(record.targets[0]!.elements).toBeGreaterThan(200);
      expect(closeLedger(0, [record], []).passed).toBe(true);
    }, 60_000);
  },
);

describe("a wrong executor", () => {
  const spoil =
    (change: (data: Float32Array) => Float32Array) =>
    (of: Case): Results => {
      const { data } = simulate(conv, of).output!;
      return { output: { data: change(data) } };
    };
  it.each([
    ["one element off by 1e-3", spoil((d) => d.map((v, i) => (i === 5 ? v * 1.001 : v)))],
    ["all zeros", spoil((d) => d.map(() => 0))],
    ["an element never written", spoil((d) => d.map((v, i) => (i === d.length - 1 ? NaN : v)))],
    ["elements in another order", spoil((d) => d.toReversed())],
    ["one element too few", spoil((d) => d.slice(1))],
    ["no result", () => ({})],
    [
      "an error",
      () => {
        throw new Error("the device was lost");
      },
    ],
  ])("fails: %s", async (_, run) => {
    const record = await crosscheck(await requestFor(conv, runner(run)));
    const [failure] = record.targets[0]!.failures;
    expect(record.failures).toEqual([]);
    expect(failure!.command).toMatch(
      /^npx warpweave check conv2d --target fake --case (none|bias)\/\w+\/\d+$/,
    );
    const ledger = closeLedger(0, [record], []);
    expect(ledger.passed).toBe(false);
    // A case of a target is one comparison, however much of it is wrong.
    const wrong = new Set(record.targets[0]!.failures.map((one) => one.case)).size;
    const all = 2 * record.cases;
    expect(countComparisons(ledger)).toEqual({ all, passed: all - wrong, failed: wrong });
    expect(formatLedger(ledger)).toMatch(new RegExp(`^ +fake .* ${wrong} FAILED$`, "m"));
  });

  it("is reproduced by the case it names", async () => {
    const wrong = runner(spoil((d) => d.map((v) => v + 0.01)));
    const request = await requestFor(conv, wrong);
    const [failure] = (await crosscheck(request)).targets[0]!.failures;
    const again = await crosscheck({ ...request, only: failure!.case });
    expect(again.targets[0]!.cases).toBe(1);
    expect(again.targets[0]!.failures).toEqual([failure]);
  });

  it("is reproduced as it was run", async () => {
    const wrong = runner(spoil((d) => d.map((v) => v + 0.01)));
    const request = await requestFor(conv, wrong);
    const { targets } = await crosscheck({ ...request, flags: "--all" });
    expect(targets[0]!.failures[0]!.command).toMatch(/ --target fake --all --case /);
  });
});

describe("a declaration that tests no position", () => {
  const path = `${packageRoot}/test/declarations/own_interpolation.ts`;
  const [own] = readOperators([path]) as [Operator];
  const advice = /test a position before floor\(\) .* or call a sample… function, which does so$/;
  it.each([
    ["nan", /^none\/nan\/0: the declaration gives NaN for output\[\d+\]; shift\[0\] is NaN here: /],
    [
      "infinite",
      /^none\/infinite\/0: the declaration gives NaN .*; shift\[0\] is -?Infinity here: /,
    ],
    ["huge", /^none\/huge\/0: the IR interpreter did not run: .* beyond 32 bits; shift\[0\] is /],
  ])("is told what to do about it: %s", async (kind, message) => {
    const right = runner((of) => simulate(own, of));
    const record = await crosscheck({
      ...(await requestFor(own, right)),
      only: `none/${kind}/0`,
    });
    expect(record.failures.map((failure) => failure.message)).toEqual([
      expect.stringMatching(message),
    ]);
    expect(record.failures[0]!.message).toMatch(advice);
    // Targets are not blamed for it.
    expect(record.targets[0]!.failures).toEqual([]);
  });
});

describe("launches", () => {
  const withLaunch = async (groups: (sizes: Readonly<Record<string, number>>) => number) => {
    const right = runner((of) => simulate(conv, of));
    const request = await requestFor(conv, {
      ...right,
      launches: ({ numbers }) => [
        { launch: "whole", groups: 1 },
        { launch: "rest", groups: groups(numbers.sizes) },
      ],
    });
    return crosscheck({ ...request, count: 0 });
  };

  it("that no case runs fail", async () => {
    const record = await withLaunch(() => 0);
    expect(record.targets[0]!.failures).toEqual([
      {
        case: "no case of rest",
        message: "fake ran rest in no case: it has no groups for any sizes drawn",
        command: "npx warpweave check conv2d --target fake",
      },
    ]);
    expect(closeLedger(0, [record], []).passed).toBe(false);
  });

  it("that the usual cases do not run get cases of their own", async () => {
    const usual = await withLaunch(() => 1);
    const record = await withLaunch(({ N, W }) => (N === 11 && W === 5 ? 1 : 0));
    expect(record.targets[0]!.failures).toEqual([]);
    expect(record.cases).toBe(usual.cases + 1);
  });
});

describe("oracles", () => {
  it("that differ in one bit fail", async () => {
    const right = runner((of) => simulate(conv, of));
    const request = await requestFor(conv, right);
    const [declaration] = request.oracles as [Oracle];
    const off: Oracle = {
      name: "other",
      exact: "bits",
      run: (of) => {
        const { output } = declaration.run(of);
        const data = Float64Array.from(output!.data);
        data[0] = data[0]! * (1 + 2 ** -52);
        return { output: { ...output!, data } };
      },
    };
    const record = await crosscheck({ ...request, oracles: [declaration, off] });
    expect(record.failures[0]!.message).toContain("declaration and other differ");
    // Its rules judged the case.
    expect(record.failures[0]!.command).toContain(" --target fake --case ");
    // Another order of summation is allowed to be that far off.
    const loose = await crosscheck({
      ...request,
      oracles: [declaration, { ...off, exact: "order" }],
    });
    expect(loose.failures).toEqual([]);
  });

  it("are needed", async () => {
    const request = await requestFor(
      conv,
      runner((of) => simulate(conv, of)),
    );
    const record = await crosscheck({ ...request, oracles: [] });
    expect(record.failures[0]!.message).toContain("there is no oracle");
  });
});

describe("the ledger", () => {
  it("says what was skipped and where things ran, and does not pass where nothing ran", async () => {
    const request = await requestFor(conv, {
      ...runner((of) => simulate(conv, of)),
      refuses: ({ present }) => (present.length > 0 ? "it cannot add a bias" : undefined),
    });
    const record = await crosscheck(request);
    const missing = { target: "cuda", unavailable: "no compiler", install: "install g++" };
    const ledger = closeLedger(0, [record], [missing]);
    const text = formatLedger(ledger);
    expect(text).toContain("it cannot add a bias");
    expect(text).toContain("skipped: cuda: no compiler (what helps: install g++)");
    expect(text).toContain("a fake");
    expect(JSON.parse(ledgerToJson(ledger))).toMatchObject({ version: 1, passed: true });
    expect(closeLedger(0, [], []).passed).toBe(false);
    const idle = await crosscheck({ ...request, targets: [] });
    expect(closeLedger(0, [idle], [missing]).passed).toBe(false);
  });
});
