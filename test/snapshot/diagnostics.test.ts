import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { codes } from "../../generators/frontend/codes.ts";
import { DeclarationError } from "../../generators/frontend/diagnostics.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import type { Input } from "../../generators/frontend/project.ts";
import { bad, good } from "./diagnostics.fixtures.ts";

function problemsOf(input: Input): DeclarationError {
  let operator: Operator;
  try {
    operator = readOperator(input);
  } catch (error) {
    if (error instanceof DeclarationError) return error;
    throw error;
  }
  throw new Error(`${operator.name} is accepted`);
}

const read = (text: string) => ({ path: "example.ts", text });

describe("diagnostics", () => {
  it("has nothing to say of the declaration they start from", () => {
    const { kernel } = readOperator(read(good));
    expect(kernel(["scale"]).stages.map((s) => s.name)).toEqual(["moved", "output"]);
  });

  it.each(bad)("$code: $wrong", ({ code, changes }) => {
    const text = changes.reduce((before, [from, to]) => {
      expect(before).toContain(from);
      return before.replace(from, () => to);
    }, good);
    const error = problemsOf(read(text));
    expect(error.message).toMatchSnapshot();
    expect(error.code).toBe(code);
    const { line, column, text: source } = error.problems[0]!;
    expect(text.split("\n")[line - 1]).toBe(source);
    expect(column).toBeLessThanOrEqual(source.length + 1);
  });

  it("has a case for every code", () => {
    const covered = new Set<string>(bad.map((b) => b.code));
    // Of files, below; of gradients, which are derived when kernels are generated.
    const elsewhere = ["WW100", "WW160"];
    const left = Object.keys(codes).filter((c) => !covered.has(c) && !elsewhere.includes(c));
    expect(left).toEqual([]);
  });

  it("says at most ten of TypeScript's errors", () => {
    const wrong = Array.from({ length: 20 }, (_, i) => `const a${i}: number = "";`).join("\n");
    expect(problemsOf(read(`${good}${wrong}`)).problems.length).toBe(10);
  });
});

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "declarations-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const shown = (error: Error) =>
    error.message
      .replaceAll(relative(process.cwd(), folder).replaceAll("\\", "/"), "<folder>")
      .replaceAll(folder, "<folder>");

  it("that are not there, or no TypeScript", () => {
    expect(shown(problemsOf(join(folder, "none.ts")))).toMatchSnapshot();
    expect(shown(problemsOf(folder))).toMatchSnapshot();
    expect(shown(problemsOf(write("text.md", "#")))).toMatchSnapshot();
  });

  it("that an operator imports are read too, and what is wrong is said where it is", () => {
    const withHelper = (text: string) => {
      write("helper.ts", text);
      const imported = `import { twice } from "./helper.ts";\n${good}`;
      return write("example.ts", imported.replace(/const twice = .*\n/, ""));
    };
    const fine = "export const twice = (a: number): number => 2 * a;\n";
    expect(readOperator(withHelper(fine)).name).toBe("example");
    const wrong = 'export const twice = (a: number): number => 2 * "a";\n';
    expect(shown(problemsOf(withHelper(wrong)))).toMatchSnapshot();
    const unknown = "export const twice = (a: number): number => Math.sin(a);\n";
    expect(shown(problemsOf(withHelper(unknown)))).toMatchSnapshot();
    expect(readOperator(withHelper(fine)).name).toBe("example");
  });
});
