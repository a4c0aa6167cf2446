// `check --grad` and `check --all` as people and programs see them.

import { afterAll, describe, expect, test } from "vitest";
import type { Ledger } from "../../generators/check/ledger.ts";
import { makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await warpweave(...args);
  expect([code, err]).toStrictEqual([0, ""]);
  return out;
}

const flat = `import type { Meta, Tensor } from "${new URL("../../dsl/index.ts", import.meta.url).pathname}";
import { floorf, tensor } from "${new URL("../../dsl/index.ts", import.meta.url).pathname}";
interface Tensors {
  input: Tensor<"N C">;
}
type Attrs = Record<never, never>;
export const meta = {
  doc: "Rounds down.",
  attrs: {},
  differentiable: [],
  axes: {},
  variants: [[]],
  samples: [{ sizes: { N: 2, C: 3 } }],
} as const satisfies Meta<Tensors, Attrs>;
export function flat({ input }: Tensors) {
  return tensor([input.N, input.C], (n, c) => floorf(input(n, c)));
}
`;

describe("check --grad", () => {
  test("compares gradients, differences and wild coordinates, and says on what", async () => {
    const out = await succeed("check", "roi_pool", "--grad", "--target", "js", "--cases", "0");
    expect(out).toMatch(/^roi_pool backward +float64 +IR and judge in float64 \(5 variants\)/m);
    expect(out).toMatch(/^ +differences +of the declaration in float64.* agree$/m);
    expect(out).toMatch(/^ +wild +coordinates that are NaN, infinite or huge.* agree$/m);
    expect(out).toMatch(/^ +js +Node .*, adds plain .* agree$/m);
    expect(out).not.toContain("roi_pool  ");
  }, 120_000);

  test("one case as JSON, with role and lowering", async () => {
    const args = ["--grad", "--target", "js", "--case", "none/differences/0", "--json"];
    const ledger: Ledger = JSON.parse(await succeed("check", "conv2d", ...args));
    expect(ledger.passed).toBe(true);
    const [record] = ledger.operators;
    expect(record).toMatchObject({ operator: "conv2d", role: "backward", cases: 1 });
    expect(record!.laws).toMatchObject([{ name: "differences", cases: 1, excluded: 0 }]);
    expect(record!.targets).toMatchObject([{ target: "js", lowering: "plain", cases: 1 }]);
    const other = ["--grad", "--target", "js", "--case", "none/random/0"];
    expect(await succeed("check", "conv2d", ...other)).toMatch(/^ +differences .* not asked$/m);
  });

  test("says what a target cannot compute, once", async () => {
    const args = ["--grad", "--target", "gpujs", "--cases", "0"];
    const { out, err, code } = await warpweave("check", "roi_pool", ...args);
    if (/cannot run here/.test(err)) return;
    expect([code, err]).toStrictEqual([0, ""]);
    const lines = out.split("\n").filter((line) => line.startsWith("skipped"));
    expect(new Set(lines).size).toBe(lines.length);
    const why = "gpujs cannot add to elements that an index chooses";
    expect(lines).toContain(`skipped: roi_pool grad_input on gpujs: ${why}`);
  }, 120_000);

  test("refuses an operator without gradients, where it is named", async () => {
    const file = folder.write("flat.ts", flat);
    const { code, err } = await warpweave("check", file, "--grad", "--target", "js");
    expect([code, err]).toStrictEqual([
      1,
      "error: flat has no differentiable tensor, so no gradients\n",
    ]);
  });
});

describe("check --all", () => {
  test("compares results and gradients, under every way of adding", async () => {
    const args = ["--all", "--target", "js", "--cases", "0"];
    const out = await succeed("check", "conv2d", ...args);
    expect(out).toMatch(/^conv2d +float64 +declaration, IR and judge/m);
    expect(out).toMatch(/^conv2d backward +float64/m);
    const one = ["--grad", "--case", "none,aligned=true,mode=avg/differences/0", "--json"];
    const onThreads = ["--all", "--target", "wgsl", "--cases", "0", ...one];
    const threads = await warpweave("check", "roi_align", ...onThreads);
    if (/cannot run here/.test(threads.err)) return;
    const ledger: Ledger = JSON.parse(threads.out);
    const [{ targets }] = ledger.operators as [Ledger["operators"][number]];
    expect(targets.map(({ lowering }) => lowering)).toEqual(["atomic", "deterministic", "owned"]);
  }, 240_000);

  test("leaves an operator without gradients at its results, visibly", async () => {
    const file = folder.write("flat.ts", flat);
    const args = ["--all", "--target", "js", "--cases", "0", "--json"];
    const { code, out, err } = await warpweave("check", file, ...args);
    expect([code, err]).toStrictEqual([0, "skipped: flat: it has no differentiable tensor\n"]);
    expect(JSON.parse(out).operators.map((o: { role: string }) => o.role)).toEqual(["forward"]);
  });
});
