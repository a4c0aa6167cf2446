// A process with an endless candidate ends with the command that started it, even one that was killed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const tsx = pathToFileURL(join(import.meta.dirname, "../../node_modules/tsx/dist/loader.mjs")).href;
const [command, worker] = ["orphan.fixtures.ts", "endless.fixtures.ts"].map((name) =>
  join(import.meta.dirname, name),
) as [string, string];

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("an endless candidate does not outlive the command", { timeout: 30_000 }, async () => {
  const child = spawn(process.execPath, ["--import", tsx, command, tsx, worker], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const pid = Number(said.toString());
  expect(isThere(pid)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "close");
  for (let i = 0; i < 100 && isThere(pid); i++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const stayed = isThere(pid);
  if (stayed) process.kill(pid, "SIGKILL");
  expect(stayed).toBe(false);
});
