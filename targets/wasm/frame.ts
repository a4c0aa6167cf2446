// The files of a unit: the text of its module, and an ES module that loads the bytes made of it.

import {
  comment,
  describeOrder,
  describeTensors,
  fileName,
  preamble,
} from "../../generators/emit/frame.ts";
import { closeHelpers } from "../../generators/emit/helpers.ts";
import type { Binary, Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import { partSteps } from "../contract/kept.ts";
import type { Entry, LaunchStep, Step } from "../contract/program.ts";
import { ownSizes } from "../contract/turns.ts";
import { stepsFor } from "../contract/wanted.ts";
import { formulaAsJs } from "../js/formula.ts";
import { checkFiles, readModules, requireFree } from "../js/frame.ts";
import { helpers } from "../js/helpers.ts";
import { printSignature } from "../js/signature.ts";
import { declareModule } from "./declarations.ts";
import { isImport } from "./helpers.ts";
import { isShared, rangeNames } from "./print.ts";
import { hasFusible, relax } from "./relax.ts";

/** A function of the module for each launch. */
function declareFunctions({ nests, entry }: PrintedPlan) {
  return nests.map(({ nest, body }) => {
    const buffers = nest.buffers.filter(({ place }) => place === "global");
    const written = buffers.filter(({ access }) => access !== "read").map(({ name }) => name);
    const shared = isShared(nest);
    const params = [
      ...buffers.map(({ name }) => [name, "i32"]),
      ...nest.scalars.map(({ name, type }) => [name, type]),
      ...entry.constants.map(({ name }) => [name, "i32"]),
      ...(shared ? rangeNames.map((name) => [name, "i32"]) : []),
    ].map(([name, type]) => `(param $${name} ${type})`);
    const parts = [
      `(func $${nest.name} (export "${nest.name}")`,
      ...params,
      ...(shared ? ["(result i32)"] : []),
    ];
    const doc = shared
      ? `Computes ${written.join(", ")}, of some iterations; gives whether more are left.`
      : `Computes ${written.join(", ")}.`;
    return { doc: comment(doc, ";;"), head: wrap(parts.join(gapAt(0)), 0, 100).join("\n"), body };
  });
}

const quoted = (names: readonly string[]): string =>
  names.map((n) => `"${n}"`).join(`,${gapAt(0)}`);

/** Whether a launch makes nothing but what some inputs alone decide. */
const isOnce = (step: Step, entry: Entry): boolean =>
  partSteps(
    entry,
    entry.tensors.map(({ name }) => name),
  ).once.includes(step);

/** The inputs that such a launch depends on. */
function inputsOf({ buffers }: LaunchStep, { tensors, workspaces }: Entry): readonly string[] {
  const made = workspaces.filter(({ name }) =>
    buffers.some((b) => b.name === name && b.access === "write"),
  );
  const from = new Set(made.flatMap((workspace) => workspace.from ?? []));
  return tensors.flatMap(({ name }) => (from.has(name) ? [name] : []));
}

/** What a step is in the module, and the results that need it. */
function describeStep(step: Step, entry: Entry): string {
  const { steps, tensors, constants } = entry;
  const needs = tensors.filter(
    ({ name, role }) => role === "output" && stepsFor(steps, [name]).includes(step),
  );
  const results = `for: [${quoted(needs.map(({ name }) => name))}]`;
  const fields =
    step.kind === "fill"
      ? [
          'kind: "fill"',
          `buffer: "${step.buffer}"`,
          `value: ${step.value}`,
          ...(step.unless === undefined
            ? []
            : [`unless: "${constants.find(({ name }) => name === step.unless)!.option}"`]),
          results,
        ]
      : [
          'kind: "launch"',
          `function: "${step.function}"`,
          `buffers: [${quoted(step.buffers.map(({ name }) => name))}]`,
          `scalars: [${quoted(step.scalars)}]`,
          results,
          ...(step.repeat === undefined ? [] : [`repeat: ${step.repeat}`]),
          ...(isOnce(step, entry) ? [`from: [${quoted(inputsOf(step, entry))}]`] : []),
        ];
  return wrap(`{ ${fields.join(`,${gapAt(0)}`)} },`, 6, 100).join("\n");
}

type Named = readonly { readonly name: string; readonly is: string }[];

/** Numbers that are computed from others, as lines of a list. */
const numbersOf = (numbers: Named, use: (text: string) => void, indent: number): string[] =>
  numbers.flatMap(({ name, is }) =>
    wrap(`["${name}",${gapAt(0)}(_s) =>${gapAt(0)}${formulaAsJs(is, "_s.", use)}],`, indent, 100),
  );

/** What a module says of an entry. */
function declareEntry({ entry }: PrintedPlan, use: (text: string) => void) {
  const buffer = (name: string, dtype: string, elements: string, perWorker = false): string => {
    const fields = [
      `name: "${name}"`,
      `dtype: "${dtype}"`,
      `elements: (_s) => ${formulaAsJs(elements, "_s.", use)}`,
      ...(perWorker ? ["perWorker: true"] : []),
    ];
    return wrap(`{ ${fields.join(`,${gapAt(0)}`)} },`, 6, 100).join("\n");
  };
  return {
    key: entry.present.join(" "),
    name: entry.name,
    buffers: [
      ...entry.tensors.map(({ name, dtype, shape }) =>
        buffer(name, dtype, shape.join(" * ") || "1"),
      ),
      ...entry.workspaces.map(({ name, dtype, elements, perWorker }) =>
        buffer(name, dtype, elements, perWorker),
      ),
    ],
    steps: entry.steps.map((step) => describeStep(step, entry)),
    sizes: numbersOf(ownSizes(entry), use, 6),
    repeats: (entry.repeats ?? []).map(({ times, numbers }) => ({
      times: `(_s) => ${formulaAsJs(times, "_s.", use)}`,
      numbers: numbersOf(numbers, use, 10),
    })),
    options: entry.constants.map(({ option }) => `"${option}"`).join(", "),
  };
}

const ownFiles = ["heap", "threads", "engine", "call", "module"].map(
  (name) => new URL(`./${name}.js`, import.meta.url),
);

const textPath = (unit: PrintedUnit): string => `wasm/${fileName(unit)}.wat`;

/** The module's text, and the JavaScript that loads it, with its types. */
export function frame(unit: PrintedUnit): readonly Framed[] {
  const { signature } = unit;
  const base = fileName(unit);
  const called = new Set<string>();
  const additive = unit.plans.some(({ entry }) => entry.accumulate !== undefined);
  const entries = unit.plans.map((plan) => declareEntry(plan, (text) => called.add(text)));
  const printed = printSignature(signature, unit.kernels);
  const runtime = readModules([...checkFiles(additive), ...ownFiles]);
  requireFree(base, runtime);
  const functions = unit.plans.flatMap(declareFunctions);
  return [
    {
      path: textPath(unit),
      template: new URL("./module.wat.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "WebAssembly", ";;"),
        tensors: describeTensors(unit),
        order: describeOrder(unit, ";;"),
        imports: unit.helpers.filter(isImport),
        helpers: unit.helpers.filter((text) => !isImport(text)),
        functions,
      },
    },
    {
      path: `wasm/${base}.js`,
      template: new URL("./module.js.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "WebAssembly (JavaScript that loads it)", "//"),
        tensors: describeTensors(unit),
        base,
        operator: base,
        loads: comment(
          `Loads ${base}.wasm, which lies beside this file, or what \`source\` is: a URL, a Response or ` +
            "the bytes. Gives the operator as a function, and the memory that it works in. `threads` " +
            "share its loops, where workers and shared memory are allowed.",
          " *",
        ),
        doc: comment(signature.doc, "     *"),
        relaxed: functions.some(({ body }) => hasFusible(body)),
        signature: printed.text,
        additive,
        single: signature.outputs.length === 1,
        output: signature.outputs[0]?.name,
        entries,
        helpers: [...new Set([...closeHelpers(printed.helpers, helpers), ...called])],
        runtime,
      },
    },
    {
      path: `wasm/${base}.d.ts`,
      template: new URL("./module.d.ts.hbs", import.meta.url),
      data: {
        ...declareModule(unit),
        preamble: preamble(unit, "WebAssembly (types)", "//"),
      },
    },
  ];
}

/** The bytes of the module, and those with relaxed vectors where it has use for them. */
export function binaries(files: ReadonlyMap<string, string>): readonly Binary[] {
  return [...files].flatMap(([path, text]): readonly Binary[] => {
    if (!path.endsWith(".wat")) return [];
    const base = path.slice(0, -".wat".length);
    const make = async (given: string) => (await import("./assemble.ts")).assemble(given);
    const plain = { path: `${base}.wasm`, from: path, make };
    if (!hasFusible(text)) return [plain];
    return [
      plain,
      { path: `${base}.relaxed.wasm`, from: path, make: (given) => make(relax(given)) },
    ];
  });
}
