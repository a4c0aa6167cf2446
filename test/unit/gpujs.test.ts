import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Executor } from "../../targets/contract/program.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { operatorCases } from "./gpujs.fixtures.ts";

const cases = operatorCases();

describe.each(["cpu", "webasm"] as const)("mode %s", (mode) => {
  let executor: Executor;
  beforeAll(async () => {
    const opened = await openGpujs({ mode });
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    executor = opened;
  });
  afterAll(() => executor?.close());

  it.each(cases)("$name", async ({ program, job, complain }) => {
    expect(complain(await executor.run(program, job))).toBe("");
  });
});
