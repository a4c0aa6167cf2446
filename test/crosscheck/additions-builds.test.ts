import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Executor, Unavailable } from "../../targets/contract/program.ts";
import { openCuda } from "../../targets/cuda/executor.ts";
import { architectures, compileWithNvcc } from "../../targets/cuda/nvcc.ts";
import { findNvcc } from "../../targets/native/compilers.ts";
import { validateWithNaga } from "../../targets/wgsl/naga.ts";
import { validateWithDawn } from "../../targets/wgsl/validate.ts";
import { anyBits, makeCase, programFor, runCase, settings } from "./additions.fixtures.ts";

// Ways of adding that no file of generated/ holds: the compilers of others take them, and no build of the simulation
// that looks for faults finds one.

const cases = settings.map((s) => makeCase(s, anyBits));
const named = cases.map((of) => [of.setting.operator, of] as const);
const nvcc = await findNvcc();
if (!nvcc) console.log("skipped: nvcc is not installed, so it compiled no additions");

describe("additions in fixed point", () => {
  it.each(named)("of %s are taken by Dawn and naga", async (_, of) => {
    const { source } = programFor(of, "wgsl", "deterministic", 64);
    expect(await validateWithDawn(source)).toEqual([]);
    expect(await validateWithNaga([{ source }])).toEqual([[]]);
  });

  it.skipIf(!nvcc).each(named)("of %s are taken by nvcc", async (_, of) => {
    const result = await compileWithNvcc(programFor(of, "cuda", "deterministic", 64).source);
    if (!("kernels" in result)) throw new Error(JSON.stringify(result));
    expect([...result.kernels.keys()].sort((a, b) => a - b)).toEqual([...architectures]);
  });
});

describe.each(["races", "memory"] as const)("the %s build of the simulation", (build) => {
  let executor: Executor | Unavailable;
  beforeAll(async () => {
    executor = await openCuda({ build });
    if ("unavailable" in executor) console.log(`skipped: ${build}: ${executor.unavailable}`);
  });
  afterAll(async () => {
    if ("close" in executor) await executor.close();
  });

  const all = named.flatMap(([name, of]) =>
    (["atomic", "deterministic", "owned"] as const).map((by) => [name, by, of] as const),
  );
  it.for(all)("finds nothing in %s, %s", async ([, by, of], { skip }) => {
    if ("unavailable" in executor) return skip(executor.unavailable);
    const found = await runCase(of, executor)(programFor(of, "cuda", by, 64));
    expect((found.grad_input as Float32Array).some((x) => x !== 0)).toBe(true);
  });
});
