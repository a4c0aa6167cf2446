// An entry of the manifest as the package's runtime reads it: formulas become functions.

import { shareWorkspaces } from "../../../targets/contract/memory.ts";
import type { Entry, LaunchStep, Step } from "../../../targets/contract/program.ts";
import { formulaAsJs } from "../../../targets/js/formula.ts";
import type { Code, Printable } from "./print.ts";

/** Gives a value that several plans may hold a name of its kind. */
export type Share = (kind: string, value: Printable) => Code;

interface Context {
  readonly operator: string;
  readonly share: Share;
  /** Is told the texts of functions that formulas call. */
  readonly use: (text: string) => void;
}

/** The plan of an entry as a JavaScript value. */
export function describePlan(entry: Entry, context: Context): Printable {
  const rule = (formula: string): Code => ({ code: `(v) => ${write(formula, context)}` });
  const product = (shape: readonly string[]): Code => {
    const factors = shape.map((f) =>
      / [+-] /.test(f) ? `(${write(f, context)})` : write(f, context),
    );
    return { code: `(v) => ${factors.join(" * ") || "1"}` };
  };
  const tensors = entry.tensors.map(({ name, role, dtype, shape }): [string, Printable] => {
    if (dtype !== "f32")
      throw new Error(`${entry.name}: ${name} is ${dtype}; TensorFlow.js has f32 only.`);
    const list = shape.map((f) => write(f, context)).join(", ");
    const made = role === "output" ? { shape: { code: `(v) => [${list}]` } } : {};
    return [name, { dtype, elements: product(shape), ...made }];
  });
  const workspaces = shareWorkspaces(entry).flatMap((group, slot) =>
    group.map(({ name, dtype, elements }): [string, Printable] => [
      name,
      { dtype, elements: rule(elements), slot },
    ]),
  );
  return {
    name: entry.name,
    sizes: context.share(
      "sizes",
      entry.sizes.map(({ name, is }) => ({ name, is: rule(is) })),
    ),
    bounds: context.share("bounds", (entry.bounds ?? []).map(rule)),
    constants: context.share(
      "constants",
      entry.constants.map(({ name, option, default: value }) => ({
        name,
        // Gradients are not added to anything here.
        option: name === entry.accumulate ? undefined : option,
        default: value,
      })),
    ),
    buffers: Object.fromEntries([...tensors, ...workspaces]),
    steps: entry.steps.map((step) => describeStep(entry, step, context)),
    ...(entry.repeats && {
      repeats: entry.repeats.map(({ times, numbers }) => ({
        times: rule(times),
        numbers: numbers.map(({ name, is }) => ({ name, is: rule(is) })),
      })),
    }),
  };
}

function write(formula: string, { use }: Context): string {
  return formulaAsJs(formula, "v.", use);
}

function describeStep(entry: Entry, step: Step, context: Context): Printable {
  if (step.kind === "launch") return describeLaunch(entry, step, context);
  return { kind: "fill", buffer: step.buffer, value: step.value };
}

function describeLaunch(entry: Entry, step: LaunchStep, context: Context): Printable {
  const { buffers, uniform } = step;
  const base = uniform?.members.find(({ from }) => from === "executor");
  if (uniform && base?.name !== "group_base")
    throw new Error(`${entry.name}: a uniform block without group_base.`);
  return {
    kind: "launch",
    function: step.function,
    buffers: buffers.map(({ name, access, binding }) => ({ name, access, binding })),
    ...(step.repeat !== undefined && { repeat: step.repeat }),
    ...(uniform && base
      ? {
          groups: { code: `(v) => ${write(step.groups, context)}` },
          uniform: context.share("uniform", {
            binding: uniform.binding,
            bytes: uniform.bytes,
            members: uniform.members
              .filter((member) => member !== base)
              .map(({ name, type, offset }) => [name, type, offset]),
            base: base.offset,
          }),
        }
      : { scalars: context.share("scalars", [...step.scalars]) }),
  };
}
