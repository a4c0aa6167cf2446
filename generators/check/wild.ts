// Positions that are no numbers, infinite or beyond every map: they contribute nothing, so nothing flows back
// through them. Which of these they are cannot matter to any gradient.

import { interpretKernel } from "../ir/interpret.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Case } from "./cases.ts";
import type { Finding, Law, Results } from "./laws.ts";
import type { Subject } from "./variants.ts";

/** Beyond this no position lies near any map. */
const beyond = 1e29;

const isWild = (v: number): boolean => !(Math.abs(v) < beyond);

/** Another wild number: infinity for what is finite, a huge number for what is not. */
const otherwise = (v: number): number => {
  if (Number.isNaN(v)) return Number.POSITIVE_INFINITY;
  return Number.isFinite(v) ? Number.NaN : Math.sign(v) * 1e30;
};

/**
 * Gradients of wild coordinates are exactly 0, and no other gradient changes in a bit where these are wild in
 * another way. Undefined for operators none of whose coordinates has a gradient.
 */
export function wildLaw(backward: Subject, differentiable: readonly string[]): Law | undefined {
  const { forward } = backward;
  const tensors = backward.tensors.filter(
    ({ name, type }) => type === "coord" && differentiable.includes(name),
  );
  if (tensors.length === 0 || !forward) return undefined;
  const wildIn = (of: Case): boolean =>
    tensors.some(({ name }) => of.inputs[name]?.data.some(isWild) ?? false);
  return {
    name: "wild",
    how: "coordinates that are NaN, infinite or huge: gradient 0, and none through them",
    appliesTo: wildIn,
    check: (of, results) => {
      const inputs = { ...of.inputs };
      for (const { name } of tensors) {
        const array = of.inputs[name];
        if (array)
          inputs[name] = {
            ...array,
            data: array.data.map((v) => (isWild(v) ? otherwise(v) : v)),
          };
      }
      const changed: Case = { ...of, inputs };
      const own = forward.kernel(of.variant.present);
      if (differ(interpret(own, of), interpret(own, changed)).length > 0)
        return {
          compared: 0,
          excluded: 0,
          worst: { error: 0, at: "" },
          messages: [],
          silent: "its result tells NaN, infinite and huge coordinates apart",
        };
      return judgeWild(of, results, interpret(backward.kernel(of.variant.present), changed));
    },
  };
}

function judgeWild(of: Case, results: Results, changed: Results): Finding {
  const messages = differ(results, changed).map(
    ({ name, i }) =>
      `${name}[${i}] is ${results[name]!.data[i]}, but ${changed[name]!.data[i]} where wild ` +
      "coordinates are wild in another way",
  );
  let compared = 0;
  for (const [name, { data }] of Object.entries(results)) {
    compared += data.length;
    const given = of.inputs[name.replace(/^grad_/, "")]!.data;
    for (let i = 0; i < data.length; i++)
      if (isWild(given[i]!) && data[i] !== 0)
        messages.push(`${name}[${i}] is ${data[i]}, but must be 0: the coordinate is ${given[i]}`);
  }
  const error = messages.length > 0 ? Number.POSITIVE_INFINITY : 0;
  return { compared, excluded: 0, worst: { error, at: "" }, messages: messages.slice(0, 3) };
}

function interpret(kernel: Kernel, { inputs, numbers }: Case): Results {
  const { sizes, attrs, options } = numbers;
  const given = Object.fromEntries(
    Object.entries(inputs).filter(([name]) => kernel.tensors.some((t) => t.name === name)),
  );
  const outputs = interpretKernel(kernel, given, sizes, attrs, options);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, parts }]) => [name, { shape, data: parts[0]! }]),
  );
}

/** Where two runs differ: the first element of each output that is not the same number. */
function differ(a: Results, b: Results): readonly { readonly name: string; readonly i: number }[] {
  return Object.entries(a).flatMap(([name, { data }]) => {
    const other = b[name]!.data;
    const same = (v: number, w: number) => v === w || (Number.isNaN(v) && Number.isNaN(w));
    const i = Array.from(data).findIndex((v, at) => !same(v, other[at]!));
    return i < 0 ? [] : [{ name, i }];
  });
}
