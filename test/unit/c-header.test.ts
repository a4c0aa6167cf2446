// What a header of C says: declarations for C and C++, and a call that compiles as it stands there.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../generators/compile.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { findCCompiler } from "../../targets/c/build.ts";
import { formulaAsInts } from "../../targets/c/ints.ts";
import { c } from "../../targets/c/target.ts";
import { evaluateFormula } from "../../targets/contract/formula.ts";
import { findHostCompiler, runTool } from "../../targets/native/compilers.ts";

const compiler = await findCCompiler();
const host = await findHostCompiler();
// Where there is no compiler these say so and are skipped; in CI there must be one.
const here = test.runIf((compiler && host) !== undefined || process.env.CI !== undefined);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warpweave-c-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const strict = ["-Wall", "-Wextra", "-Werror"];
const c11 = ["-std=c11", "-pedantic", "-march=native", ...strict];

/** The statements of the call in a header, and of them the names that it leaves to its reader. */
function exampleOf(header: string): readonly string[] {
  const from = header.indexOf("// A call, with memory for its results:\n//\n");
  expect(from).toBeGreaterThan(0);
  const lines = header.slice(from).split("\n").slice(2);
  return lines.slice(0, lines.indexOf("")).map((line) => {
    expect(line).toMatch(/^\/\/ {3}/);
    return line.slice(5);
  });
}

describe("the header", () => {
  const { files, programs } = compile(readOperator("dsl/ops/conv2d.ts"), c, { variants: [[]] });
  const [program] = programs;
  const header = files.get("c/conv2d.h")!;
  const sizes = { N: 2, C: 4, H: 7, W: 9, O: 6, I: 2, KH: 3, KW: 2 };
  const attrs = {
    ...{ stride_y: 2, stride_x: 1, dilation_y: 1, dilation_x: 2 },
    ...{ padding_top: 1, padding_left: 0, padding_bottom: 2, padding_right: 1 },
  };
  const given = { ...sizes, ...attrs };

  here("has a call that computes the sizes of its results and runs", async () => {
    const main = [
      '#include "conv2d.h"',
      "#include <stdio.h>",
      "#include <stdlib.h>",
      "int main(void) {",
      ...Object.entries(given).map(([name, value]) => `  const int32_t ${name} = ${value};`),
      "  static float input[2 * 4 * 7 * 9], weight[6 * 2 * 3 * 2];",
      "  input[0] = weight[0] = 1.0f;",
      ...exampleOf(header).map((line) => `  ${line}`),
      '  printf("%d %d %d\\n", code, OH, OW);',
      "  free(output);",
      "  return code;",
      "}",
      "",
    ];
    for (const [path, text] of files) await writeFile(join(folder, path.slice(2)), text);
    await writeFile(join(folder, "main.c"), main.join("\n"));
    const built = await runTool(
      compiler!.path,
      [...c11, "-O1", "main.c", "conv2d.c", "-o", "main", "-lm"],
      folder,
    );
    expect(built.stderr).toBe("");
    const { stdout } = await runTool(join(folder, "main"), []);
    const known: Record<string, number> = { ...given };
    for (const { name, is } of program!.entry.sizes) known[name] = evaluateFormula(is, known);
    expect(stdout).toBe(`0 ${known.OH} ${known.OW}\n`);
  });

  here("declares its functions to C++ too", async () => {
    await writeFile(join(folder, "conv2d.h"), header);
    await writeFile(
      join(folder, "use.cpp"),
      "#include \"conv2d.h\"\nint main() { return *conv2d_error(0) == 'N' ? 0 : 1; }\n",
    );
    const args = [...strict, "-pedantic", "-xc++", "-fsyntax-only", "use.cpp"];
    const { stderr } = await runTool(host!.path, args, folder);
    expect(stderr).toBe("");
  });
});

test.each([
  ["idiv(H + 2 * p - 1, stride) + 1", "(H + 2 * p - 1) / stride + 1"],
  ["a * idiv(b, c)", "a * (b / c)"],
  ["a - (b - c)", "a - (b - c)"],
  ["ceilDiv(idiv(C, G), 4) * 4", "(C / G + 4 - 1) / 4 * 4"],
  ["max(64, mod(a, b) + 1) * N", "(64 < a % b + 1 ? a % b + 1 : 64) * N"],
  ["select(a < b && !(c == 1), a, -b)", "((a < b && !(c == 1)) ? a : -b)"],
  ["floor(W / scale)", "floor((double)W / scale)"],
  ["int + error", "int_ + error"],
])("formulas over ints: %s", (formula, text) => {
  expect(formulaAsInts(formula).replace(/[\uE000-\uE0FF]/g, " ")).toBe(text);
});
