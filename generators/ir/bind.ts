// Sizes, attributes and options fixed before scheduling: their values become constants and fold
// away. The kernel then demands what it was built for, so that no other case can be run with it.

import { make } from "./build.ts";
import { attr, constant, type Expr, int, isFixedSize, option, read, size } from "./expr.ts";
import {
  type Bound,
  type DemandDecl,
  isOption,
  type Kernel,
  optionValues,
  scalarsOf,
} from "./kernel.ts";
import { makeMapper, mapNames, mapStage } from "./map.ts";
import { simplify } from "./simplify.ts";

/**
 * `kernel` with everything in `bind` a constant. Axes that follow from bound ones are constants as
 * well.
 */
export function bindKernel(kernel: Kernel, bind: Partial<Bound>): Kernel {
  checkNames(kernel, bind);
  const sizes: Record<string, number> = { ...bind.sizes };
  const mapper = makeMapper({ node: (e) => simplify(bindLeaf(e, { ...bind, sizes })) });
  // Derived axes come in order, each from earlier ones; the mapper meets an axis only after it is
  // known.
  const axes = kernel.axes.map((decl) => {
    const value = mapper.expr(decl.size);
    if (value.kind === "const") {
      const given = sizes[decl.axis];
      if (given !== undefined && given !== value.value)
        throw new RangeError(
          `axis ${decl.axis} is bound to ${given}, but the other sizes make it ${value.value}`,
        );
      sizes[decl.axis] = value.value;
    }
    return { ...decl, size: value };
  });
  const demands = kernel.demands.flatMap((demand): DemandDecl[] => {
    const holds = mapper.expr(demand.holds);
    if (holds.kind === "const" && holds.value === 0)
      throw new RangeError(`cannot be bound so: ${demand.otherwise}`);
    return holds.kind === "const" ? [] : [{ ...demand, holds }];
  });
  return {
    ...kernel,
    axes,
    demands: [...demands, ...demandsFor(kernel, bind)],
    stages: kernel.stages.map((stage) => mapStage(stage, mapper)),
    names: mapNames(kernel, mapper),
    bound: {
      sizes: { ...kernel.bound?.sizes, ...sizes },
      attrs: { ...kernel.bound?.attrs, ...bind.attrs },
      options: { ...kernel.bound?.options, ...bind.options },
    },
  };
}

const valueIn = (of: Readonly<Record<string, number>> | undefined, name: string) =>
  of && Object.hasOwn(of, name) ? of[name] : undefined;

function bindLeaf(e: Expr, { sizes, attrs, options }: Partial<Bound>): Expr {
  switch (e.kind) {
    case "size": {
      const value = valueIn(sizes, e.axis);
      return value === undefined ? e : int(value);
    }
    case "attr": {
      const value = valueIn(attrs, e.name);
      return value === undefined ? e : constant(value, e.type);
    }
    case "option": {
      const value = valueIn(options, e.name);
      return value === undefined ? e : int(value);
    }
    case "read": {
      const axes = e.axes.map((axis) => String(valueIn(sizes, axis) ?? axis));
      return axes.every((axis, d) => axis === e.axes[d]) ? e : read({ ...e, axes });
    }
    default:
      return e;
  }
}

/** What must hold of the numbers given at launch for the bound kernel to be the right one. */
function demandsFor(kernel: Kernel, bind: Partial<Bound>): DemandDecl[] {
  const demand = (leaf: Expr, value: Expr, name: string, shown: string): DemandDecl => ({
    holds: make("eq", leaf, value),
    otherwise: `this kernel is built for ${name} = ${shown}`,
  });
  const types = new Map(kernel.attrs.flatMap(scalarsOf).map(({ name, type }) => [name, type]));
  return [
    ...Object.entries(bind.sizes ?? {}).map(([axis, value]) =>
      demand(size(axis), int(value), axis, String(value)),
    ),
    ...Object.entries(bind.attrs ?? {}).map(([name, value]) => {
      const type = types.get(name)!;
      return demand(attr(name, type), constant(value, type), name, String(value));
    }),
    ...Object.entries(bind.options ?? {}).map(([name, value]) => {
      const shown = optionValues(kernel.attrs.find((a) => a.name === name)!)[value]!;
      return demand(option(name), int(value), name, shown);
    }),
  ];
}

function checkNames(kernel: Kernel, { sizes, attrs, options }: Partial<Bound>): void {
  const refuse = (what: string, name: string, known: Iterable<string>): never => {
    const list = [...known].join(", ") || "none";
    throw new RangeError(`there is no ${what} ${name} to bind; there are: ${list}`);
  };
  const named = kernel.tensors.flatMap((t) => t.dims.flat()).filter((axis) => !isFixedSize(axis));
  const axes = new Set([...named, ...kernel.axes.map((a) => a.axis)]);
  for (const [axis, value] of Object.entries(sizes ?? {})) {
    if (!axes.has(axis)) refuse("axis", axis, axes);
    if (!Number.isInteger(value) || value < 0)
      throw new RangeError(`axis ${axis} cannot be bound to ${value}: a size is a whole number`);
  }
  const scalars = new Map(kernel.attrs.flatMap(scalarsOf).map(({ name, type }) => [name, type]));
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (!scalars.has(name)) refuse("attribute", name, scalars.keys());
    if (scalars.get(name) === "int" && !Number.isInteger(value))
      throw new RangeError(`${name} cannot be bound to ${value}: it is a whole number`);
  }
  const choices = new Map(kernel.attrs.filter(isOption).map((a) => [a.name, optionValues(a)]));
  for (const [name, value] of Object.entries(options ?? {})) {
    const values = choices.get(name) ?? refuse("option", name, choices.keys());
    if (values[value] === undefined)
      throw new RangeError(`option ${name} has values 0 to ${values.length - 1}, not ${value}`);
  }
}
