import { readFileSync } from "node:fs";
import { comment, describeTensors, fileName, preamble } from "../../generators/emit/frame.ts";
import { closeHelpers } from "../../generators/emit/helpers.ts";
import { createNames } from "../../generators/emit/names.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import { breakable, gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Entry, RepeatInfo, Step } from "../contract/program.ts";
import { ownSizes, repeatOf, stretchesOf } from "../contract/turns.ts";
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

function runStep(step: Step, entry: Entry, indent = 4, numbers = "_s"): string {
  if (step.kind === "fill") {
    const option = entry.constants.find(({ name }) => name === step.unless)?.option;
    const guard = option === undefined ? "" : `if (_o.${option} !== 1) `;
    return `${guard}${safe(step.buffer)}.fill(${step.value});`;
  }
  const args = [
    ...step.buffers.map(({ name }) => safe(name)),
    ...step.scalars.map((name) => `${numbers}.${name}`),
    ...entry.constants.map(({ option }) => `_o.${option}`),
  ];
  return argumentLines(`${step.function}(`, args, ");", indent);
}

/** The turns of a repetition as a loop around lines, which take their numbers from `_t`. */
function writeTurns(
  { times, numbers }: RepeatInfo,
  use: (text: string) => void,
  indent: number,
  lines: readonly string[],
): readonly string[] {
  const pad = " ".repeat(indent);
  return [
    `${pad}for (let turn = 0; turn < ${formulaAsJs(times, "_s.", use)}; turn++) {`,
    `${pad}  const _t = { ..._s, turn };`,
    ...assignNumbers("_t", numbers, use, indent + 2),
    ...lines,
    `${pad}}`,
  ];
}

/** Numbers that are computed from others, one after another. */
const assignNumbers = (
  to: string,
  numbers: RepeatInfo["numbers"],
  use: (text: string) => void,
  indent: number,
): readonly string[] =>
  numbers.flatMap(({ name, is }) =>
    wrap(`${to}.${name} =${gapAt(0)}${breakable(formulaAsJs(is, `${to}.`, use))};`, indent, 100, 2),
  );

/** The sizes that an entry computes for itself, in numbers of its own. */
function declareSizes(entry: Entry, use: (text: string) => void): readonly string[] {
  const own = ownSizes(entry);
  return own.length > 0 ? ["    _s = { ..._s };", ...assignNumbers("_s", own, use, 4)] : [];
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
      value: `new ${arrayNames[dtype]}(${breakable(product(shape))})`,
    })),
    workspaces: workspaces.map(({ name, dtype, elements }) => ({
      name: safe(name),
      value: `new ${arrayNames[dtype]}(${breakable(writeFormula(elements))})`,
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
    sizes: declareSizes(entry, use),
    allocations: [...results, ...workspaces].flatMap(({ name, value }) =>
      wrap(`const ${name} =${gapAt(0)}${value};`, 4, 100, 2),
    ),
    steps: stretchesOf(entry.steps).flatMap(({ repeat, steps }) =>
      repeat === undefined
        ? steps.map((step) => `    ${runStep(step, entry)}`)
        : writeTurns(
            entry.repeats![repeat]!,
            use,
            4,
            steps.map((step) => `      ${runStep(step, entry, 6, "_t")}`),
          ),
    ),
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
    // Arrays of results are new, which are filled with 0, or are added to.
    if (step.kind === "fill" && step.value === 0 && results.includes(step.buffer)) continue;
    const test = testFor((other) => other === step);
    const written = writtenBy(step).find((name) => results.includes(name));
    if (written !== undefined && results.length > 1 && test !== safe(written))
      throw new Error(`${entry.name}: ${written} and other results are computed by one step.`);
    const repeat = repeatOf(step);
    const last = groups.at(-1);
    const joins = repeat === undefined ? last?.test === test : true;
    if (last && last.repeat === repeat && joins) last.steps.push(step);
    else groups.push({ test, repeat, steps: [step] });
  }
  const linesOf = ({ repeat, steps }: Group, indent: number): readonly string[] => {
    const pad = " ".repeat(indent);
    if (repeat === undefined) return steps.map((step) => pad + runStep(step, entry, indent));
    const lines = steps.flatMap((step) => {
      const test = testFor((other) => other === step);
      if (test === "") return [`${pad}  ${runStep(step, entry, indent + 2, "_t")}`];
      const inside = `${pad}    ${runStep(step, entry, indent + 4, "_t")}`;
      return [`${pad}  if (${test}) {`, inside, `${pad}  }`];
    });
    return writeTurns(entry.repeats![repeat]!, use, indent, lines);
  };
  const users = new Map(
    entry.workspaces.map(({ name }) => [
      safe(name),
      groups.filter(({ steps }) => steps.some(names(name))),
    ]),
  );
  const blocks = groups.map((made) => {
    const isRepeated = made.repeat !== undefined;
    const group = isRepeated ? { ...made, test: testFor((s) => made.steps.includes(s)) } : made;
    const indent = group.test === "" ? 4 : 6;
    const first = workspaces.filter(({ name }) => users.get(name)![0] === made);
    const isInside = ({ name }: { readonly name: string }) =>
      users.get(name)!.length === 1 && !isRepeated;
    const usersTest = (name: string): string =>
      testFor((step) => users.get(name)!.some((g) => g.steps.includes(step)) && names(name)(step));
    const allocate = ({ name, value }: (typeof workspaces)[number], at: number, guard: string) =>
      wrap(`const ${name} =${gapAt(0)}${guard}${value};`, at, 100, 2);
    const { test } = group;
    const guard = (of: string): string =>
      of === "" ? "" : `${of.includes(" ") ? `(${of})` : of} &&${gapAt(0)}`;
    const needs = (name: string): string => (isRepeated ? usersTest(name) : test);
    return {
      test,
      before: first
        .filter((w) => !isInside(w))
        .flatMap((w) => allocate(w, 4, guard(needs(w.name)))),
      lines: [
        ...first.filter(isInside).flatMap((w) => allocate(w, indent, "")),
        ...linesOf(group, indent),
      ],
    };
  });
  const sizes = declareSizes(entry, use);
  const fields = [`{ ${inputs} }`, `{ ${outputs} }`, "_s", "_o"];
  return {
    head: argumentLines(`  "${entry.present.join(" ")}": (`, fields, ") => {", 2),
    blocks: sizes.length > 0 ? [{ test: "", before: [], lines: sizes }, ...blocks] : blocks,
  };
}

/** Steps one after another that the same results need. */
interface Group {
  readonly test: string;
  readonly repeat: number | undefined;
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
