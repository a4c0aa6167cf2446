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
import { defaultCache } from "../../targets/cuda/cache.ts";
import { findNvcc } from "../../targets/cuda/compilers.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { compileToPtx, ptxArchitectures } from "../../targets/cuda/ptx/build.ts";
import { openPtx } from "../../targets/cuda/ptx/executor.ts";
import { parsePtx } from "../../targets/cuda/ptx/parse.ts";
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

const cuda = findTarget("cuda");
const executors = new Map<number, Executor>();
for (const architecture of ptxArchitectures) {
  const opened = await openPtx({ architecture });
  if (!("unavailable" in opened)) executors.set(architecture, opened);
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

async function checkAll(role: Role, kernels: readonly Kernel[], programs: readonly Program[]) {
  const [options] = optionSets(role);
  const wrong: string[] = [];
  let compared = 0;
  // Sizes that no tile divides, of one kind and the other in turn.
  for (const [k, kernel] of kernels.entries())
    for (const of of casesOf(role, kernel, options ?? {}, [k % 2 ? "uneven/0" : "primes/0"])) {
      const judged = judge(kernel, of.inputs, of.numbers, rulesOf.cuda);
      for (const executor of executors.values()) {
        const outputs = await executor.run(programs[k]!, jobOf(programs[k]!.entry, of));
        wrong.push(...check(judged, outputs, of));
        compared++;
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

describe.skipIf(!nvcc)("as PTX", { timeout: 600_000 }, () => {
  it.each(roles.map((role) => [role.name, role] as const))("%s", async (_, role) => {
    const { programs } = compileKernels(role.operator, role.kernels, cuda, scheduleOn(cuda));
    await checkAll(role, role.kernels, programs);
    const [of] = casesOf(role, role.kernels[0]!, optionSets(role)[0] ?? {});
    for (const sm of ptxArchitectures)
      expect(await findUntested(programs[0]!, of!, sm), `sm_${sm}`).toEqual([]);
  });

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
