// What `run` says where files and targets are mixed up, and what it leaves out.

import { linkSync, readFileSync, symlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeNpz } from "../../generators/cli/io/arrays.ts";
import { floats, makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

const [inputs, grad] = [folder.path("in.npz"), folder.path("g.npz")];
const [soft, hard] = [folder.path("soft.npz"), folder.path("hard.npz")];

beforeAll(async () => {
  await writeNpz(inputs, { input: floats([1, 2, 4, 5]), weight: floats([3, 2, 3, 3]) });
  await writeNpz(grad, { grad_output: floats([1, 3, 2, 3]) });
  symlinkSync(inputs, soft);
  linkSync(grad, hard);
});

describe("run --out", () => {
  test.each([
    [inputs, inputs],
    [soft, inputs],
    [grad, grad],
    [hard, grad],
  ])("%s is refused where it is read", async (out, read) => {
    const before = readFileSync(read);
    const files = ["--inputs", inputs, "--grad", grad, "--out", out];
    const { code, err } = await warpweave("run", "conv2d", ...files);
    const sentence = `error: --out ${out} would overwrite ${read}, which is read; name another file\n`;
    expect([code, err]).toStrictEqual([1, sentence]);
    expect(readFileSync(read).equals(before)).toBe(true);
  });

  test("over an older result is what it was asked for", async () => {
    const out = folder.path("out.npz");
    for (let i = 0; i < 2; i++) {
      const { code } = await warpweave("run", "conv2d", "--inputs", inputs, "--out", out);
      expect(code).toBe(0);
    }
  });
});

test("an operator without attributes has no row of them", async () => {
  const file = folder.write(
    "twice.ts",
    `import { type Meta, type Tensor, tensor } from "warpweave";
interface Tensors {
  input: Tensor<"N">;
}
export const meta = {
  doc: "Twice.",
  attrs: {},
  differentiable: [],
  variants: [[]],
  samples: [{ sizes: { N: 2 } }],
} as const satisfies Meta<Tensors, object>;
export function twice({ input }: Tensors) {
  return tensor([input.N], (n) => 2 * input(n));
}
`,
  );
  const one = folder.path("one.npz");
  await writeNpz(one, { input: floats([3]) });
  const { code, out } = await warpweave(
    "run",
    file,
    "--inputs",
    one,
    "--out",
    folder.path("t.npy"),
  );
  expect(code).toBe(0);
  expect(out).toMatch(/^output .*\nran on /);
});

test.each([
  ["show", "conv2d", "--nest"],
  ["check", "conv2d"],
  ["generate", "conv2d", "--out", folder.path("none")],
])("%s has no target reference, and says whose it is", async (...args) => {
  const { code, err } = await warpweave(...args, "--target", "reference");
  expect(err).toMatch(/^error: the target reference is .*, for `run` only; there are: js, .*\n$/);
  expect(code).toBe(2);
});

test("help shows no empty default", async () => {
  const { out } = await warpweave("run", "--help");
  expect(out).toMatch(/--attr <name=value\.\.\.> +attributes$/m);
});
