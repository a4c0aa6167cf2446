// What gpu.js runs in the tests: every shipped variant and option of the operators with awkward numbers, and
// every scalar operation over awkward values. Node's modes and the browser's run the same.

import { compare } from "../../generators/check/compare.ts";
import { judge } from "../../generators/check/judge.ts";
import { type Rules, rulesOf } from "../../generators/check/rules.ts";
import { compile } from "../../generators/compile.ts";
import type { Target } from "../../generators/emit/target.ts";
import type { AttrValue } from "../../generators/frontend/attributes.ts";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperators } from "../../generators/frontend/operator.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import { isOption, optionValues } from "../../generators/ir/kernel.ts";
import type { Data, Job, Program } from "../../targets/contract/program.ts";
import { gpujs } from "../../targets/gpujs/target.ts";
import { type Fill, fillInputs } from "../declarations/compare.ts";

/** A program, what it is run on, and a sentence on what is wrong with its outputs (empty: nothing). */
export interface GpujsCase {
  readonly name: string;
  readonly program: Program;
  readonly job: Job;
  readonly complain: (outputs: Readonly<Record<string, Data>>) => string;
}

const awkward = [Number.NaN, Number.POSITIVE_INFINITY, 1e30, -1e30, Number.NEGATIVE_INFINITY];

/** Positions in and around the map; now and then one that is no position. */
const fill: Fill = (tensor, i, columns, random) => {
  const odd = i % 13 === 12;
  if (tensor === "rois" && i % columns === 0) return odd ? 7 : Math.floor(random() * 2);
  if (tensor === "rois") return odd ? awkward[i % 5]! : (i % columns) * 3 + random() * 6 - 3;
  if (tensor === "offset") return odd ? awkward[i % 5]! : random() * 6 - 3;
  return random() * 2 - 1;
};

type Attrs = Readonly<Record<string, AttrValue>>;

/** Each option's values in turn, the others at their defaults; and all at the last value. */
function choicesOf(operator: Operator): readonly Attrs[] {
  const options = operator.attrs.filter(isOption);
  const value = (attr: (typeof options)[number], text: string): AttrValue =>
    attr.type === "bool" ? text === "true" : text;
  const one = options.flatMap((attr) =>
    optionValues(attr)
      .filter((text) => text !== String(attr.default))
      .map((text) => ({ [attr.name]: value(attr, text) })),
  );
  const last = options.map((attr) => [attr.name, value(attr, optionValues(attr).at(-1)!)]);
  return [{}, ...one, ...(one.length > 1 ? [Object.fromEntries(last) as Attrs] : [])];
}

const names = ["conv2d", "deform_conv2d", "roi_pool", "roi_align", "deform_roi_pool"];
const pathOf = (name: string) => new URL(`../../dsl/ops/${name}.ts`, import.meta.url).pathname;

/** Every variant of the operators with every option, for a target. */
export function operatorCases(target: Target = gpujs): readonly GpujsCase[] {
  return readOperators(names.map(pathOf)).flatMap((operator) => {
    const { programs } = compile(operator, target);
    return operator.variants.flatMap((present, v) =>
      choicesOf(operator).flatMap((options) =>
        operator.samples.flatMap((sample) => {
          const attrs = { ...sample.attrs, ...options };
          if (operator.name === "roi_pool" && present.length > 0)
            Object.assign(attrs, { reduce: "mean" });
          return [makeCase(operator, target, present, programs[v]!, sample.sizes, attrs)];
        }),
      ),
    );
  });
}

function rulesFor({ name }: Target): Rules {
  const rules = (rulesOf as Readonly<Record<string, Rules>>)[name];
  if (!rules) throw new Error(`nothing is known of the arithmetic of ${name}`);
  return rules;
}

function makeCase(
  operator: Operator,
  target: Target,
  present: readonly string[],
  program: Program,
  sizes: Readonly<Record<string, number>>,
  given: Attrs,
): GpujsCase {
  const kernel = operator.kernel(present);
  const numbers = { sizes, ...numbersOf(operator, given) };
  const inputs = Object.fromEntries(
    Object.entries(fillInputs(operator, { sizes, attrs: given, present }, fill)).map(
      ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }],
    ),
  );
  const { outputs } = judge(kernel, inputs, numbers, rulesFor(target));
  const all = resolveSizes(kernel, sizes, numbers.attrs, numbers.options);
  const scalars = Object.entries(numbers.attrs).map(([name, n]) => [name.replaceAll(".", "_"), n]);
  return {
    name: `${program.entry.name} ${JSON.stringify(given)}`,
    program,
    job: {
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data])),
      scalars: { ...all, ...Object.fromEntries(scalars) },
      constants: Object.fromEntries(
        program.entry.constants.map(({ name, option }) => [name, numbers.options[option]!]),
      ),
    },
    complain: (found) =>
      Object.entries(outputs)
        .map(([name, [verdict]]) => compare(verdict!, { data: found[name]! }).message)
        .join(" "),
  };
}
