// The package as users get it: packed, unpacked into a folder elsewhere, and run by plain Node on an
// operator that has no node_modules beside it.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeNpz } from "../../generators/cli/io/arrays.ts";
import { type Folder, floats, makeFolder } from "./cli.fixtures.ts";
import { about, installPackage, listInstalled, sizeOf } from "./tarball.fixtures.ts";
import { describeImports } from "./tarball.imports.ts";
import { describePrograms } from "./tarball.programs.ts";

let installed: Folder;
const elsewhere = makeFolder();
afterAll(() => {
  installed?.remove();
  elsewhere.remove();
});

beforeAll(() => {
  installed = installPackage();
  elsewhere.write("my_op.ts", operator);
});

/** An involution: a convolution whose weights differ from place to place. */
const operator = `
import { type Meta, type Tensor, type YX, idiv, sum, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N C H W">;
  kernel: Tensor<"N (G KH KW) H W">;
  taps: Tensor<"KH KW">;
}

export const meta = {
  doc: "Involution: each place has weights of its own, shared by a group of channels.",
  attrs: { dilation: { type: "pair", default: 1, min: 1, doc: "Distance between taps." } },
  differentiable: ["input", "kernel"],
  demands: [{ holds: ({ C, G }) => idiv(C, G) * G === C, otherwise: "{G} groups do not divide {C}" }],
  variants: [[]],
  samples: [{ sizes: { N: 1, C: 4, G: 2, H: 5, W: 6, KH: 3, KW: 3 } }],
} as const satisfies Meta<Tensors, { dilation: YX }>;

export function involution({ input, kernel, taps }: Tensors, { dilation }: { dilation: YX }) {
  const { N, C, H, W } = input;
  const { KH, KW } = taps;
  const { G } = kernel;
  return tensor([N, C, H, W], (n, c, y, x) =>
    sum([KH, KW], (i, j) => {
      const row = H.at(y + (i - idiv(KH.size, 2)) * dilation.y);
      const column = W.at(x + (j - idiv(KW.size, 2)) * dilation.x);
      return kernel(n, G.of(c, C), i, j, y, x) * taps(i, j) * input.orZero(n, c, row, column);
    }),
  );
}
`;

/** Runs the installed command in the operator's folder. */
function warpweave(...args: readonly string[]) {
  const bin = installed.path("node_modules/.bin/warpweave");
  const env = { ...process.env };
  // Vitest's own way of loading TypeScript must not help.
  delete env.NODE_OPTIONS;
  const cwd = elsewhere.path("");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    env,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

describe("the installed package", () => {
  test("holds no TypeScript that has to be compiled to run, and no tool of development", () => {
    const own = installed.path("node_modules/warpweave");
    expect(existsSync(join(own, "dist/generators/cli/main.js"))).toBe(true);
    expect(existsSync(join(own, "generators"))).toBe(false);
    expect(existsSync(installed.path("node_modules/tsx"))).toBe(false);
    expect(existsSync(elsewhere.path("node_modules"))).toBe(false);
  });

  test("holds its manual: what its README names of docs", () => {
    const own = installed.path("node_modules/warpweave");
    const readme = readFileSync(join(own, "README.md"), "utf8");
    const named = [...readme.matchAll(/\]\((docs\/[^)#]+)/g)].map(([, path]) => path!);
    expect(named).toContain("docs/using.md");
    expect(named.filter((path) => !existsSync(join(own, path)))).toEqual([]);
  });

  test("is found by npx", () => {
    const out = execFileSync("npx", ["--no-install", "warpweave", "--version"], {
      cwd: installed.path(""),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(out.trim()).toBe(about.version);
  });

  test("generates kernels of a user's operator", () => {
    const { code, out, err } = warpweave("generate", "./my_op.ts");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("involution");
    for (const file of ["cuda/involution.cu", "wgsl/involution.wgsl", "js/involution.js"])
      for (const path of [file, file.replace("involution.", "involution_backward.")])
        expect(readFileSync(elsewhere.path(`generated/${path}`), "utf8")).toContain("MIT-0");
    const kernels = elsewhere.path("generated/manifest.json");
    expect(JSON.parse(readFileSync(kernels, "utf8")).operators).toHaveProperty("involution");
    expect(warpweave("generate", "./my_op.ts", "--check").code).toBe(0);
  });

  test("takes less than 50 MB with all that comes with it", () => {
    const own = sizeOf(installed.path("node_modules/warpweave"));
    const others = listInstalled().reduce((sum, folder) => sum + sizeOf(folder), 0);
    const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    console.log(`installed: ${megabytes(own)} MB, packages beside it ${megabytes(others)} MB`);
    expect(own).toBeGreaterThan(2 ** 20);
    expect(others).toBeGreaterThan(2 ** 20);
    expect(own + others).toBeLessThan(50e6);
  });

  test("says what to install for what needs more", () => {
    expect(Object.keys(about.peerDependenciesMeta)).toEqual(Object.keys(about.peerDependencies));
    const { code, out } = warpweave("doctor");
    expect(code).toBe(0);
    for (const name of ["webgpu", "koffi", "gpu.js", "playwright-core", "deno"]) {
      expect(about.peerDependencies).toHaveProperty([name]);
      expect(out).toMatch(new RegExp(`npm install ${name}$`, "m"));
    }
    const page = warpweave("tune", "report", "--out", "page.html");
    expect(page).toMatchObject({
      code: 1,
      err: expect.stringContaining("npm install vega vega-lite"),
    });
  });

  test("checks a user's operator", () => {
    const { code, out } = warpweave("check", "./my_op.ts", "--target", "js", "--cases", "1");
    expect(out).toMatch(/involution +float64 .* agree\n +js .* agree/);
    expect(out).toMatch(/[1-9]\d* passed, 0 failed/);
    expect(code).toBe(0);
  });

  test("runs it, shows it, and names the place of a mistake in it", async () => {
    await writeNpz(elsewhere.path("in.npz"), {
      input: floats([1, 4, 5, 6]),
      kernel: floats([1, 18, 5, 6]),
      taps: floats([3, 3]),
    });
    const run = warpweave("run", "my_op.ts", "--inputs", "in.npz", "--out", "out.npz");
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("output      (1, 4, 5, 6) float32 → out.npz");
    const c = warpweave("run", "my_op.ts", "--target", "c", "--inputs", "in.npz", "--out", "c.npz");
    expect(c.err).toMatch(
      /^error: c cannot run here: .*koffi is not installed.*npm install koffi\)\n$/,
    );
    expect(c.code).toBe(1);
    expect(warpweave("show", "./my_op.ts").out).toContain("kernel  (N, G*KH*KW, H, W)");
    elsewhere.write("wrong.ts", operator.replace("input.orZero(n, c,", "input.orZero(c, n,"));
    const wrong = warpweave("generate", "wrong.ts", "--out", "none");
    expect(wrong.err).toMatch(/^error: wrong\.ts:\d+:\d+ TS2345 /);
    expect(wrong.code).toBe(1);
    expect(existsSync(elsewhere.path("none"))).toBe(false);
  });
});

describeImports(() => installed);
describePrograms(() => installed);
