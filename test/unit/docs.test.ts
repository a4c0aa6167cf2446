// What the documents show is what there is: the commands of docs/writing-an-operator.md and their output, the list of
// diagnostics, the pages of operators, the reference of the language.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import * as language from "../../dsl/index.ts";
import { writeNpz } from "../../generators/cli/io/arrays.ts";
import { openOperators, operatorNames } from "../../generators/cli/operators.ts";
import { writeLanguage, writePages } from "../../generators/docs/pages.ts";
import { codes } from "../../generators/frontend/codes.ts";
import { hostOnly } from "../../generators/frontend/primitives.ts";
import { presets } from "../../generators/measure/work/layers.ts";
import { calls } from "../../generators/measure/work/networks.ts";
import { makers } from "../../generators/measure/work/operators.ts";
import { runTool } from "../../targets/native/compilers.ts";
import { targets } from "../../targets/registry.ts";
import { floats, makeFolder, warpweave } from "../cli/cli.fixtures.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string) => readFileSync(at(path), "utf8");

const folder = makeFolder();
afterAll(() => folder.remove());

describe("writing an operator", () => {
  const text = read("docs/writing-an-operator.md");
  const declaration = read("examples/involution.ts");
  const deformed = read("examples/deform_conv1d.ts");
  // As the text says: without the test of positions.
  const untested = deformed
    .replace("L.at(near ? p : 0)", "L.at(p)")
    .replace("(near ? value : 0)", "value")
    .replace(/.*const near.*\n/, "");

  it("shows the examples", () => {
    for (const example of [declaration, deformed])
      expect(text).toContain(`\`\`\`ts\n${example}\`\`\``);
  });

  /** What differs from machine to machine and run to run stands as a sign. */
  const general = (output: string): string =>
    output
      .replace(/[^\s(]*\/(\w+\.ts|out\.npz)/g, "$1")
      .replace(/Node [^ ]+ \(V8 [^)]+\)/g, "NODE")
      .replace(/\d+(\.\d+)? (ms|s)\b/g, "TIME")
      .replace(/─+/g, "─")
      .replace(/ +/g, " ")
      .replace(/ +$/gm, "")
      .trim();

  const commands = [...text.matchAll(/```console\n\$ npx warpweave (.*)\n([\s\S]*?)\n```/g)];

  it("has commands", () => {
    expect(commands.length).toBe(7);
  });

  it.each(commands.map(([, line, output]) => [line!, output!]))("%s", async (line, output) => {
    folder.write("involution.ts", declaration);
    folder.write("deform_conv1d.ts", deformed);
    folder.write("untested.ts", untested);
    folder.write("wrong.ts", declaration.replace("G.of(c, C)", "c"));
    await writeNpz(folder.path("in.npz"), {
      input: floats([1, 4, 8, 8]),
      kernel: floats([1, 18, 8, 8]),
    });
    const args = line
      .split(" ")
      .map((word) => (/\.(ts|npz)$/.test(word) ? folder.path(word.replace("./", "")) : word));
    const { out, err } = await warpweave(...args);
    expect(general(out + (line.includes("wrong") ? err : ""))).toBe(general(output));
  });

  it("explains each diagnostic once, in order", () => {
    const rows = [...text.matchAll(/^\| (WW\d+) \| (.*?) \| (.+) \| .+ \|$/gm)];
    expect(rows.map(([, code, meaning]) => [code, meaning])).toEqual(Object.entries(codes));
    // Of files and of gradients, which other tests hold; all other messages are in the snapshots.
    const said = read("test/snapshot/__snapshots__/diagnostics.test.ts.snap").replaceAll(
      "\\`",
      "`",
    );
    const examples = rows.map(
      ([, code, , example]) => `${code} ${example!.replace(/^`+ ?| ?`+$/g, "")}`,
    );
    const unknown = examples.filter((example) => !said.includes(example));
    expect(unknown.map((example) => example.slice(0, 5))).toEqual(["WW100", "WW160"]);
  });
});

it("adding a target names files and fields that there are", () => {
  const text = read("docs/adding-a-target.md");
  const paths = [...text.matchAll(/`((?:targets|generators|test)\/[\w./-]*\w)`/g)];
  expect(paths.length).toBeGreaterThan(8);
  expect(paths.filter(([, path]) => !existsSync(at(path!))).map(([, path]) => path)).toEqual([]);
  // Each field of a record is one of those that the table and the sentence below it name.
  const fields = new Set(targets.flatMap((target) => Object.keys(target)));
  const known = new Set(["name", "extension", "index", "total"]);
  const missing = [...fields].filter((name) => !known.has(name) && !text.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

it("every example stands in the list of them", () => {
  const text = read("examples/README.md");
  const listed = readdirSync(at("examples/")).filter((name) => name !== "README.md");
  expect(listed.filter((name) => !text.includes(name))).toEqual([]);
});

describe("using kernels", () => {
  const text = read("docs/using.md");
  const snippets = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);

  // A device of WebGPU is the caller's; the others are whole programs.
  it.each(snippets.filter((code) => !code.includes("device")))(
    "%#: runs as it stands",
    async (code) => {
      const root = at(".").pathname;
      const args = ["--input-type=module", "--eval", code];
      const { ok, stdout, stderr } = await runTool(process.execPath, args, root);
      expect(ok, stderr).toBe(true);
      expect(stdout).toMatch(/^1 × 4 × 16 × 16\n1 × (4|18) × 16 × 16\n$/);
    },
  );
});

it("using kernels speaks of every target", () => {
  const text = read("docs/using.md");
  expect(targets.filter(({ name }) => !text.includes(`\`${name}\``)).map((t) => t.name)).toEqual(
    [],
  );
});

it("tuning.md names every operator with the presets of its calls", () => {
  const [, table = ""] = read("docs/tuning.md").split("| operator | `--shape` | presets |\n");
  const rows = table
    .split("\n\n")[0]!
    .split("\n")
    .map((row) => row.split(" | "));
  const words = (cell = ""): readonly string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, w]) => w!);
  const named = new Map(rows.flatMap((row) => words(row[0]).map((op) => [op, words(row[2])])));
  expect([...named.keys()].toSorted()).toEqual(operatorNames());
  for (const [op, { networks }] of Object.entries(calls))
    expect(named.get(op), op).toEqual(Object.keys(networks));
  for (const op of Object.keys(makers))
    expect(named.get(op), op).toEqual(op.endsWith("conv2d") ? Object.keys(presets) : []);
});

it("the pages of operators are current: npx tsx generators/docs/main.ts", () => {
  const pages = writePages(openOperators(operatorNames()));
  const there = readdirSync(at("docs/operators/"));
  expect(there.toSorted()).toEqual([...pages.keys()].toSorted());
  for (const [name, text] of pages) expect(read(`docs/operators/${name}`), name).toBe(text);
});

describe("the reference of the language", () => {
  it("is current: npx tsx generators/docs/main.ts", () => {
    expect(read("docs/language.md")).toBe(writeLanguage());
  });

  it("has every function that declarations may call, and a meaning for every row", () => {
    const text = writeLanguage();
    const names = [...text.matchAll(/^\| `([^`]+)` \| `.+` \| (.*) \|$/gm)];
    const missing = Object.keys(language).filter((name) => !names.some(([, n]) => n === name));
    expect(missing.toSorted()).toEqual(hostOnly);
    expect(names.filter(([, , meaning]) => meaning === "").map(([, name]) => name)).toEqual([]);
  });
});
