// Validates WGSL with naga, the compiler of Firefox and wgpu, through npm `deno`, which carries it.
// naga runs only behind an adapter, so on Linux the child process is shown SwiftShader, as a Vulkan
// driver that is always the same. A child takes about half a second to start: pass many texts.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Unavailable } from "../contract/program.ts";
import { cacheFolder } from "../native/cache.ts";
import { unpackBundle } from "./unpack.ts";
import { findEntryPoints, type Problem, type WgslText } from "./validate.ts";

// What Deno runs: texts come in as JSON, problems go out as JSON.
const script = `
const jobs = JSON.parse(await new Response(Deno.stdin.readable).text());
const answer = (value) => Deno.stdout.write(new TextEncoder().encode(JSON.stringify(value)));
const adapter = await navigator.gpu.requestAdapter();
if (!adapter) {
  await answer({ unavailable: "Deno finds no WebGPU adapter" });
  Deno.exit(0);
}
const wanted = { "shader-f16": "f16", "subgroups": "subgroups" };
const missing = Object.keys(wanted).filter((feature) => !adapter.features.has(feature));
const requiredLimits = {};
for (const name in adapter.limits) {
  if (typeof adapter.limits[name] === "number") requiredLimits[name] = adapter.limits[name];
}
const device = await adapter.requestDevice({
  requiredLimits,
  requiredFeatures: Object.keys(wanted).filter((feature) => !missing.includes(feature)),
});
const results = [];
for (const { source, constants, entryPoints } of jobs) {
  const lacks = missing.filter((f) => new RegExp("^\\\\s*enable[^;]*\\\\b" + wanted[f] + "\\\\b", "m").test(source));
  if (lacks.length > 0) {
    results.push({ lacks, adapter: adapter.info.description || adapter.info.device });
    continue;
  }
  const problems = [];
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code: source });
  const error = await device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  for (const { type, lineNum, linePos, message } of messages) {
    if (type === "error") problems.push({ line: lineNum, column: linePos, message: message.trim() });
  }
  if (error && problems.length === 0) problems.push({ message: error.message.trim() });
  for (const entryPoint of problems.length === 0 ? entryPoints : []) {
    device.pushErrorScope("validation");
    try {
      device.createComputePipeline({ layout: "auto", compute: { module, entryPoint, constants } });
    } catch (error) {
      problems.push({ entryPoint, message: String(error.message ?? error).trim() });
    }
    const error = await device.popErrorScope();
    if (error) problems.push({ entryPoint, message: error.message.trim() });
  }
  results.push({ problems });
}
await answer({ results });
Deno.exit(0);
`;

type Answer =
  | { readonly unavailable: string }
  | { readonly results: readonly (Checked | Unchecked)[] };
type Checked = { readonly problems: readonly Problem[] };
type Unchecked = { readonly lacks: readonly string[]; readonly adapter: string };

/** The problems of one text, or why this one could not be validated here. */
export type NagaVerdict = readonly Problem[] | Unavailable;

const target = "wgsl";

/** naga's problems with each text, compiling the pipelines of the entry points asked for. */
export async function validateWithNaga(
  texts: readonly WgslText[],
): Promise<readonly NagaVerdict[] | Unavailable> {
  const deno = findDeno();
  if (typeof deno !== "string") return deno;
  const env: Record<string, string | undefined> = {
    ...process.env,
    DENO_DIR: join(cacheFolder(), "deno"),
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };
  if (process.platform === "linux") {
    const folder = await unpackBundle("swiftshader");
    if (typeof folder !== "string") return { target, ...folder };
    env.VK_ICD_FILENAMES = join(folder, "vk_swiftshader_icd.json");
    env.VK_DRIVER_FILES = env.VK_ICD_FILENAMES;
    env.LD_LIBRARY_PATH = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
    env.DENO_WEBGPU_BACKEND = "vulkan";
    env.XDG_RUNTIME_DIR ??= folder; // Vulkan loaders warn where it is missing; nothing is written.
  }
  const jobs = texts.map(({ source, constants = {}, entryPoints }) => ({
    source,
    constants,
    entryPoints: entryPoints ?? findEntryPoints(source),
  }));
  const answer = await askDeno(deno, env, JSON.stringify(jobs));
  if ("unavailable" in answer) return { target, ...answer };
  return answer.results.map((result, index) => {
    if ("lacks" in result)
      return {
        target,
        unavailable: `${result.adapter} has no ${result.lacks.join(", ")}, which the text enables`,
      };
    if (jobs[index]?.entryPoints.length === 0 && result.problems.length === 0)
      return [{ message: "there is no @compute entry point" }];
    return result.problems;
  });
}

function findDeno(): string | Unavailable {
  const require = createRequire(import.meta.url);
  try {
    // The package keeps its binary in a package of its own for each platform, and finds it itself.
    return require("deno/install_api.cjs").runInstall();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      target,
      unavailable:
        code === "MODULE_NOT_FOUND"
          ? "the npm package deno is not installed"
          : `npm deno has no binary here: ${message}`,
      install: "npm install deno",
    };
  }
}

function askDeno(deno: string, env: NodeJS.ProcessEnv, input: string): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(deno, ["eval", "--no-config", "--no-lock", script], {
      env,
      stdio: "pipe",
      timeout: 120_000,
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
    child.stdin.on("error", () => {}); // A child that ends early is reported by its exit.
    child.on("error", ({ message }) => resolve({ unavailable: `deno does not start: ${message}` }));
    child.on("close", (code, signal) => {
      try {
        resolve(JSON.parse(output));
      } catch {
        const last = errors.trim().split("\n").at(-1) ?? "";
        resolve({ unavailable: `deno ended with ${signal ?? `exit code ${code}`}: ${last}` });
      }
    });
    child.stdin.end(input);
  });
}
