import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { compare } from "../../generators/check/compare.ts";
import { judge } from "../../generators/check/judge.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Data, Executor, Unavailable } from "../../targets/contract/program.ts";
import { type CudaOptions, openCuda } from "../../targets/cuda/executor.ts";
import { openJs } from "../../targets/js/executor.ts";
import { openWgsl } from "../../targets/wgsl/adapter.ts";
import {
  anyBits,
  fewBits,
  type MadeCase,
  makeCase,
  programFor,
  runCase,
  type Setting,
  settings,
} from "./additions.fixtures.ts";

// The ways of adding to elements that data choose, on every target that has them: within the judge's bounds of the
// float64 interpreter, and where the result hangs on no order, equal from run to run, bit for bit.

const bits = (data: Data | undefined): readonly number[] => [
  ...new Uint32Array((data as Float32Array).buffer),
];

const orders: readonly CudaOptions[] = [
  { build: "simulation", order: "reverse" },
  { build: "simulation", order: "random:7" },
];

const ways = {
  js: ["plain", "owned"],
  wgsl: ["atomic", "deterministic", "owned"],
  cuda: ["atomic", "deterministic", "owned"],
} as const;
type Name = keyof typeof ways;
const names: readonly Name[] = ["js", "wgsl", "cuda"];

const opened = new Map<string, Executor | Unavailable>();
beforeAll(async () => {
  opened.set("js", openJs());
  opened.set("wgsl", await openWgsl());
  opened.set("cuda", await openCuda({ build: "simulation" }));
  for (const how of orders) opened.set(`cuda ${how.order}`, await openCuda(how));
});
afterAll(async () => {
  for (const executor of opened.values()) if ("close" in executor) await executor.close();
});

/** The executor, or a visible skip. */
function need(name: string, context: TestContext): Executor {
  const executor = opened.get(name)!;
  if (!("unavailable" in executor)) return executor;
  console.log(`skipped on ${name}: ${executor.unavailable}`);
  return context.skip(executor.unavailable);
}

const groupOn = (name: Name): number => (name === "js" ? 1 : 64);

const made = new Map<Setting, MadeCase>();
const caseOf = (s: Setting): MadeCase => {
  const found = made.get(s) ?? makeCase(s, anyBits);
  made.set(s, found);
  return found;
};

describe.each(settings.map((s) => [s.operator, s] as const))("%s", (_, s) => {
  const all = names.flatMap((name) => ways[name].map((by) => [name, by] as const));
  it.for(all)("on %s, %s, is within the bounds", async ([name, by], context) => {
    const executor = need(name, context);
    const of = caseOf(s);
    const program = programFor(of, name, by, groupOn(name));
    const found = await runCase(of, executor)(program);
    const numbers = { ...of.numbers, sizes: s.sizes };
    const { outputs } = judge(of.kernel, of.inputs, numbers, rulesOf[name]);
    for (const output of of.kernel.outputs) {
      const { passed, message } = compare(outputs[output]![0]!, { data: found[output]! });
      expect({ output, passed, message }).toEqual({ output, passed: true, message: "" });
    }
  });

  it.for(["deterministic", "owned"])(
    "%s gives the same bits whatever the order",
    async (by, context) => {
      const of = caseOf(s);
      for (const name of ["wgsl", "cuda"] as const) {
        const run = runCase(of, need(name, context));
        const program = programFor(of, name, by, 64);
        const first = bits((await run(program)).grad_input);
        for (let turn = 0; turn < 2; turn++)
          expect(bits((await run(program)).grad_input)).toEqual(first);
        for (const group of [32, 256]) {
          const other = await run(programFor(of, name, by, group));
          expect(bits(other.grad_input), `${name}, groups of ${group}`).toEqual(first);
        }
        if (name === "wgsl") continue;
        for (const { order } of orders) {
          const other = await runCase(of, need(`cuda ${order}`, context))(program);
          expect(bits(other.grad_input), `threads ${order}`).toEqual(first);
        }
      }
    },
  );

  it("atomic additions hang on the order", async (context) => {
    const of = caseOf(s);
    const program = programFor(of, "cuda", "atomic", 64);
    const all = ["cuda", ...orders.map(({ order }) => `cuda ${order}`)];
    const found = new Set<string>();
    for (const name of all)
      found.add(bits((await runCase(of, need(name, context))(program)).grad_input).join());
    expect(found.size).toBeGreaterThan(1);
  });

  it("is exact, and so equal on all targets, where contributions are", async (context) => {
    const of = makeCase(s, fewBits);
    const { attrs, options } = of.numbers;
    const want = interpretKernel(of.kernel, of.inputs, s.sizes, attrs, options);
    const exact = Float32Array.from(want.grad_input!.parts[0]!);
    expect(exact.some((v) => v !== 0)).toBe(true);
    for (const name of names)
      for (const by of ways[name]) {
        const run = runCase(of, need(name, context));
        const found = await run(programFor(of, name, by, groupOn(name)));
        expect([...(found.grad_input as Float32Array)], `${name} ${by}`).toEqual([...exact]);
      }
  });

  it("adds to what is there, in each way", async (context) => {
    const of = makeCase(s, fewBits);
    for (const name of names)
      for (const by of ways[name]) {
        const run = runCase(of, need(name, context));
        const program = programFor(of, name, by, groupOn(name));
        const found = (await run(program)).grad_input as Float32Array;
        const before = Float32Array.from(found, (_, i) => (i % 7) - 3);
        const sum = await run(program, { initial: { grad_input: before } });
        const want = found.map((v, i) => v + before[i]!);
        expect([...(sum.grad_input as Float32Array)], `${name} ${by}`).toEqual([...want]);
      }
  });
});
