// The command as a process of a checkout: found by npx, exit codes, streams.

import { execFileSync, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

function run(...args: readonly string[]) {
  const bin = resolve(root, "bin/warpweave.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

test("npx finds the command in a checkout", () => {
  const out = execFileSync("npx", ["--no-install", "warpweave", "show", "conv2d"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  expect(out).toMatch(/^conv2d: /);
});

test("exit codes: 0 done, 1 refused, 2 wrong usage; errors on stderr only", () => {
  expect(run("--version")).toMatchObject({ code: 0, err: "" });
  expect(run("show", "conv2")).toStrictEqual({
    code: 1,
    out: "",
    err: 'error: there is no operator "conv2"; did you mean "conv2d"? (your own is given as a path: ./conv2.ts)\n',
  });
  expect(run("show")).toStrictEqual({
    code: 2,
    out: "",
    err: "error: missing required argument 'operator'\n",
  });
});

test("a reader that closes early is no failure", () => {
  const bin = resolve(root, "bin/warpweave.js");
  const command = `"${process.execPath}" "${bin}" show deform_conv2d --json | head -n 1; exit \${PIPESTATUS[0]}`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toStrictEqual({ status: 0, stdout: "{\n", stderr: "" });
});
