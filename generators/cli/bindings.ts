// `--bind`: sizes, attributes and options of an operator fixed before it is compiled.

import type { OperatorSource } from "../compile.ts";
import type { Operator } from "../frontend/operator.ts";
import { backwardKernel } from "../gradients.ts";
import { bindKernel } from "../ir/bind.ts";
import { isFixedSize } from "../ir/expr.ts";
import { type Bound, isOption, type Kernel, optionValues } from "../ir/kernel.ts";
import { suggestName } from "../messages/nearest.ts";
import { parseAttribute } from "./attributes.ts";
import { UserError } from "./errors.ts";

/** Reads `KH=3,stride=2,1,border=dcnv1`; a comma inside a value stands before no name. */
export function parseBindings(text: string, operator: Operator): Bound {
  const sizes: Record<string, number> = {};
  const attrs: Record<string, number> = {};
  const options: Record<string, number> = {};
  const axes = axesOf(operator);
  const seen = new Set<string>();
  for (const one of text.split(/,(?=\s*[A-Za-z_][\w.]*\s*=)/)) {
    const [name = "", value] = one.split("=", 2).map((part) => part.trim());
    if (value === undefined) throw new UserError(`--bind ${one} is not of the form name=value`);
    if (seen.has(name)) throw new UserError(`--bind gives ${name} more than once`);
    seen.add(name);
    const spec = operator.attrs.find((attr) => attr.name === name);
    if (spec !== undefined) {
      const given = parseAttribute(spec, value);
      if (isOption(spec)) options[name] = optionValues(spec).indexOf(String(given));
      else if (typeof given !== "object") attrs[name] = Number(given);
      else for (const [part, number] of Object.entries(given)) attrs[`${name}.${part}`] = number;
    } else if (axes.includes(name)) {
      if (!/^\d{1,9}$/.test(value))
        throw new UserError(`--bind ${name}=${value} cannot be read; a size is one whole number`);
      sizes[name] = Number(value);
    } else {
      const known = [...axes, ...operator.attrs.map((attr) => attr.name)];
      const hint = suggestName(name, known);
      throw new UserError(`${operator.name} has no axis and no attribute "${name}"; ${hint}`);
    }
  }
  return { sizes, attrs, options };
}

/** The named axes of all tensors and those that follow from them. */
const axesOf = ({ tensors, derived }: Operator): readonly string[] => [
  ...new Set([
    ...tensors.flatMap((tensor) => tensor.dims.flat()).filter((axis) => !isFixedSize(axis)),
    ...derived,
  ]),
];

/** The operator whose kernels are built for these numbers only; refused where they contradict each other. */
export function bindOperator(operator: Operator, bound: Bound): Operator & OperatorSource {
  const kernels = new Map<Kernel, Kernel>();
  const bind = (free: Kernel): Kernel => {
    const made = kernels.get(free) ?? bindVariant(free, bound);
    kernels.set(free, made);
    return made;
  };
  const kernel = (present: readonly string[]): Kernel => bind(operator.kernel(present));
  try {
    for (const present of operator.variants) kernel(present);
  } catch (error) {
    if (error instanceof RangeError)
      throw new UserError(`${operator.name}: ${error.message.replace(/\.$/, "")}`);
    throw error;
  }
  // Gradients are derived of what is declared: numbers say less of where an index came from than names.
  const backward = (present: readonly string[]): Kernel => bind(backwardKernel(operator, present)!);
  return { ...operator, kernel, backward };
}

/** An axis of an optional tensor that is not given is no axis of the variant. */
function bindVariant(kernel: Kernel, { sizes, attrs, options }: Bound): Kernel {
  const own = new Set([
    ...kernel.tensors.flatMap((tensor) => tensor.dims.flat()),
    ...kernel.axes.map(({ axis }) => axis),
  ]);
  const known = Object.entries(sizes).filter(([axis]) => own.has(axis));
  return bindKernel(kernel, { sizes: Object.fromEntries(known), attrs, options });
}
