// Gradients against differences of the declaration in float64: each element of each differentiable tensor is
// moved up and down, and what that changes in the results is what the gradient says. Elements within reach of
// a decision (a whole coordinate, the border, two equal largest ones) are left out: there the slope jumps, and
// which side is right is said elsewhere. Nothing is compared more loosely for it.

import type { Operator } from "../frontend/operator.ts";
import { type Reference, runReference } from "../frontend/reference.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Case } from "./cases.ts";
import type { Numbers } from "./evaluate.ts";
import { type InputArray, isDecided, judge } from "./judge.ts";
import type { Finding, Law, Results } from "./laws.ts";
import { exactly, float64 } from "./rules.ts";
import { mostMoves } from "./shapes.ts";
import { movesOf } from "./sizes.ts";
import type { Subject } from "./variants.ts";

/** How far an element is moved: a power of two, so that moving is exact. */
const step = 2 ** -10;

type Inputs = Readonly<Record<string, InputArray>>;

/** Kinds with ordinary numbers; of odd ones, differences would leave out most. */
const ordinary: ReadonlySet<Case["kind"]> = new Set(["differences", "random", "made"]);

/** Every gradient is what differences of the declaration say. */
export function differencesLaw(operator: Operator, reference: Reference, backward: Subject): Law {
  const isSmall = (of: Case): boolean =>
    movesOf(operator.kernel(of.variant.present), of.numbers.sizes) <= mostMoves;
  return {
    name: "differences",
    how: `of the declaration in float64, each element moved by 2^${Math.log2(step)}`,
    appliesTo: (of) =>
      ordinary.has(of.kind) &&
      isSmall(of) &&
      Object.values(of.inputs).every(({ data }) => data.length > 0 && data.every(Number.isFinite)),
    check: (of, results) => compareAll(operator, reference, backward, of, results),
  };
}

function compareAll(
  operator: Operator,
  reference: Reference,
  backward: Subject,
  of: Case,
  results: Results,
): Finding {
  const kernel = operator.kernel(of.variant.present);
  const inputs = Object.fromEntries(
    kernel.tensors.flatMap(({ name }) => {
      const array = of.inputs[name];
      return array ? [[name, array] as const] : [];
    }),
  );
  const slack = roundingOf(kernel, backward.kernel(of.variant.present), inputs, of);
  const run = (moved: Readonly<Record<string, { shape: readonly number[]; data: Float64Array }>>) =>
    runReference(operator, reference, { ...inputs, ...moved }, of.numbers.sizes, of.attrs);
  const total = { compared: 0, excluded: 0, worst: { error: 0, at: "" }, messages: [] as string[] };
  for (const [gradient, { data: found }] of Object.entries(results)) {
    const name = gradient.replace(/^grad_/, "");
    const { shape, data } = inputs[name]!;
    const near = nearDecisions(kernel, inputs, of.numbers, name, step);
    total.excluded += near.size;
    if (of.kind === "differences" && near.size > data.length / 2)
      total.messages.push(`${near.size} of ${data.length} elements of ${name} are near a decision`);
    for (let i = 0; i < data.length; i++) {
      if (near.has(i)) continue;
      const at = (by: number) => {
        const moved = Float64Array.from(data);
        moved[i]! += by;
        return run({ [name]: { shape, data: moved } });
      };
      const [far, close] = [step, step / 2].map((by) => slope(at(by), at(-by), of.inputs, by));
      // Richardson's: the error of the second order cancels; what it was bounds what is left.
      const expected = (4 * close!.value - far!.value) / 3;
      const allowed =
        slack.results +
        slack.gradient(gradient, i) +
        close!.rounding +
        Math.abs(far!.value - close!.value);
      const off = Math.abs(found[i]! - expected);
      const error = off === 0 ? 0 : off / allowed;
      total.compared++;
      if (!(error <= total.worst.error)) total.worst = { error, at: `${gradient}[${i}]` };
      if (!(error <= 1) && total.messages.length < 3)
        total.messages.push(
          `${gradient}[${i}] is ${found[i]}, but differences give ${expected} ± ${allowed.toPrecision(3)}`,
        );
    }
  }
  return total;
}

/** The slope of Σ gradient · result between two runs that are 2 · `by` apart, and the rounding of that sum. */
function slope(above: Results, below: Results, inputs: Inputs, by: number) {
  let [sum, sizes] = [0, 0];
  for (const [name, { data }] of Object.entries(above)) {
    const weights = inputs[`grad_${name}`]!.data;
    for (let i = 0; i < data.length; i++) {
      const term = weights[i]! * (data[i]! - below[name]!.data[i]!);
      sum += term;
      sizes += Math.abs(term);
    }
  }
  return { value: sum / (2 * by), rounding: (2 ** -50 * sizes) / by };
}

/** How far off the results and the gradients may be that were computed in float64. */
function roundingOf(kernel: Kernel, backward: Kernel, inputs: Inputs, of: Case) {
  const results = judge(kernel, inputs, of.numbers, float64).outputs;
  const gradients = judge(backward, of.inputs, of.numbers, float64).outputs;
  let sum = 0;
  for (const [name, [verdict]] of Object.entries(results)) {
    const weights = of.inputs[`grad_${name}`]!.data;
    verdict!.bound.forEach((e, i) => {
      sum += Math.abs(weights[i]!) * e;
    });
  }
  return {
    // Four runs of weights 4/3 and 1/3, each near the case itself: three and a half, doubled.
    results: (7 * sum) / step,
    gradient: (name: string, i: number) => gradients[name]![0]!.bound[i]!,
  };
}

/**
 * The elements of a tensor that reach a decision when they are moved by at most `by`: where the kernel is not
 * certainly smooth. A decision that the tensor has no say in is none of its.
 */
export function nearDecisions(
  kernel: Kernel,
  inputs: Inputs,
  numbers: Numbers,
  tensor: string,
  by: number,
): ReadonlySet<number> {
  const { shape, data } = inputs[tensor]!;
  const near = new Set<number>();
  const search = (from: number, to: number): void => {
    const bound = new Float64Array(data.length).fill(by, from, to);
    const moved = { ...inputs, [tensor]: { shape, data, bound } };
    if (from === to || isDecided(kernel, moved, numbers, exactly)) return;
    if (to - from === 1) near.add(from);
    else {
      const middle = (from + to) >> 1;
      search(from, middle);
      search(middle, to);
    }
  };
  search(0, data.length);
  return near;
}
