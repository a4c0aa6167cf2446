// Emitted CUDA as the PTX that nvcc makes of it for the oldest and the newest architecture, executed instruction by
// instruction: kernels of every operator, forward and backward, give what the judge allows, and every instruction in
// them has a test vector.

import { describe, expect, it } from "vitest";
import type { Case } from "../../generators/check/cases.ts";
import { compare } from "../../generators/check/compare.ts";
import { type Judgement, judge } from "../../generators/check/judge.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { encodeData } from "../../targets/contract/half.ts";
import type { Data, Executor, Program } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { planJob } from "../../targets/cuda/plan.ts";
import { compileToPtx, ptxArchitectures } from "../../targets/cuda/ptx/build.ts";
import { openPtx } from "../../targets/cuda/ptx/executor.ts";
import { parsePtx } from "../../targets/cuda/ptx/parse.ts";
import { runPtx } from "../../targets/cuda/ptx/plan.ts";
import { defaultCache } from "../../targets/native/cache.ts";
import { findNvcc, findTool } from "../../targets/native/compilers.ts";
import { findTarget } from "../../targets/registry.ts";
import { vectorOps } from "../unit/ptx-tables.fixtures.ts";
import {
  casesOf,
  findRole,
  jobOf,
  optionSets,
  type Role,
  roles,
  waysOf,
} from "./races.fixtures.ts";

const nvcc = await findNvcc();
if (!nvcc) console.warn("Skipped: emitted CUDA as PTX. There is no nvcc with g++.");

const onPath = (await findTool("nvcc")) !== undefined;
it.runIf(process.env.CI && onPath)("in CI, an nvcc on PATH is used for every architecture", () => {
  expect([...executors.keys()]).toEqual([...ptxArchitectures]);
});

const cuda = findTarget("cuda");
const executors = new Map<number, Executor>();
for (const architecture of ptxArchitectures) {
  const order = architecture === ptxArchitectures[0] ? "reverse" : "random:3";
  const opened = await openPtx({ architecture, order });
  if (!("unavailable" in opened)) executors.set(architecture, opened);
  else if (nvcc) console.warn(`Skipped: PTX of sm_${architecture}. ${opened.unavailable}`);
}

/** Parts of results as executors name them. */
function check(judged: Judgement, outputs: Readonly<Record<string, Data>>, of: Case): string[] {
  return Object.entries(judged.outputs).flatMap(([output, verdicts]) =>
    verdicts.flatMap((verdict, part) => {
      const name = verdicts.length === 1 ? output : `${output}_${part}`;
      const { passed, message } = compare(verdict, { data: outputs[name] ?? [] }, of.expects);
      return passed ? [] : [`${of.id}: ${name}: ${message}`];
    }),
  );
}

/** Sizes that no tile divides, of one kind and the other in turn. */
const awkward = (k: number): readonly string[] => [k % 2 ? "uneven/0" : "primes/0"];

async function checkAll(
  role: Role,
  kernels: readonly Kernel[],
  programs: readonly Program[],
  choose = (cases: readonly Case[]) => cases,
  namesOf = awkward,
) {
  const [options] = optionSets(role);
  const wrong: string[] = [];
  let compared = 0;
  const all = [...executors.values()];
  for (const [k, kernel] of kernels.entries()) {
    // Further kernels of a file on one architecture in turn, since nvcc takes its time; `check` takes each on both.
    const chosen = k === 0 ? all : [all[roles.indexOf(role) % all.length]!];
    for (const of of choose(casesOf(role, kernel, options ?? {}, namesOf(k)))) {
      const judged = judge(kernel, of.inputs, of.numbers, rulesOf.cuda);
      for (const executor of chosen) {
        const outputs = await executor.run(programs[k]!, jobOf(programs[k]!.entry, of));
        wrong.push(...check(judged, outputs, of));
        compared++;
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(0);
}

/** Instructions of a file without a test vector. */
async function findUntested({ source, entry }: Program, of: Case, sm: number): Promise<string[]> {
  const macros = Object.fromEntries(
    entry.constants.map((c) => [c.name, String(of.numbers.options[c.option] ?? c.default)]),
  );
  const { routines } = parsePtx(await compileToPtx(nvcc!, defaultCache(), source, macros, sm));
  const names = [...routines.values()].flatMap(({ code }) =>
    code.map(({ opcode, modifiers }) => [opcode, ...modifiers].join(".")),
  );
  return [...new Set(names)].filter((name) => !vectorOps.has(name));
}

describe.skipIf(executors.size < ptxArchitectures.length)("as PTX", { timeout: 600_000 }, () => {
  it.each(roles.map((role) => [role.name, role] as const))("%s", async (_, role) => {
    // With no optional tensors and with all: nvcc takes its time over the others too, which `check` runs.
    const kernels = role.kernels.filter((_k, i, all) => i === 0 || i === all.length - 1);
    const { programs } = compileKernels(role.operator, kernels, cuda, scheduleOn(cuda));
    await checkAll(role, kernels, programs);
    const [of] = casesOf(role, kernels[0]!, optionSets(role)[0] ?? {});
    for (const sm of ptxArchitectures)
      expect(await findUntested(programs[0]!, of!, sm), `sm_${sm}`).toEqual([]);
  });

  // Where a group has few channels, as in the cases above, other kernels that ship do the work.
  it.each(["conv2d", "conv2d_backward", "deform_conv2d"])(
    "%s by the tiles that ship",
    async (name) => {
      const role = findRole(name);
      const kernels = role.kernels.slice(0, 1);
      const { programs } = compileKernels(role.operator, kernels, cuda, scheduleOn(cuda));
      expect(programs[0]!.source).toContain("__syncthreads");
      const channels = ({ inputs: { input, weight } }: Case): number =>
        (weight!.shape[0]! * weight!.shape[1]!) / input!.shape[1]!;
      const first = (cases: readonly Case[]) => cases.filter((of) => channels(of) >= 4).slice(0, 1);
      const random = Array.from({ length: 24 }, (_, i) => `random/${i}`);
      await checkAll(role, kernels, programs, first, () => random);
    },
  );

  const tile = { BM: 8, BP: 16, BK: 4, TM: 2, TP: 2 };
  it.each([
    ["deform_conv2d", "output"],
    ["conv2d", "output"],
    ["conv2d_backward", "grad_input"],
  ])("%s by tiles in shared memory", async (name, stage) => {
    const role = findRole(name);
    const kernels = role.kernels.slice(-1);
    const steps = [
      ["contract", { stage, ...tile }],
      ["pointwise", { group: 32 }],
    ] as const;
    const schedule = scheduleOn(cuda, { name: "contract", steps });
    const { programs } = compileKernels(role.operator, kernels, cuda, schedule);
    expect(programs[0]!.source).toContain("__syncthreads");
    await checkAll(role, kernels, programs);
  });

  it("a barrier that is missing between tiles is found", async () => {
    const role = findRole("conv2d");
    const kernels = role.kernels.slice(0, 1);
    const steps = [
      ["contract", { stage: "output", ...tile }],
      ["pointwise", { group: 32 }],
    ] as const;
    const schedule = scheduleOn(cuda, { name: "contract", steps });
    const [program] = compileKernels(role.operator, kernels, cuda, schedule).programs;
    const [of] = casesOf(role, kernels[0]!, optionSets(role)[0] ?? {}, ["primes/0"]);
    const plan = planJob(program!.entry, jobOf(program!.entry, of!));
    for (const sm of ptxArchitectures) {
      const text = await compileToPtx(nvcc!, defaultCache(), program!.source, plan.macros, sm);
      const barriers = [...text.matchAll(/bar(rier)?\.sync[^;]*;/g)];
      expect(barriers.length).toBeGreaterThan(1);
      const found = barriers.map(({ 0: barrier, index }) => {
        const wrong = text.slice(0, index) + text.slice(index + barrier.length);
        try {
          runPtx(parsePtx(wrong), plan, { order: "forward", budget: 100_000_000 });
          return "nothing";
        } catch (error) {
          return (error as Error).message;
        }
      });
      // What comes last is waited for by nobody; all others are.
      const missed = found.filter((message) => message === "nothing");
      expect(missed.length, found.join("\n")).toBeLessThanOrEqual(1);
      for (const message of found)
        expect(message).toMatch(/^nothing$|^Race in conv2d|which nobody wrote/);
    }
  });

  it("conv2d with sums shared by lanes", async () => {
    const role = findRole("conv2d");
    const way = waysOf(role, cuda).find((w) => w.name === "lanes")!;
    const kernels = role.kernels.slice(-1);
    const { programs } = compileKernels(role.operator, kernels, cuda, way.schedule);
    expect(programs[0]!.source).toContain("__syncthreads");
    await checkAll(role, kernels, programs);
  });

  // The simulation converts by integer arithmetic, the PTX by instructions.
  it.each(["f16", "bf16"] as const)(
    "data in %s, to the same bits as the simulation",
    async (type) => {
      const role = findRole("conv2d");
      const kernels = role.kernels.slice(-1);
      const schedule = scheduleOn(cuda, undefined, type);
      const { programs } = compileKernels(role.operator, kernels, cuda, schedule);
      const [program] = programs;
      const [of] = casesOf(role, kernels[0]!, optionSets(role)[0] ?? {}, ["uneven/0"]);
      const job = jobOf(program!.entry, of!);
      const inputs = Object.fromEntries(
        Object.entries(job.inputs).map(([name, data]) => {
          const { dtype } = program!.entry.tensors.find((tensor) => tensor.name === name)!;
          return [name, encodeData(data, dtype)];
        }),
      );
      const simulated = await openCuda({ build: "simulation" });
      if ("unavailable" in simulated) throw new Error(simulated.unavailable);
      const want = await simulated.run(program!, { ...job, inputs });
      expect(want.output).toBeInstanceOf(Uint16Array);
      for (const executor of executors.values())
        expect(await executor.run(program!, { ...job, inputs })).toEqual(want);
      for (const sm of ptxArchitectures)
        expect(await findUntested(program!, of!, sm), `sm_${sm}`).toEqual([]);
    },
  );
});
