import { readFileSync } from "node:fs";
import { comment, describeTensors, fileName, preamble } from "../../generators/emit/frame.ts";
import { closeHelpers } from "../../generators/emit/helpers.ts";
import { createNames } from "../../generators/emit/names.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Entry, Step } from "../contract/program.ts";
import { stepsFor } from "../contract/wanted.ts";
import { declareTypes } from "./declarations.ts";
import { formulaAsJs } from "./formula.ts";
import { helpers } from "./helpers.ts";
import { reserved } from "./reserved.ts";
import { printSignature } from "./signature.ts";
import { argumentLines, arrayNames, field } from "./text.ts";

const safe = createNames(reserved);

/** Files of plain JavaScript as text for a module that imports nothing; each begins with a comment of its own. */
export function readModules(urls: readonly URL[]): string {
  const texts = urls.map((url) => {
    const text = readFileSync(url, "utf8");
    return text.slice(text.indexOf("\n\n") + 2).replace(/^import .*\n\n?/gm, "");
  });
  return texts
    .join("\n")
    .replace(/^export /gm, "")
    .trimEnd();
}

/** The files that check a call; `additive` are results that may be chosen and added to. */
export const checkFiles = (additive: boolean): readonly URL[] =>
  ["tensors", ...(additive ? ["results"] : []), "attributes", "runtime"].map(
    (name) => new URL(`./${name}.js`, import.meta.url),
  );

function declareKernels({ nests, entry }: PrintedPlan) {
  return nests.map(({ nest, body }) => {
    const buffers = nest.buffers.filter(({ place }) => place === "global");
    const names = [...buffers, ...nest.scalars, ...entry.constants].map(({ name }) => safe(name));
    const head = argumentLines(`export function ${nest.name}_kernel(`, names, ") {");
    return { head, body };
  });
}

function runStep(step: Step, entry: Entry, indent = 4): string {
  if (step.kind === "fill") return `${safe(step.buffer)}.fill(${step.value});`;
  const args = [
    ...step.buffers.map(({ name }) => safe(name)),
    ...step.scalars.map((name) => `_s.${name}`),
    ...entry.constants.map(({ option }) => `_o.${option}`),
  ];
  return argumentLines(`${step.function}(`, args, ");", indent);
}

/** What an entry of any module says: the tensors that it takes, and the memory that it makes itself. */
function declareMemory({ tensors, workspaces }: Entry, use: (text: string) => void) {
  const writeFormula = (formula: string) => formulaAsJs(formula, "_s.", use);
  const product = (shape: readonly string[]) =>
    shape.map((f) => f.split(" * ").map(writeFormula).join(" * ")).join(" * ");
  const of = (role: "input" | "output") => tensors.filter((tensor) => tensor.role === role);
  const fields = (list: readonly { readonly name: string }[]) =>
    list.map(({ name }) => field(name, safe(name))).join(", ");
  return {
    inputs: fields(of("input")),
    outputs: fields(of("output")),
    results: of("output").map(({ name, dtype, shape }) => ({
      name: safe(name),
      value: `new ${arrayNames[dtype]}(${product(shape)})`,
    })),
    workspaces: workspaces.map(({ name, dtype, elements }) => ({
      name: safe(name),
      value: `new ${arrayNames[dtype]}(${writeFormula(elements)})`,
    })),
  };
}

/** An entry that computes all of its results into new arrays. */
function declareEntry({ entry }: PrintedPlan, use: (text: string) => void) {
  const { inputs, outputs, results, workspaces } = declareMemory(entry, use);
  return {
    key: entry.present.join(" "),
    inputs,
    outputs,
    allocations: [...results, ...workspaces],
    steps: entry.steps.map((step) => runStep(step, entry)),
  };
}

/** An entry that computes the results for which it is given arrays. */
function declareChosen({ entry }: PrintedPlan, use: (text: string) => void) {
  const { inputs, outputs, workspaces } = declareMemory(entry, use);
  const results = entry.tensors.filter(({ role }) => role === "output").map(({ name }) => name);
  const needed = results.map((name) => ({ name, steps: stepsFor(entry.steps, [name]) }));
  /** The test that some result is wanted which needs such a step; empty where all do. */
  const testFor = (isUsed: (step: Step) => boolean): string => {
    const users = needed.filter(({ steps }) => steps.some(isUsed)).map(({ name }) => safe(name));
    return users.length === results.length ? "" : users.join(" || ");
  };
  const groups: Group[] = [];
  for (const step of entry.steps) {
    // Arrays of results are new, which is filled with 0, or are added to.
    if (step.kind === "fill" && results.includes(step.buffer)) continue;
    const test = testFor((other) => other === step);
    const written = writtenBy(step).find((name) => results.includes(name));
    if (written !== undefined && results.length > 1 && test !== safe(written))
      throw new Error(`${entry.name}: ${written} and other results are computed by one step.`);
    if (groups.at(-1)?.test !== test) groups.push({ test, steps: [] });
    groups.at(-1)!.steps.push(step);
  }
  const users = new Map(
    entry.workspaces.map(({ name }) => [
      safe(name),
      groups.filter(({ steps }) => steps.some(names(name))),
    ]),
  );
  const blocks = groups.map((group) => {
    const indent = group.test === "" ? 4 : 6;
    const first = workspaces.filter(({ name }) => users.get(name)![0] === group);
    const isInside = ({ name }: { readonly name: string }) => users.get(name)!.length === 1;
    const allocate = ({ name, value }: (typeof workspaces)[number], at: number, guard: string) =>
      wrap(`const ${name} =${gapAt(1)}${guard}${value};`, at, 100, 2);
    const { test } = group;
    const guard = test === "" ? "" : `${test.includes(" ") ? `(${test})` : test} &&${gapAt(0)}`;
    return {
      test,
      before: first.filter((w) => !isInside(w)).flatMap((w) => allocate(w, 4, guard)),
      lines: [
        ...first.filter(isInside).flatMap((w) => allocate(w, indent, "")),
        ...group.steps.map((step) => " ".repeat(indent) + runStep(step, entry, indent)),
      ],
    };
  });
  const fields = [`{ ${inputs} }`, `{ ${outputs} }`, "_s", "_o"];
  return {
    head: argumentLines(`  "${entry.present.join(" ")}": (`, fields, ") => {", 2),
    blocks,
  };
}

/** Steps one after another that the same results need. */
interface Group {
  readonly test: string;
  readonly steps: Step[];
}

const names =
  (buffer: string) =>
  (step: Step): boolean =>
    step.kind === "fill"
      ? step.buffer === buffer
      : step.buffers.some(({ name }) => name === buffer);

const writtenBy = (step: Step): readonly string[] =>
  step.kind === "fill"
    ? [step.buffer]
    : step.buffers.filter(({ access }) => access !== "read").map(({ name }) => name);

/** A module defines its operator's name and a few of its own, which must differ. */
export function requireFree(operator: string, runtime: string): void {
  const own = [...runtime.matchAll(/^(?:function|const) (\w+)/gm)].map(([, name]) => name);
  // Those of all modules, also where one has them not.
  const more = ["signature", "entries", "makeResults", "findShared"];
  // A module has as many axes and demands as its variants differ in.
  const numbered = /^(axes|demands|bounds)\d*$/.test(operator);
  if (reserved.has(operator) || numbered || [...own, ...more].includes(operator))
    throw new Error(`An operator cannot be called ${operator}: generated modules use that name.`);
}

/** An ES module that imports nothing, and its types. */
export function frame(unit: PrintedUnit): readonly Framed[] {
  const { signature } = unit;
  const base = fileName(unit);
  const called = new Set<string>();
  const additive = unit.plans.some(({ entry }) => entry.accumulate !== undefined);
  const declare = additive ? declareChosen : declareEntry;
  const entries = unit.plans.map((plan) => declare(plan, (text) => called.add(text)));
  const printed = printSignature(signature, unit.kernels);
  const runtime = readModules(checkFiles(additive));
  requireFree(base, runtime);
  return [
    {
      path: `js/${base}.js`,
      template: new URL("./module.js.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "JavaScript", "//"),
        tensors: describeTensors(unit),
        operator: base,
        doc: comment(signature.doc, " *"),
        signature: printed.text,
        additive,
        single: signature.outputs.length === 1,
        output: signature.outputs[0]?.name,
        entries,
        helpers: [
          ...new Set([...closeHelpers(printed.helpers, helpers), ...unit.helpers, ...called]),
        ],
        kernels: unit.plans.flatMap(declareKernels),
        runtime,
      },
    },
    {
      path: `js/${base}.d.ts`,
      template: new URL("./module.d.ts.hbs", import.meta.url),
      data: { ...declareTypes(unit), preamble: preamble(unit, "JavaScript (types)", "//") },
    },
  ];
}
