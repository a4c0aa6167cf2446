import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Executor } from "../../targets/contract/program.ts";
import { openGpujs } from "../../targets/gpujs/executor.ts";
import { differences, operationCases } from "./gpujs-operations.fixtures.ts";

const cases = operationCases();

describe.each(["cpu", "webasm"] as const)("mode %s", (mode) => {
  let executor: Executor;
  beforeAll(async () => {
    const opened = await openGpujs({ mode });
    if ("unavailable" in opened) throw new Error(opened.unavailable);
    executor = opened;
  });
  afterAll(() => executor?.close());

  it.each(cases)("$name", async (c) => {
    const { y } = await executor.run(c.program, c.job);
    expect(differences(c, y!)).toEqual([]);
  });
});
