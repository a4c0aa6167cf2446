// The table of slopes is complete by its type: without any one of its rows it does not compile.

import { Project } from "ts-morph";
import { expect, it } from "vitest";
import { slopes } from "../../generators/autodiff/slopes.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { ops } from "../../generators/ir/ops.ts";

const project = new Project({
  tsConfigFilePath: `${packageRoot}/tsconfig.json`,
  skipAddingFilesFromTsConfig: true,
});
const path = `${packageRoot}/generators/autodiff/slopes.ts`;
const file = project.addSourceFileAtPath(path);
const whole = file.getFullText();
const errors = (): readonly string[] =>
  project
    .getProgram()
    .getSemanticDiagnostics(file)
    .map((d) => {
      const text = d.getMessageText();
      return typeof text === "string" ? text : text.getMessageText();
    });

it("has a row for each operation", () => {
  expect(errors()).toEqual([]);
  expect(Object.keys(slopes).sort()).toEqual(Object.keys(ops).sort());
});

it.each(Object.keys(slopes))("does not compile without %s", (name) => {
  const rows = whole.split("\n").filter((line) => line.startsWith(`  ${name}:`));
  expect(rows.length).toBe(1);
  file.replaceWithText(whole.replace(`${rows[0]}\n`, ""));
  try {
    expect(errors().join("\n")).toContain(`Property '${name}' is missing`);
  } finally {
    file.replaceWithText(whole);
  }
});
