// What a call must fulfil, as C over doubles: sizes, attributes, options, the operator's demands, and that
// everything can be counted with 32 bits.

import type { Entry, Formula, Step } from "../contract/program.ts";
import type { Demand, Signature, SignatureAttr } from "../contract/signature.ts";
import type { Errors } from "./errors.ts";
import { formulaAsC } from "./formula.ts";
import { safe } from "./reserved.ts";

/** What the checks of an entry are made of. */
export interface Checked {
  readonly entry: Entry;
  readonly signature: Signature;
  readonly errors: Errors;
  /** Called with the text of functions that formulas need. */
  readonly use: (text: string) => void;
}

const most = 2147483647;

/** The sizes that callers give: those that do not follow from others. */
export const givenSizes = ({ scalars, sizes }: Entry): readonly string[] =>
  scalars
    .filter(({ name, from }) => from === "size" && !sizes.some((s) => s.name === name))
    .map(({ name }) => name);

/** The numbers that callers give beside sizes. */
export const givenAttrs = ({ scalars }: Entry) => scalars.filter(({ from }) => from === "attr");

const namesIn = (formula: Formula): readonly string[] =>
  formula
    .match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|[A-Za-z_]\w*(?!\w*\()/g)
    ?.filter((name) => !/^\d/.test(name)) ?? [];

const parts: Readonly<Partial<Record<SignatureAttr["type"], readonly string[]>>> = {
  pair: ["y", "x"],
  sides: ["top", "left", "bottom", "right"],
};

/** The attribute that a scalar is, or is a part of. */
function attrOf({ attrs }: Signature, scalar: string): SignatureAttr | undefined {
  return attrs.find(({ name, type }) => {
    const own = name.replaceAll(".", "_");
    return own === scalar || parts[type]?.some((part) => `${own}_${part}` === scalar);
  });
}

/** `{C}` stands for the size C: sentences of C name it. */
const plainSentence = (otherwise: string): string =>
  `${otherwise.replace(/\{([\w.]+)\}/g, (_, name: string) => name)}.`;

/** Lines that return the number of what is wrong, in the order in which callers can mend it. */
export function writeChecks(of: Checked): readonly string[] {
  const { entry, signature, errors, use } = of;
  const formula = (text: Formula): string => formulaAsC(text, use);
  const refuse = (unless: string, sentence: string): string =>
    `if (!(${unless})) return ${errors.numberOf(sentence)};`;
  const variant = signature.variants.find(
    ({ present }) => present.join(" ") === entry.present.join(" "),
  );
  const given = new Set([
    ...entry.scalars.map(({ name }) => name),
    ...entry.sizes.map(({ name }) => name),
    ...entry.constants.map(({ name }) => name),
  ]);
  const isGiven = (demand: Demand): boolean =>
    namesIn(demand.formula).every((name) => given.has(name));
  const fewest = variant ? 1 : 0;
  const demands = variant?.demands.filter(isGiven) ?? [];
  const check = (list: readonly Demand[]): readonly string[] =>
    list.map((d) => refuse(formula(d.formula), plainSentence(d.otherwise)));
  const axes = new Set(signature.tensors.flatMap(({ dims }) => dims.flat()));
  const least = (size: string): number =>
    axes.has(size) && !signature.batches.includes(size) ? 1 : 0;
  const limits = givenAttrs(entry).flatMap(({ name, type }) => {
    const attr = attrOf(signature, name);
    const range: string[] = [];
    if (type === "f32")
      range.push(refuse(`isfinite(${safe(name)})`, `${name} must be a finite number.`));
    if (attr?.min !== undefined)
      range.push(
        refuse(`${safe(name)} >= ${real(attr.min)}`, `${name} must be at least ${attr.min}.`),
      );
    if (attr?.max !== undefined)
      range.push(
        refuse(`${safe(name)} <= ${real(attr.max)}`, `${name} must be at most ${attr.max}.`),
      );
    return range;
  });
  const options = entry.constants.map(({ name, option, values }) => {
    const listed = values.map((value, i) => `${i} (${value})`).join(", ");
    return refuse(
      `${safe(name)} >= 0.0 && ${safe(name)} < ${values.length}.0`,
      `${option} must be one of ${listed}.`,
    );
  });
  const count = (name: string, shape: readonly Formula[]): string => {
    const elements = shape.map((size) => `(${formula(size)})`).join(" * ") || "1.0";
    return refuse(
      `${elements} <= ${most}.0`,
      `${name} has too many elements; kernels count up to ${most}.`,
    );
  };
  return [
    ...givenSizes(entry).map((size) => {
      const from = least(size);
      return refuse(`${safe(size)} >= ${from}.0`, `The size ${size} must be at least ${from}.`);
    }),
    ...limits,
    ...options,
    ...check(demands.filter(({ early }) => early)),
    ...entry.sizes.flatMap(({ name, is }) => [
      `const double ${safe(name)} = ${formula(is)};`,
      refuse(
        `${safe(name)} >= ${fewest}.0`,
        `${name} would be less than ${fewest}: these sizes and attributes leave nothing to compute.`,
      ),
      refuse(
        `${safe(name)} <= ${most}.0`,
        `${name} would be too large; kernels count up to ${most}.`,
      ),
    ]),
    ...check(demands.filter(({ early }) => !early)),
    ...[...(entry.bounds ?? []), ...entry.steps.flatMap(piecesOf)].map((bound) =>
      refuse(
        `${formula(bound)} <= ${most}.0`,
        `These sizes and attributes make kernels count beyond ${most}.`,
      ),
    ),
    ...entry.tensors.map(({ name, shape }) => count(name, shape)),
    ...entry.workspaces.map(({ name, elements }) => count(name, [elements])),
  ];
}

/** How many pieces of a step CPU threads share, which they count; those of a slab are fewer than those of all. */
const piecesOf = (step: Step): readonly Formula[] =>
  step.kind === "launch" && step.parallel !== undefined && step.repeat === undefined
    ? [step.parallel]
    : [];

const real = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
