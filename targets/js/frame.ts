import { readFileSync } from "node:fs";
import { comment, describeTensors, fileName, preamble } from "../../generators/emit/frame.ts";
import { closeHelpers } from "../../generators/emit/helpers.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import { stretchesOf } from "../contract/turns.ts";
import { declareChosen } from "./chosen.ts";
import { declareTypes } from "./declarations.ts";
import { helpers } from "./helpers.ts";
import { reserved } from "./reserved.ts";
import { printSignature } from "./signature.ts";
import { declareMemory, declareSizes, runStep, safe, writeTurns } from "./steps.ts";
import { argumentLines } from "./text.ts";

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
