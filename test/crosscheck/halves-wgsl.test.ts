// WGSL whose data are f16 passes the compilers of others: Dawn, and naga as far as its adapter has f16.

import { expect, test } from "vitest";
import { compileKernels, scheduleOn } from "../../generators/compile.ts";
import { findTarget } from "../../targets/registry.ts";
import { validateWithNaga } from "../../targets/wgsl/naga.ts";
import { findEntryPoints, validateWithDawn } from "../../targets/wgsl/validate.ts";
import { roles } from "./races.fixtures.ts";

const wgsl = findTarget("wgsl");
const shaders = roles.map(({ name, operator, kernels }) => {
  const { programs } = compileKernels(operator, kernels, wgsl, scheduleOn(wgsl, undefined, "f16"));
  return { name, sources: [...new Set(programs.map(({ source }) => source))] };
});

test("data are f16 in every file", () => {
  expect(shaders.length).toBeGreaterThanOrEqual(10);
  for (const { name, sources } of shaders)
    for (const source of sources) {
      expect(source, name).toMatch(/^enable f16;$/m);
      expect(source, name).toContain("array<f16>");
    }
});

test.each(shaders)("Dawn compiles $name", { timeout: 120_000 }, async ({ sources }) => {
  for (const source of sources) expect(await validateWithDawn(source)).toEqual([]);
});

/** The same text with the type that every adapter has. */
const widen = (source: string): string =>
  source.replace(/^enable f16;$/m, "").replace(/\bf16\b/g, "f32");

test("naga compiles each file, with f32 in the place of f16 where its adapter has none", async () => {
  // One text of each file in turn: they differ in which tensors are given, and Dawn has compiled them all.
  const sources = shaders.map((shader, i) => shader.sources[i % shader.sources.length]!);
  // Each is read and checked whole; pipelines of some with f32 are those of the files that ship.
  const texts = sources.flatMap((source, i) => {
    const all = findEntryPoints(source);
    const entryPoints = [all[i % all.length]!];
    return [
      { source, entryPoints },
      { source: widen(source), entryPoints },
    ];
  });
  const found = await validateWithNaga(texts);
  if ("unavailable" in found) throw new Error(found.unavailable);
  for (const [i, verdict] of found.entries())
    if (i % 2 === 0 && "unavailable" in verdict)
      expect(verdict.unavailable).toMatch(/has no shader-f16, which the text enables$/);
    else expect(verdict).toEqual([]);
  const lacking = found.filter((verdict) => "unavailable" in verdict);
  if (lacking.length > 0)
    console.warn(`Skipped: f16 in naga. ${(lacking[0] as { unavailable: string }).unavailable}.`);
}, 240_000);
