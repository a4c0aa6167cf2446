// The manifest that ships tells the truth of the files beside it: what it names is in their texts, and its
// formulas are over numbers that a caller has.

import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import type { Manifest, ManifestTarget } from "../../generators/manifest/manifest.ts";
import { evaluateFormula } from "../../targets/contract/formula.ts";
import type { Entry, LaunchStep } from "../../targets/contract/program.ts";

const read = (path: string) => readFileSync(new URL(`../../generated/${path}`, import.meta.url));
const manifest: Manifest = JSON.parse(read("manifest.json").toString());

/** The names of parameters where a function is defined; undefined where it is not. */
function parametersOf(text: string, name: string): readonly string[] | undefined {
  const definition = new RegExp(`^[^\\n/*]*\\b${name}\\(([^)]*)\\) \\{`, "m").exec(text);
  const inside = definition?.[1]?.trim();
  return inside?.split(",").flatMap((part) => part.trim().match(/\w+(?=\s*(:[^:]*)?$)/)?.[0] ?? []);
}

/** An underscore more is where a keyword is in the way. */
const isNamed = (found: string | undefined, name: string) => found === name || found === `${name}_`;

/** The arguments that the manifest tells of, in order. */
const argumentsOf = ({ buffers, scalars }: LaunchStep): readonly string[] => [
  ...buffers.map(({ name }) => name),
  ...scalars,
];

/** What a text does not have of a launch, where arguments are parameters of a function. */
function missesOfCall(text: string, step: LaunchStep, named = step.function): readonly string[] {
  const parameters = parametersOf(text, named);
  if (parameters === undefined) return [`no function ${named}`];
  const expected = argumentsOf(step);
  const at = expected.findIndex((name, i) => !isNamed(parameters[i], name));
  return at < 0 ? [] : [`${named} takes ${parameters[at]} where ${expected[at]} is said`];
}

/** The same for functions that only their own file calls: they take what they use, in the same order. */
function missesOfOwn(text: string, step: LaunchStep): readonly string[] {
  const parameters = parametersOf(text, step.function);
  if (parameters === undefined) return [`no function ${step.function}`];
  const expected = argumentsOf(step);
  const places = parameters.map((found) => expected.findIndex((name) => isNamed(found, name)));
  const known = places.filter((place) => place >= 0); // others are options and the number of threads
  const isOrdered = known.every((place, i) => i === 0 || place > known[i - 1]!);
  const used = new Set(known);
  const lost = step.buffers.filter((_, at) => !used.has(at)).map(({ name }) => name);
  if (!isOrdered) return [`${step.function} takes its arguments in another order`];
  return lost.map((name) => `${step.function} takes no ${name}`);
}

function missesOfBindings(text: string, step: LaunchStep, { name }: Entry): readonly string[] {
  const complaints: string[] = [];
  const size = new RegExp(`@workgroup_size\\((\\d+)\\)\\s*fn ${step.function}\\(`).exec(text)?.[1];
  if (Number(size) !== step.group) complaints.push(`${step.function} has groups of ${size}`);
  for (const { name: buffer, binding, access } of step.buffers) {
    const declared = new RegExp(`@binding\\(${binding}\\) var<storage, (\\w+)> (\\w+):`).exec(text);
    if (!isNamed(declared?.[2], buffer) && !declared?.[2]?.startsWith(buffer))
      complaints.push(`binding ${binding} of ${name} is ${declared?.[2]}, not ${buffer}`);
    if (access !== "read" && declared?.[1] !== "read_write")
      complaints.push(`${buffer} is written, but declared as ${declared?.[1]}`);
  }
  const { uniform } = step;
  if (!uniform || !text.includes(`@binding(${uniform.binding}) var<uniform>`))
    complaints.push(`${step.function} has no uniform block at its binding`);
  return complaints;
}

interface Modules {
  readonly Module: {
    new (bytes: Uint8Array): object;
    exports(module: object): readonly { readonly name: string }[];
  };
}
const { Module } = (globalThis as unknown as { readonly WebAssembly: Modules }).WebAssembly;

const exported = new Map<string, { has(name: string): boolean }>();
function exportsOf(path: string): { has(name: string): boolean } {
  const known = exported.get(path);
  if (known) return known;
  const bytes = read(path);
  // Not every Node takes modules with relaxed SIMD; their names are looked for as bytes.
  const names = path.includes(".relaxed.")
    ? { has: (name: string) => bytes.includes(name) }
    : new Set(Module.exports(new Module(bytes)).map(({ name }) => name));
  exported.set(path, names);
  return names;
}

type Misses = (
  text: string,
  step: LaunchStep,
  entry: Entry,
  target: ManifestTarget,
) => readonly string[];

const misses: Readonly<Record<string, Misses>> = {
  js: (text, step) => missesOfCall(text, step),
  c: missesOfOwn,
  cuda: (text, step) => missesOfCall(text, step),
  gpujs: (text, step) =>
    missesOfCall(
      text,
      { ...step, buffers: step.buffers.filter((b) => b.access === "read") },
      `${step.function}_kernel`,
    ),
  wgsl: missesOfBindings,
  wasm: (_text, step, _entry, { files }) =>
    files
      .filter((path) => path.endsWith(".wasm") && !exportsOf(path).has(step.function))
      .map((path) => `${path} exports no ${step.function}`),
};

/** What is wrong with an entry by itself: a formula over what nobody knows, a buffer that is nobody's. */
function findLoose(entry: Entry): readonly string[] {
  const complaints: string[] = [];
  const known: Record<string, number> = {};
  for (const { name } of entry.scalars) known[name] = 3;
  for (const { name } of entry.constants) known[name] = 0;
  const check = (formula: string, more: Readonly<Record<string, number>> = {}) => {
    try {
      evaluateFormula(formula, { ...known, ...more });
    } catch (error) {
      complaints.push(`${entry.name}: ${(error as Error).message}`);
    }
  };
  for (const { name, is } of entry.sizes) {
    check(is);
    known[name] = 3;
  }
  for (const { elements } of entry.workspaces) check(elements);
  for (const { shape } of entry.tensors) for (const size of shape) check(size);
  for (const bound of entry.bounds ?? []) check(bound);
  const buffers = new Set([...entry.tensors, ...entry.workspaces].map(({ name }) => name));
  for (const step of entry.steps) {
    const used = step.kind === "fill" ? [{ name: step.buffer }] : step.buffers;
    for (const { name } of used)
      if (!buffers.has(name)) complaints.push(`${entry.name}: ${name} is no buffer of it`);
    if (step.kind === "fill") continue;
    // One block of numbers serves all launches of some targets, those in no repetition too.
    const turn: Record<string, number> = { turn: 0 };
    for (const { name, is } of (entry.repeats ?? []).flatMap(({ numbers }) => numbers)) {
      check(is, turn);
      turn[name] = 1;
    }
    check(step.groups, turn);
    for (const name of step.scalars) check(name, turn);
  }
  return complaints;
}

function findMisses(given: Manifest): readonly string[] {
  const complaints: string[] = [];
  for (const { kernels } of Object.values(given.operators))
    for (const { targets } of Object.values(kernels))
      for (const [name, target] of Object.entries(targets)) {
        const [path] = target.files;
        const text = read(path!).toString();
        const find = misses[name];
        if (!find) throw new Error(`This test does not know what texts of ${name} are like.`);
        for (const entry of target.entries) {
          const launches = entry.steps.filter((step) => step.kind === "launch");
          const found = launches.flatMap((step) => find(text, step, entry, target));
          complaints.push(...[...found, ...findLoose(entry)].map((what) => `${path}: ${what}`));
        }
      }
  return complaints;
}

describe("the manifest that ships", () => {
  test("follows the schema that ships", () => {
    const schema = JSON.parse(read("manifest.schema.json").toString());
    const validate = new Ajv({ strict: false }).compile(schema);
    validate(manifest);
    expect(validate.errors).toBeNull();
  });

  test("names what is in the files", () => {
    expect(findMisses(manifest)).toEqual([]);
  });

  // Each of these would be a wrong manifest for the files as they are.
  test.each([
    [
      "a function's name",
      "js",
      '"function":"conv2d_output_kernel"',
      '"function":"conv2d_o_kernel"',
    ],
    ["the order of arguments", "cuda", '"scalars":["N","C",', '"scalars":["C","N",'],
    ["a binding", "wgsl", '"access":"read","binding":1', '"access":"read","binding":2'],
    ["the size of groups", "wgsl", '"group":64', '"group":32'],
    ["what is written", "wgsl", '"access":"read","binding":0', '"access":"write","binding":0'],
    ["an export", "wasm", '"function":"conv2d_output"', '"function":"conv2d_out"'],
    ["a workspace's size", "c", '"elements":"N', '"elements":"X'],
    ["a workspace's name", "c", '"workspaces":[{"name":"', '"workspaces":[{"name":"z'],
  ])("would not fit with %s changed on %s", (_, target, from, to) => {
    const { conv2d } = manifest.operators;
    const own = conv2d!.kernels.forward!.targets[target];
    const text = JSON.stringify(own);
    expect(text).toContain(from);
    const changed: ManifestTarget = JSON.parse(text.replaceAll(from, to));
    const forward = { ...conv2d!.kernels.forward!, targets: { [target]: changed } };
    const operators = { conv2d: { ...conv2d!, kernels: { forward } } };
    expect(findMisses({ ...manifest, operators })).not.toEqual([]);
  });
});
