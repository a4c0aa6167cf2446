// A call of an operator, in JavaScript and on the command line, with the sizes of its first sample.

import type { Operator } from "../frontend/operator.ts";
import { isFixedSize } from "../ir/expr.ts";
import { resolveSizes } from "../ir/interpret.ts";
import { isOption, optionValues } from "../ir/kernel.ts";

/** The lines of the calls. */
export interface Calls {
  readonly js: readonly string[];
  readonly cli: string;
}

/** A value of an attribute as JavaScript has it. */
export function literalOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts = Object.values(value);
  return new Set(parts).size === 1 ? String(parts[0]) : `[${parts.join(", ")}]`;
}

/** All numbers of the first sample, attributes by their parts. */
function numbersOf({ attrs, samples }: Operator) {
  const numbers: Record<string, number> = {};
  const options: Record<string, number> = {};
  for (const attr of attrs) {
    const value = samples[0]!.attrs[attr.name] ?? attr.default;
    if (isOption(attr)) options[attr.name] = optionValues(attr).indexOf(String(value));
    else if (typeof value === "object")
      for (const [part, n] of Object.entries(value)) numbers[`${attr.name}.${part}`] = n;
    else for (const part of partsOf[attr.type] ?? [""]) numbers[attr.name + part] = Number(value);
  }
  return { numbers, options };
}

const partsOf: Readonly<Record<string, readonly string[]>> = {
  pair: [".y", ".x"],
  sides: [".top", ".left", ".bottom", ".right"],
};

/** The calls of an operator without optional tensors, or with those of the first variant that ships. */
export function writeCalls(operator: Operator): Calls {
  const { name, tensors, samples, attrs } = operator;
  const [sample] = samples;
  const [present = []] = operator.variants;
  const { numbers, options } = numbersOf(operator);
  const sizes = resolveSizes(operator.kernel(present), sample!.sizes, numbers, options);
  const given = tensors.filter((t) => !t.optional || present.includes(t.name));
  const shapeOf = (dims: readonly (readonly string[])[]): readonly number[] =>
    dims.map((axes) =>
      axes.reduce((n, axis) => n * (isFixedSize(axis) ? Number(axis) : sizes[axis]!), 1),
    );
  const values = attrs.flatMap((attr) => {
    const value = sample!.attrs[attr.name];
    return value === undefined ? [] : [`${attr.name}: ${literalOf(value)}`];
  });
  const flags = attrs.flatMap((attr) => {
    const value = sample!.attrs[attr.name];
    if (value === undefined) return [];
    const text = typeof value === "object" ? Object.values(value).join(",") : String(value);
    return [` --attr ${attr.name}=${text}`];
  });
  const names = given.map((t) => t.name).join(", ");
  return {
    js: [
      `import { ${name} } from "warpweave/js/${name}";`,
      "",
      "const zeros = (...shape) => ({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });",
      ...given.map((t) => `const ${t.name} = zeros(${shapeOf(t.dims).join(", ")});`),
      `const result = ${name}({ ${names} }${values.length > 0 ? `, { ${values.join(", ")} }` : ""});`,
    ],
    cli: `npx warpweave run ${name} --inputs in.npz${flags.join("")} --out out.npz`,
  };
}
