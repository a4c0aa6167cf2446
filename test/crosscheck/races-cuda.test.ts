// Emitted CUDA in the races build: kernels of every operator, forward and backward, as they ship, and under every other
// schedule in turn, have no races; those planted in the text are found, also where no order of threads shows them in
// values. Plans of all operators under all schedules are those of races-plan.test.ts; their texts, of `check --all`.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Case } from "../../generators/check/cases.ts";
import { compileKernels } from "../../generators/compile.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import type { Executor, Program } from "../../targets/contract/program.ts";
import { type CudaOptions, openCuda } from "../../targets/cuda/executor.ts";
import { findHostCompiler } from "../../targets/native/compilers.ts";
import { findTarget } from "../../targets/registry.ts";
import {
  casesOf,
  findRole,
  jobOf,
  optionSets,
  type Role,
  roles,
  type Way,
  waysInTurn,
  waysOf,
} from "./races.fixtures.ts";

const cuda = findTarget("cuda");
const cache = mkdtempSync(join(tmpdir(), "warpweave-test-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

async function open(options: CudaOptions): Promise<Executor | string> {
  const opened = await openCuda({ ...options, cache });
  return "unavailable" in opened ? opened.unavailable : opened;
}

const found = await open({ build: "races" });
if (typeof found === "string") console.warn(`Skipped: races in CUDA kernels. ${found}`);

const compiler = await findHostCompiler();
it.runIf(process.env.CI && compiler)("in CI the races build runs where there is a compiler", () => {
  expect(found).toBeTypeOf("object");
});

const compileWay = (role: Role, way: Way, kernels: readonly Kernel[]): readonly Program[] =>
  compileKernels(role.operator, kernels, cuda, way.schedule).programs;

function findWay(role: Role, name: string): Way {
  const way = waysOf(role, cuda).find((w) => w.name === name);
  if (!way) throw new Error(`${role.name} has no schedule ${name}`);
  return way;
}

describe.skipIf(typeof found === "string")("CUDA kernels", { timeout: 600_000 }, () => {
  const races = found as Executor;

  /** How many roles each schedule other than the default has, where as many take it. */
  const rolesOfWay = 3;

  it("each schedule that some role takes is run", () => {
    const all = roles.flatMap((role) => waysOf(role, cuda).map(({ name }) => name));
    const names = [...new Set(all)].filter((name) => name !== "default");
    expect(names.length).toBeGreaterThanOrEqual(5);
    for (const name of names) {
      const runs = roles.filter((role) =>
        waysInTurn(role, cuda, rolesOfWay).some((way) => way.name === name),
      );
      const applies = all.filter((other) => other === name).length;
      expect(runs.length, name).toBeGreaterThanOrEqual(Math.min(applies, rolesOfWay / 2));
      expect(runs.length, name).toBeLessThanOrEqual(rolesOfWay);
    }
  });

  it.each(roles.map((role) => [role.name, role] as const))("%s has no races", async (_, role) => {
    for (const [i, way] of waysInTurn(role, cuda, rolesOfWay).entries()) {
      // As it ships: with every choice of optional tensors, with none and all of them in every choice of options
      // (`check` takes each with each); otherwise with all optional tensors and the first options that go with them.
      const kernels = i === 0 ? role.kernels : role.kernels.slice(-1);
      const programs = compileWay(role, way, kernels);
      for (const [k, kernel] of kernels.entries()) {
        const allowed = optionSets(role)
          .map((options) => casesOf(role, kernel, options))
          .filter((cases) => cases.length > 0);
        expect(allowed.length).toBeGreaterThan(0);
        const whole = i === 0 && (k === 0 || k === kernels.length - 1);
        for (const of of (whole ? allowed : allowed.slice(0, 1)).flat())
          await races.run(programs[k]!, jobOf(programs[k]!.entry, of)).catch((error: Error) => {
            throw new Error(`${way.name}, ${of.id}: ${error.message}`);
          });
      }
    }
  });

  /** A text changed in one place. */
  const change =
    (pattern: RegExp, by: string, number = 0) =>
    (text: string) => {
      const place = [...text.matchAll(new RegExp(pattern, "g"))][number];
      if (!place) throw new Error(`${pattern} is not ${number + 1} times in the kernel`);
      const changed = place[0].replace(pattern, by);
      return text.slice(0, place.index) + changed + text.slice(place.index + place[0].length);
    };
  const atomic = /atomicAdd\(&(\w+\[[^;]*\]),\s+([^;]*)\);/;
  const barrier = /__syncthreads\(\);/;

  interface Planted {
    readonly what: string;
    readonly role: string;
    readonly way: string;
    readonly change: (text: string) => string;
    readonly finds: RegExp;
    /** Whether the values are wrong with threads in any of three orders. */
    readonly shows: boolean;
  }

  const planted: readonly Planted[] = [
    {
      what: "an addition that is not atomic",
      role: "deform_conv2d_backward",
      way: "default",
      change: change(atomic, "$1 += $2;"),
      finds: /grad_input\[\d+\] is .*\(line \d+: `grad_input\[.*\] \+= /,
      shows: false,
    },
    {
      what: "another that is not",
      role: "roi_align_backward",
      way: "default",
      change: change(atomic, "$1 += $2;", 2),
      finds: /grad_input\[\d+\] is .*grad_input\[.*\] \+= /,
      shows: false,
    },
    {
      what: "a sum in fixed point that is not atomic",
      role: "deform_roi_pool_backward",
      way: "deterministic",
      change: change(
        /const long long old = \(long long\)atomicAdd\(\(Words\*\)\(sum \+ 2\), \(Words\)added\);/,
        "const long long old = *(long long*)(sum + 2); *(Words*)(sum + 2) += (Words)added;",
      ),
      finds: /\[\d+\] is .*\*\(Words\*\)\(sum \+ 2\)/,
      shows: false,
    },
    {
      what: "a maximum that is not atomic",
      role: "roi_pool_backward",
      way: "deterministic",
      change: change(
        /atomicMax\(&sums\[4 \* at\], magnitude\)/,
        "sums[4 * at] = max(sums[4 * at], magnitude)",
      ),
      finds: /sums\[4 \* at\] = max/,
      shows: false,
    },
    {
      what: "two threads that own the same elements",
      role: "roi_align_backward",
      way: "owned",
      change: change(
        /const int index = group \* 128 \+ thread;/,
        "const int index = (group * 128 + thread) / 2;",
      ),
      finds: /grad_input\[\d+\] is /,
      shows: true,
    },
    {
      what: "a missing barrier after the lanes' own sums",
      role: "conv2d",
      way: "lanes",
      change: change(barrier, ""),
      finds: /the shared \w+\[\d\] is .*with no barrier between them/,
      shows: true,
    },
    {
      what: "a missing barrier between two steps of a sum over lanes",
      role: "conv2d",
      way: "lanes",
      change: change(barrier, "", 1),
      finds: /the shared \w+\[\d\] is .*with no barrier between them/,
      shows: true,
    },
    {
      what: "a write to another thread's element",
      role: "deform_conv2d",
      way: "materialise, pointwise",
      change: change(/(output\[)([^;]*)(\] = [^;]*;)/, "$1$2$3 if (index > 0) $1$2 - 1$3"),
      finds: /output\[\d+\] is written by .* and written by /,
      shows: true,
    },
    {
      what: "all threads that write the same number to one element",
      role: "roi_pool",
      way: "default",
      change: change(/(const int index = group \* 128 \+ thread;)/, "$1 output[0] = 0.0f;"),
      finds: /output\[0\] is written by /,
      shows: true,
    },
  ];

  async function runAll(executor: Executor, program: Program, cases: readonly Case[]) {
    const results: string[] = [];
    for (const of of cases) {
      const outputs = await executor.run(program, jobOf(program.entry, of));
      results.push(
        JSON.stringify(Object.entries(outputs).map(([name, data]) => [name, [...data]])),
      );
    }
    return results;
  }

  it.each(planted.map((p) => [p.what, p] as const))("%s is found", async (_, p) => {
    const role = findRole(p.role);
    const kernel = role.kernels[0]!;
    const [program] = compileWay(role, findWay(role, p.way), [kernel]);
    const { entry, source } = program!;
    const wrong = { entry, source: p.change(source) };
    const cases = optionSets(role).flatMap((options) => casesOf(role, kernel, options));
    await runAll(races, program!, cases);
    const finding = await runAll(races, wrong, cases).then(
      () => "nothing",
      (error: Error) => error.message,
    );
    expect(finding).toMatch(p.finds);
    const shown: string[] = [];
    for (const order of ["forward", "reverse", "random:5"] as const) {
      const values = await open({ build: "simulation", order });
      if (typeof values === "string") throw new Error(values);
      const [right, got] = [
        await runAll(values, program!, cases),
        await runAll(values, wrong, cases),
      ];
      if (String(right) !== String(got)) shown.push(order);
    }
    expect(shown.length > 0, `in values, threads ${shown}`).toBe(p.shows);
  });
});
