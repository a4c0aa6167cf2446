import { expect, test } from "vitest";
import { findNvcc } from "../../targets/native/compilers.ts";
import { warpweave } from "./cli.fixtures.ts";

const nvcc = await findNvcc();
if (!nvcc) console.warn("Skipped: show --resources needs nvcc and g++.");

test.skipIf(!nvcc)(
  "show --resources tells registers and occupancy on each device",
  async () => {
    const { code, out } = await warpweave("show", "conv2d", "--target", "cuda", "--resources");
    expect(code).toBe(0);
    expect(out).toMatch(/^kernel +device +threads +registers .*occupancy +limited by$/m);
    expect(out).toMatch(/^conv2d +sm_75 .* \d+ % +\w+/m);
    expect(out).toMatch(/^ +sm_120 /m);
  },
  60_000,
);

test("is refused where no compiler tells, and beside other parts", async () => {
  const onJs = await warpweave("show", "conv2d", "--resources");
  expect(onJs.code).toBe(1);
  expect(onJs.err).toContain("no compiler tells what kernels of js take of devices; choose");
  const twice = await warpweave("show", "conv2d", "--target", "cuda", "--resources", "--nest");
  expect(twice.err).toContain("--resources is shown by itself");
});
