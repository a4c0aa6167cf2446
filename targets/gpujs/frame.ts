import { printFormula } from "../../generators/emit/formula.ts";
import {
  comment,
  describeOrder,
  describeTensors,
  fileName,
  preamble,
} from "../../generators/emit/frame.ts";
import { createNames } from "../../generators/emit/names.ts";
import type { Framed, PrintedPlan, PrintedUnit } from "../../generators/emit/target.ts";
import type { NestExpr } from "../../generators/ir/nest.ts";
import { formulaAsJs } from "../js/formula.ts";
import { argumentLines } from "../js/text.ts";
import { findResult } from "./elementwise.ts";
import { functionName, reserved } from "./reserved.ts";

const safe = createNames(reserved);

function declareKernels({ nests, entry }: PrintedPlan, use: (text: string) => void) {
  const writeSize = (e: NestExpr) => formulaAsJs(printFormula(e), "s.", use);
  return nests.map(({ nest, body }) => {
    const result = findResult(nest);
    const inputs = nest.buffers.map(({ name }) => name).filter((name) => name !== result);
    const scalars = nest.scalars.map(({ name }) => name);
    const shape = nest.buffers.find(({ name }) => name === result)?.shape ?? [];
    const sizes = shape.map(writeSize).map((size) => (/ [^*] /.test(size) ? `(${size})` : size));
    const takes = [...inputs, ...scalars].map(safe);
    return {
      name: functionName(nest.name),
      doc: comment(
        `Computes ${result}. Takes { ${inputs.join(", ")} } and the numbers ` +
          `{ ${scalars.join(", ")} }.`,
        " *",
      ),
      choices: entry.constants.map(({ name, option, values }) =>
        comment(`${name}, ${option}: ${values.map((v, i) => `${i} ${v}`).join(", ")}`, " *"),
      ),
      head: argumentLines(`function ${functionName(nest.name)}_kernel(`, takes, ") {"),
      body,
      arrays: argumentLines(
        "arrays: [",
        inputs.map((n) => `"${n}"`),
        "],",
        4,
      ),
      numbers: argumentLines(
        "numbers: [",
        scalars.map((n) => `"${n}"`),
        "],",
        4,
      ),
      reals: nest.scalars
        .filter(({ type }) => type === "f32")
        .map(({ name }) => `"${name}"`)
        .join(", "),
      count: sizes.length > 0 ? sizes.join(" * ") : "1",
      constants:
        entry.constants.length > 0
          ? `{ ${entry.constants.map((c) => `${c.name}: ${c.default}`).join(", ")} }`
          : "{}",
    };
  });
}

/** An ES module that imports nothing: functions that build kernels with the GPU object they are given. */
export function frame(unit: PrintedUnit): readonly Framed[] {
  const formulas = new Set<string>();
  const kernels = unit.plans.flatMap((plan) => declareKernels(plan, (text) => formulas.add(text)));
  const nameOf = (text: string) => /function (\w+)/.exec(text)?.[1] ?? "";
  const names = unit.helpers.map(nameOf);
  return [
    {
      path: `gpujs/${fileName(unit)}.js`,
      template: new URL("./module.js.hbs", import.meta.url),
      data: {
        preamble: preamble(unit, "JavaScript for gpu.js 2.24 and later", "//"),
        tensors: describeTensors(unit),
        order: describeOrder(unit, "//"),
        kernels,
        helpers: unit.helpers,
        functions: argumentLines("const functions = [", names, "].map((source) => ({"),
        formulas: [...formulas].filter((text) => !names.includes(nameOf(text))),
      },
    },
  ];
}
