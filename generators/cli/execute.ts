// One execution of an operator, and of its gradients, on real arrays: by the declaration and the interpreter in
// float64, or by generated kernels on a target.

import type { Narrow } from "../../targets/contract/half.ts";
import type { Operator } from "../frontend/operator.ts";
import { loadReference, runReference } from "../frontend/reference.ts";
import { interpretKernel } from "../ir/interpret.ts";
import { scalarsOf } from "../ir/kernel.ts";
import { selectOutputs } from "../ir/outputs.ts";
import type { Winner } from "../tune/winners/winner.ts";
import type { Arguments } from "./arguments.ts";
import { UserError } from "./errors.ts";
import { executeTarget } from "./executeTarget.ts";
import { type Execution, timed } from "./execution.ts";
import { arrayOf } from "./io/arrays.ts";
import type { NpArray } from "./io/dtypes.ts";
import type { Upstream } from "./upstream.ts";

/**
 * Runs an operator, and its gradients where `upstream` is given, on a target (with data stored in 16 bits where
 * that is said, on several CPU threads where these are) or as the reference; with the schedules that won, if any.
 */
export const execute = (
  operator: Operator,
  target: string,
  args: Arguments,
  upstream: Upstream | undefined,
  storage?: Narrow,
  threads?: number,
  winners: readonly Winner[] = [],
): Promise<Execution> =>
  target === "reference"
    ? executeReference(operator, args, upstream)
    : executeTarget(operator, target, args, upstream, storage, threads, winners);

async function executeReference(
  operator: Operator,
  args: Arguments,
  upstream: Upstream | undefined,
): Promise<Execution> {
  const { data, shapes, attrs, resolved, signature } = args;
  const pair = (from: Pick<Arguments, "data" | "shapes">) =>
    Object.entries(from.data).map(
      ([name, array]) => [name, { data: array, shape: from.shapes[name]! }] as const,
    );
  const inputs = Object.fromEntries(pair({ data, shapes }));
  const reference = await loadReference(operator.path);
  const forward = await timed(() =>
    runReference(operator, reference, inputs, resolved.sizes, attrs),
  );
  const results = signature.outputs.map(({ name }): [string, NpArray] => {
    const output = forward.outputs[name];
    if (output === undefined) throw new UserError(`the reference does not give ${name}`);
    return [name, arrayOf(resolved.outputs[name]!, output.data)];
  });
  const milliseconds = [forward.milliseconds];
  if (upstream !== undefined) {
    const kernel = selectOutputs(upstream.kernel, upstream.wanted);
    const scalars = kernel.attrs
      .flatMap(scalarsOf)
      .map(({ name }): [string, number] => [name, resolved.scalars[name.replaceAll(".", "_")]!]);
    const given = { ...inputs, ...Object.fromEntries(pair(upstream)) };
    const backward = await timed(() =>
      interpretKernel(kernel, given, resolved.sizes, Object.fromEntries(scalars), resolved.options),
    );
    for (const name of upstream.wanted) {
      const { shape, parts } = backward.outputs[name]!;
      results.push([name, arrayOf(shape, parts[0]!)]);
    }
    milliseconds.push(backward.milliseconds);
  }
  const what = upstream === undefined ? "the declaration" : "the declaration and its derived IR";
  const device = {
    target: "reference",
    device: `${what} in float64, Node ${process.versions.node}`,
    driver: "none",
  };
  return { results: Object.fromEntries(results), device, milliseconds, schedules: [] };
}
