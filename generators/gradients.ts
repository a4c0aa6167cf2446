// The gradients of an operator as they ship: a backward kernel for each variant, and what of it a target can run.

import { GradientError } from "./autodiff/adjoint.ts";
import { differentiate, gradOf } from "./autodiff/backward.ts";
import type { OperatorSource } from "./compile.ts";
import type { Target } from "./emit/target.ts";
import { DeclarationError } from "./frontend/diagnostics.ts";
import type { Kernel } from "./ir/kernel.ts";
import { gatheredOutputs, selectOutputs } from "./ir/outputs.ts";

/** Backward kernels by their forward ones and what is wanted of them: every target takes the same. */
const derived = new WeakMap<Kernel, Map<string, Kernel>>();

/** The gradients of all differentiable tensors that a forward kernel takes; undefined where it takes none. */
export function backwardKernel(
  operator: OperatorSource,
  present: readonly string[],
): Kernel | undefined {
  const forward = operator.kernel(present);
  const wanted = operator.differentiable.filter((name) =>
    forward.tensors.some((t) => t.name === name && (!t.optional || present.includes(name))),
  );
  if (wanted.length === 0) return undefined;
  if (operator.backward) return operator.backward(present);
  const known = derived.get(forward) ?? new Map<string, Kernel>();
  derived.set(forward, known);
  const key = wanted.join(" ");
  const found = known.get(key) ?? deriveBackward(operator, forward, wanted);
  known.set(key, found);
  return found;
}

function deriveBackward(
  operator: OperatorSource,
  forward: Kernel,
  wanted: readonly string[],
): Kernel {
  try {
    return differentiate(forward, wanted);
  } catch (error) {
    if (error instanceof GradientError) refuse(operator, forward, wanted, error);
    throw error;
  }
}

/** A gradient that is not defined is the author's to leave out: which tensor's, and where it is asked for. */
function refuse(
  operator: OperatorSource,
  forward: Kernel,
  wanted: readonly string[],
  { message: why, from }: GradientError,
): never {
  const derives = (names: readonly string[]): boolean => {
    try {
      differentiate(forward, names);
      return true;
    } catch (error) {
      if (error instanceof GradientError) return false;
      throw error;
    }
  };
  // The tensor that the error names, else one that fails alone, else one without which the others can be derived.
  const culprit =
    wanted.find((name) => name === from) ??
    wanted.find((name) => !derives([name])) ??
    wanted.find((name) => derives(wanted.filter((other) => other !== name))) ??
    wanted[0]!;
  const message =
    `the gradient of ${culprit} cannot be derived: ${why.replace(/\.$/, "")}; ` +
    `leave ${culprit} out of \`differentiable\``;
  operator.refuseGradient?.(culprit, message);
  throw new DeclarationError([{ ...forward.source, code: "WW160", message, text: "", length: 1 }]);
}

/** An operator's gradients on a target. */
export interface Gradients {
  /** The backward kernel of each variant that has one, whole. */
  readonly whole: readonly Kernel[];
  /** What of them the target can run: the same, or fewer results; empty where there is nothing. */
  readonly kernels: readonly Kernel[];
  /** The results that the target cannot compute. */
  readonly left: readonly string[];
}

/** The gradients of all variants that ship; where a target only returns elements, those that are gathers. */
export function gradientsOn(operator: OperatorSource, { capabilities }: Target): Gradients {
  const whole = operator.variants.flatMap((present) => backwardKernel(operator, present) ?? []);
  if (capabilities.updates) return { whole, kernels: whole, left: [] };
  const kernels = whole
    .map((kernel) => selectOutputs(kernel, gatheredOutputs(kernel)))
    .filter((kernel) => kernel.outputs.length > 0);
  const outputs = (of: readonly Kernel[]) => [...new Set(of.flatMap((kernel) => kernel.outputs))];
  const given = outputs(kernels);
  return { whole, kernels, left: outputs(whole).filter((name) => !given.includes(name)) };
}

/** What the file of an operator's gradients says of itself. */
export const describeGradients = (operator: OperatorSource, kernels: readonly Kernel[]): string => {
  const given = operator.differentiable.filter((name) =>
    kernels.some(({ outputs }) => outputs.includes(gradOf(name))),
  );
  return `Gradients of ${given.join(", ")}. ${operator.doc}`;
};
