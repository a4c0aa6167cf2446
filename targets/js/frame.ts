import { readFileSync } from "node:fs";
import { comment, describeTensors, fileName, preamble } from "../../generators/emit/frame.ts";
import { closeHelpers } from "../../generators/emit/helpers.ts";
import { createNames } from "../../generators/emit/names.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import type { Step } from "../contract/program.ts";
import { declareTypes } from "./declarations.ts";
import { formulaAsJs } from "./formula.ts";
import { helpers } from "./helpers.ts";
import { reserved } from "./reserved.ts";
import { printSignature } from "./signature.ts";
import { argumentLines, arrayNames, field } from "./text.ts";

const safe = createNames(reserved);

/** The checks, as text for a module that imports nothing. */
function readRuntime(): string {
  const texts = ["./attributes.js", "./runtime.js"].map((name) => {
    const text = readFileSync(new URL(name, import.meta.url), "utf8");
    return text.slice(text.indexOf("\n\n") + 2).replace(/^import .*\n\n/gm, "");
  });
  return texts
    .join("\n")
    .replace(/^export /gm, "")
    .trimEnd();
}

function declareKernels({ nests, entry }: PrintedPlan) {
  return nests.map(({ nest, body }) => {
    const buffers = nest.buffers.filter(({ place }) => place === "global");
    const names = [...buffers, ...nest.scalars, ...entry.constants].map(({ name }) => safe(name));
    const head = argumentLines(`export function ${nest.name}_kernel(`, names, ") {");
    return { head, body };
  });
}

function runStep(step: Step, entry: PrintedPlan["entry"]): string {
  if (step.kind === "fill") return `${safe(step.buffer)}.fill(${step.value});`;
  const args = [
    ...step.buffers.map(({ name }) => safe(name)),
    ...step.scalars.map((name) => `_s.${name}`),
    ...entry.constants.map(({ option }) => `_o.${option}`),
  ];
  return argumentLines(`${step.function}(`, args, ");", 4);
}

function declareEntry({ entry }: PrintedPlan, use: (text: string) => void) {
  const writeFormula = (formula: string) => formulaAsJs(formula, "_s.", use);
  const inputs = entry.tensors.filter(({ role }) => role === "input");
  const outputs = entry.tensors.filter(({ role }) => role === "output");
  const product = (shape: readonly string[]) =>
    shape.map((f) => f.split(" * ").map(writeFormula).join(" * ")).join(" * ");
  return {
    key: entry.present.join(" "),
    inputs: inputs.map(({ name }) => field(name, safe(name))).join(", "),
    allocations: [
      ...outputs.map(({ name, dtype, shape }) => ({
        name: safe(name),
        value: `new ${arrayNames[dtype]}(${product(shape)})`,
      })),
      ...entry.workspaces.map(({ name, dtype, elements }) => ({
        name: safe(name),
        value: `new ${arrayNames[dtype]}(${writeFormula(elements)})`,
      })),
    ],
    steps: entry.steps.map((step) => runStep(step, entry)),
    outputs: outputs.map(({ name }) => field(name, safe(name))).join(", "),
  };
}

/** A module defines its operator's name and a few of its own, which must differ. */
function requireFree(operator: string, runtime: string): void {
  const own = [...runtime.matchAll(/^(?:function|const) (\w+)/gm)].map(([, name]) => name);
  const more = ["signature", "entries", "findGiven", "readShape", "readData"];
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
  const entries = unit.plans.map((plan) => declareEntry(plan, (text) => called.add(text)));
  const printed = printSignature(signature, unit.kernels);
  const runtime = readRuntime();
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
