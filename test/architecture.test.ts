// Imports go one way: docs/architecture.md in a form that fails.

import { describe, expect, test } from "vitest";
import { targets } from "../targets/registry.ts";
import {
  findComparisons,
  findCycles,
  findForbidden,
  findLoaded,
  type Import,
  importsOf,
  listFolders,
  listSources,
  type Row,
  readText,
  type Table,
} from "./architecture.fixtures.ts";

const shared = ["targets/contract", "targets/native"];
const targetFolders = listFolders("targets").filter((folder) => !shared.includes(folder));

const ofTargets: Row = {
  may: ["generators/emit", "targets/contract"],
  types: ["generators/ir"],
};

/** A folder, and what it may import. */
const table: Table = {
  dsl: {},
  "dsl/ops": { may: ["dsl"] },
  "generators/ir": {},
  "generators/frontend": { may: ["dsl", "generators/ir"] },
  // An operator's gradients are described as the front end describes an operator.
  "generators/autodiff": { may: ["generators/ir"], types: ["generators/frontend"] },
  "generators/schedule": { may: ["generators/ir"] },
  "targets/contract": {},
  "generators/emit": { may: ["generators/ir", "targets/contract"] },
  "generators/manifest": {
    may: ["generators/ir"],
    types: ["generators/emit", "targets/contract"],
  },
  ...Object.fromEntries(targetFolders.map((folder) => [folder, ofTargets])),
  // gpu.js takes JavaScript; modules of WebAssembly are loaded by JavaScript.
  "targets/gpujs": { ...ofTargets, may: [...ofTargets.may!, "targets/js"] },
  "targets/wasm": { ...ofTargets, may: [...ofTargets.may!, "generators/ir", "targets/js"] },
  // Compilers are looked for, and what they build is kept, in one way.
  "targets/native": {},
  "targets/c": { ...ofTargets, may: [...ofTargets.may!, "generators/ir", "targets/native"] },
  // What a call must fulfil and where its memory lies is checked by the same text of C.
  "targets/cuda": { ...ofTargets, may: [...ofTargets.may!, "targets/c", "targets/native"] },
  // What callers of kernels give is checked by the text that the JavaScript modules hold.
  "targets/wgsl": { ...ofTargets, may: [...ofTargets.may!, "targets/js", "targets/native"] },
  targets: { may: targetFolders, types: ["generators/emit", "targets/contract"] },
  // What targets promise of their arithmetic is in their records.
  "generators/check": {
    may: ["generators/frontend", "generators/ir", "targets", "targets/contract"],
  },
  "generators/messages": {},
  // Pages that are written: charts and templates.
  "generators/page": { may: ["generators/messages"] },
  // Calls are made from declarations.
  "generators/measure": {
    may: [
      "generators/check",
      "generators/ir",
      "generators/messages",
      "targets",
      "targets/contract",
    ],
    types: ["generators/frontend"],
  },
  // Its operators hold the checks that the generated JavaScript modules hold.
  "generators/adapters/tfjs": {
    may: ["generators/emit", "targets/contract", "targets/js"],
    types: ["generators/manifest"],
  },
  generators: {
    may: [
      "generators/adapters/tfjs",
      "generators/autodiff",
      "generators/emit",
      "generators/frontend",
      "generators/ir",
      "generators/manifest",
      "generators/schedule",
      "targets",
    ],
    types: ["targets/contract"],
  },
  "generators/tune": {
    may: [
      "generators",
      "generators/check",
      "generators/emit",
      "generators/frontend",
      "generators/ir",
      "generators/measure",
      "generators/messages",
      "generators/page",
      "generators/schedule",
      "targets",
      "targets/contract",
    ],
  },
  // Pages are written of what the commands know.
  "generators/docs": "anything",
  "generators/cli": "anything",
  examples: "anything",
  bench: "anything",
  test: "anything",
};

/** What runs in browsers: it loads nothing of Node and no package. */
const inBrowsers = [
  "targets/wgsl/executor.ts",
  "targets/wgsl/index.ts",
  "targets/js/executor.ts",
  "targets/js/runtime.js",
  "targets/gpujs/runner.ts",
  "targets/wasm/executor.ts",
  "dsl/index.ts",
];

const sources = listSources(Object.keys(table).filter((folder) => !folder.includes("/")));
const imports = sources.flatMap((path) => importsOf(path, readText(path)));

const plant = (path: string, line: string): readonly Import[] => [
  ...imports,
  ...importsOf(path, line),
];

describe("imports go one way", () => {
  test("from folder to folder as the table says", () => {
    expect(findForbidden(table, imports)).toEqual([]);
  });

  test.each([
    ["generators/ir/kernel.ts", 'import { print } from "../emit/printer.ts";'],
    ["generators/ir/kernel.ts", 'export type { Plan } from "../schedule/index.ts";'],
    ["generators/emit/unit.ts", 'const { js } = await import("../../targets/js/target.ts");'],
    ["generators/emit/unit.ts", 'type Js = import("../../targets/js/target.ts").Js;'],
    ["targets/js/target.ts", 'import { hostExpr } from "../../generators/ir/host.ts";'],
    ["targets/js/target.ts", 'import { wgsl } from "../wgsl/target.ts";'],
    ["dsl/core.ts", 'import { conv2d } from "./ops/conv2d.ts";'],
    ["elsewhere/a.ts", 'import { targets } from "../targets/registry.ts";'],
  ])("a planted import is found: %s, %s", (path, line) => {
    expect(findForbidden(table, plant(path, line))).toHaveLength(1);
  });

  test("a planted import of types is allowed where types are", () => {
    const line = 'import type { Nest } from "../../generators/ir/nest.ts";';
    expect(findForbidden(table, plant("targets/js/target.ts", line))).toEqual([]);
  });

  test("and from file to file in no circle", () => {
    expect(findCycles(imports)).toEqual([]);
    const planted = plant("generators/ir/ops.ts", 'import { kindOf } from "./expr.ts";');
    expect(findCycles(planted)).not.toEqual([]);
  });
});

describe("browsers can load", () => {
  const foreign = (start: string, all: readonly Import[]) =>
    findLoaded(start, all).filter((path) => !sources.includes(path));

  test.each(inBrowsers)("%s", (start) => {
    expect(sources).toContain(start);
    expect(foreign(start, imports)).toEqual([]);
  });

  test("a planted package is found", () => {
    const planted = plant("targets/contract/job.ts", 'import { readFileSync } from "node:fs";');
    expect(foreign("targets/wgsl/executor.ts", planted)).toEqual(["node:fs"]);
  });

  test("generated modules, which import nothing", () => {
    // The package for TensorFlow.js is modules that import each other; an index names all modules.
    const modules = listSources(["generated"]).filter(
      (path) => !path.startsWith("generated/tfjs") && !path.startsWith("generated/js/index."),
    );
    expect(modules).toContain("generated/js/conv2d.js");
    expect(modules.flatMap((path) => importsOf(path, readText(path)))).toEqual([]);
  });
});

describe("nothing asks which target it is", () => {
  const names = targets.map(({ name }) => name);
  const all = sources.filter((path) => /^(dsl|generators|targets)\//.test(path));
  // The one place where a target's executor is opened by its name.
  const others = all.filter((path) => path !== "generators/cli/executors.ts");

  test("outside its own folder", () => {
    const found = others.flatMap((path) => {
      const own = targetFolders.find((folder) => path.startsWith(`${folder}/`));
      const foreign = names.filter((name) => own !== `targets/${name}`);
      return findComparisons(path, readText(path), foreign);
    });
    expect(found).toEqual([]);
  });

  test.each(['target === "wgsl"', '"cuda" != target.name', 'switch (t) { case "js": }'])(
    "a planted question is found: %s",
    (text) => {
      expect(findComparisons("a.ts", text, names)).toHaveLength(1);
    },
  );
});

test("no file is longer than 400 lines", () => {
  const lines = (path: string): number => readText(path).split("\n").length - 1;
  expect(sources.filter((path) => lines(path) > 400)).toEqual([]);
});
