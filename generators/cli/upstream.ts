// `run --grad`: the gradients of the results that a caller gives, and which gradients are asked for.

import { gradOf } from "../autodiff/backward.ts";
import type { Operator } from "../frontend/operator.ts";
import type { Kernel } from "../ir/kernel.ts";
import { suggestName } from "../messages/nearest.ts";
import { type Arguments, type Arrays, convertArray } from "./arguments.ts";
import { UserError } from "./errors.ts";
import { gradientKernel } from "./gradients.ts";

/** What a backward run needs beside the arguments of the forward run, checked. */
export interface Upstream {
  /** The whole backward kernel of the variant. */
  readonly kernel: Kernel;
  /** The gradients to compute, as outputs: `grad_input`. */
  readonly wanted: readonly string[];
  /** The gradient of each result, by name, and its shape. */
  readonly data: Arguments["data"];
  readonly shapes: Arguments["shapes"];
  readonly notes: readonly string[];
}

/** Checks the gradients given and the tensors named in `chosen` (`offset,weight`; by default all). */
export function checkUpstream(
  operator: Operator,
  args: Arguments,
  arrays: Arrays,
  chosen: string | undefined,
  wide: boolean,
): Upstream {
  const { resolved, signature } = args;
  const kernel = gradientKernel(operator, resolved.present);
  const wanted = chooseGradients(operator, kernel, chosen);
  const results = signature.outputs.map(({ name }) => name);
  const names = results.map(gradOf);
  const named = Object.keys(arrays);
  const absent = names.find((name) => !named.includes(name));
  if (absent !== undefined)
    throw new UserError(
      `--grad needs the array ${absent}, the gradient of ${results[names.indexOf(absent)]}, which is ` +
        `absent; there is ${named.join(", ") || "none"}`,
    );
  const unknown = named.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UserError(
      `--grad takes no array "${unknown}"; it takes ${names.join(", ")}, the gradient of ` +
        results.join(", "),
    );
  const data: Record<string, Float32Array | Float64Array> = {};
  const shapes: Record<string, readonly number[]> = {};
  const notes: string[] = [];
  for (const result of results) {
    const name = gradOf(result);
    const array = arrays[name]!;
    const converted = convertArray(name, array, wide);
    const expected = resolved.outputs[result]!;
    if (array.shape.join() !== expected.join())
      throw new UserError(
        `${name} has the shape (${array.shape.join(", ")}), but must have that of ${result}, ` +
          `(${expected.join(", ")})`,
      );
    data[name] = converted.data;
    shapes[name] = expected;
    notes.push(...converted.notes);
  }
  return { kernel, wanted, data, shapes, notes };
}

function chooseGradients(
  operator: Operator,
  kernel: Kernel,
  chosen: string | undefined,
): readonly string[] {
  const given = operator.differentiable.filter((name) => kernel.outputs.includes(gradOf(name)));
  if (chosen === undefined) return given.map(gradOf);
  // A gradient may be named as its result is, too.
  const byResult = new Map(given.map((name) => [gradOf(name), name]));
  const tensors = chosen
    .split(",")
    .map((name) => name.trim())
    .map((name) => byResult.get(name) ?? name);
  for (const name of tensors) {
    if (given.includes(name)) continue;
    if (operator.differentiable.includes(name))
      throw new UserError(`${name} is not given, so it has no gradient`);
    if (operator.tensors.some((tensor) => tensor.name === name))
      throw new UserError(`${operator.name} has no gradient of ${name}; ${listOf(given)}`);
    const hint = suggestName(name, given);
    throw new UserError(`${operator.name} has no tensor "${name}"; ${hint}`);
  }
  return given.filter((name) => tensors.includes(name)).map(gradOf);
}

const listOf = (names: readonly string[]): string => `there are those of ${names.join(", ")}`;
