import { describe, expect, test } from "vitest";
import { fillProgram } from "../../targets/wgsl/fill.ts";
import { validateWithNaga } from "../../targets/wgsl/naga.ts";
import { findEntryPoints, validateWithDawn } from "../../targets/wgsl/validate.ts";
import { mirrorProgram } from "./webgpu.fixtures.ts";

const good = mirrorProgram.source;
const unknownName = good.replace("* a.scale", "* scale");
const badOverride = "override k: i32; @compute @workgroup_size(1) fn main() { let a = 1 / k; }";
const half = `enable f16;
@group(0) @binding(0) var<storage, read_write> x: array<f16>;
@compute @workgroup_size(1) fn main() { x[0] = 1.0h; }`;
const tooMuch = `var<workgroup> tile: array<f32, 5000000>;
@compute @workgroup_size(1) fn main() { tile[0] = 1.0; }`;

test("entry points are found, and not in comments", () => {
  expect(findEntryPoints(good)).toEqual(["scale_columns", "mirror"]);
  expect(findEntryPoints("// @compute fn a()\n/* @compute fn b() */ fn c() {}")).toEqual([]);
  expect(findEntryPoints("@compute @workgroup_size(8, 8)\nfn d () {}\nfn e() {}")).toEqual(["d"]);
});

describe("Dawn", () => {
  test("accepts good texts, with f16 and overrides", async () => {
    expect(await validateWithDawn(good)).toEqual([]);
    expect(await validateWithDawn(good, { mode: 1 })).toEqual([]);
    expect(await validateWithDawn(half)).toEqual([]);
    expect(await validateWithDawn(fillProgram.source)).toEqual([]);
    expect(await validateWithDawn(badOverride, { k: 2 })).toEqual([]);
  });

  test("reports an unknown name with its line", async () => {
    expect(await validateWithDawn(unknownName)).toEqual([
      { line: 25, column: 42, message: "unresolved value 'scale'" },
    ]);
  });

  test("reports what only a pipeline shows", async () => {
    expect(await validateWithDawn(badOverride)).toMatchObject([{ entryPoint: "main" }]);
    expect(await validateWithDawn(badOverride, { k: 0 })).toMatchObject([{ entryPoint: "main" }]);
    expect(await validateWithDawn(good, { nothing: 1 })).toHaveLength(2);
    expect(await validateWithDawn(tooMuch)).toHaveLength(1);
    expect(await validateWithDawn("fn f() {}")).toHaveLength(1);
  });
});

test("naga accepts and reports, many texts in one go, and says what it cannot check", async () => {
  const verdicts = await validateWithNaga([
    { source: good },
    { source: good, constants: { mode: 1 } },
    { source: unknownName },
    { source: badOverride },
    { source: "fn f() {}" },
    { source: half },
    { source: fillProgram.source },
  ]);
  if ("unavailable" in verdicts) throw new Error(verdicts.unavailable);
  const [plain, high, name, override, none, f16, fill] = verdicts;
  expect(plain).toEqual([]);
  expect(high).toEqual([]);
  expect(fill).toEqual([]);
  expect(name).toMatchObject([{ line: 25, message: expect.stringContaining("`scale`") }]);
  expect(override).toMatchObject([{ entryPoint: "main" }]);
  expect(none).toHaveLength(1);
  // SwiftShader has no f16; an adapter that has validates the text.
  if (f16 && "unavailable" in f16) expect(f16.unavailable).toContain("shader-f16");
  else expect(f16).toEqual([]);
});
