// Tensor IR, kernels: named stages over named axes. A declaration, specialised to the presence of its
// optional tensors, is one kernel; so is each of its gradients.

import type { Expr, Loop } from "./expr.ts";

/** One dimension of a tensor: the axes it is made of, outermost first; a numeral is a fixed size. */
export type Dimension = readonly string[];

/** A tensor argument as it is declared. */
export interface TensorDecl {
  readonly name: string;
  readonly dims: readonly Dimension[];
  /** data may be stored in f16; coord is always f32. */
  readonly type: "data" | "coord";
  readonly optional: boolean;
  readonly doc: string;
}

/** An attribute as the author declared it. `pair` has parts y, x; `sides` top, left, bottom, right. */
export interface AttrDecl {
  readonly name: string;
  readonly type: "int" | "real" | "pair" | "sides" | "bool" | "choice";
  readonly doc: string;
  readonly default?: number | boolean | string;
  readonly min?: number;
  readonly max?: number;
  /** The values of a choice, in the order of the numbers they have in an `option`. */
  readonly values?: readonly string[];
}

/** An axis that follows from others: its size as an int expression over sizes and attributes. */
export interface AxisDecl {
  readonly axis: string;
  readonly size: Expr;
}

/** A demand on sizes, attributes and options, with the sentence said where it does not hold. */
export interface DemandDecl {
  readonly holds: Expr;
  /** `{C}` stands for the size of axis C, `{stride}` for the attribute. */
  readonly otherwise: string;
}

/** A column of a tensor that holds indices of an axis. */
export interface IndexColumn {
  readonly tensor: string;
  readonly column: number;
  readonly axis: string;
}

/** What the coordinates of a tensor are: shares of a picture, or sizes and starts of maps along an axis. */
export type Unit =
  | { readonly tensor: string; readonly from: number; readonly to: number }
  | { readonly tensor: string; readonly starts: string; readonly along: string };

/** The element of each index of its domain: `name[domain] = parts`. */
export interface Gather {
  readonly kind: "gather";
  readonly name: string;
  /** Free loops from 0, outermost first; the order of the elements in memory. */
  readonly domain: readonly Loop[];
  /** How the domain's loops group into dimensions, e.g. [1, 2, 1] for `N (G T) OH`. */
  readonly dims: readonly number[];
  readonly parts: readonly Expr[];
}

/**
 * Adds to elements of `name`, a buffer that starts at 0: for each index of `domain`, `values[i]` is added to
 * part i at position `at`, where `when` holds.
 */
export interface Scatter {
  readonly kind: "scatter";
  readonly name: string;
  readonly domain: readonly Loop[];
  /** The target's loops, for its shape: `at` has one position for each. */
  readonly shape: readonly Loop[];
  readonly dims: readonly number[];
  readonly at: readonly Expr[];
  readonly when: Expr;
  readonly values: readonly Expr[];
}

/** One step of a kernel: a named intermediate or result, gathered or scattered. */
export type Stage = Gather | Scatter;

/** What is fixed: sizes by axis, attributes by names like `stride.y`, options by the number of their value. */
export interface Bound {
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
}

/** An axis of which a kernel computes `count` indices from `first`: numbers of these names, which a plan gives. */
export interface SlabAxis {
  readonly axis: string;
  readonly first: string;
  readonly count: string;
  /** The most that `count` is. */
  readonly most: string;
  /** How many slabs there are along it. */
  readonly slabs: string;
  /** How many indices the axis has in all. */
  readonly whole: Expr;
}

/** Where in the author's text something comes from. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What one variant of an operator computes: stages in order over its tensors, for every size at once. */
export interface Kernel {
  /** The operator, e.g. `deform_conv2d`. */
  readonly operator: string;
  /** Which of the operator's kernels: `forward` or `backward`. */
  readonly role: string;
  /** The optional tensors that are given. */
  readonly present: readonly string[];
  readonly tensors: readonly TensorDecl[];
  readonly attrs: readonly AttrDecl[];
  readonly axes: readonly AxisDecl[];
  readonly demands: readonly DemandDecl[];
  readonly indices: readonly IndexColumn[];
  /** For drawing cases only; absent where all coordinates are pixels or boxes. */
  readonly units?: readonly Unit[];
  /** In an order in which each reads only tensors and earlier stages. */
  readonly stages: readonly Stage[];
  /** The stages that are results, by name. */
  readonly outputs: readonly string[];
  /** The author's name of a value or index, kept for readable output. Says nothing of meaning. */
  readonly names: ReadonlyMap<Expr | Loop, string>;
  readonly source: Span;
  /** The constants that stand in the stages for sizes and the like; absent where there are none. */
  readonly bound?: Bound;
  /** Axes of which it computes one slab after another; absent where it computes all at once. */
  readonly slabs?: readonly SlabAxis[];
}

/** What one of an operator's kernels is called: the forward one has the operator's own name. */
export const kernelName = ({ operator, role }: Pick<Kernel, "operator" | "role">): string =>
  role === "forward" ? operator : `${operator}_${role}`;

/** Attributes that are fixed when a kernel is built; the rest are numbers given at launch. */
export const isOption = (attr: AttrDecl): boolean => attr.type === "bool" || attr.type === "choice";

/** The named values of an option, in the order of their numbers. */
export const optionValues = (attr: AttrDecl): readonly string[] =>
  attr.type === "bool" ? ["false", "true"] : (attr.values ?? []);

const pairParts = ["y", "x"] as const;
const sideParts = ["top", "left", "bottom", "right"] as const;

/** The launch-time numbers of an attribute: `stride.y` and `stride.x`, or itself. */
export function scalarsOf(attr: AttrDecl): readonly { name: string; type: "int" | "coord" }[] {
  switch (attr.type) {
    case "pair":
      return pairParts.map((p) => ({ name: `${attr.name}.${p}`, type: "int" }));
    case "sides":
      return sideParts.map((p) => ({ name: `${attr.name}.${p}`, type: "int" }));
    case "int":
      return [{ name: attr.name, type: "int" }];
    case "real":
      return [{ name: attr.name, type: "coord" }];
    case "bool":
    case "choice":
      return [];
    default:
      return attr.type satisfies never;
  }
}

/** The values that a stage gives, part by part. */
export const valuesOf = (stage: Stage): readonly Expr[] =>
  stage.kind === "gather" ? stage.parts : stage.values;

/** The loops over a stage's elements in memory. */
export const elementsOf = (stage: Stage): readonly Loop[] =>
  stage.kind === "gather" ? stage.domain : stage.shape;

/** Names of a stage's axes, or what stands for them, as the dimensions that they make up. */
export function groupAxes<T>({ dims }: Stage, axes: readonly T[]): readonly (readonly T[])[] {
  let at = 0;
  return dims.map((count) => {
    at += count;
    return axes.slice(at - count, at);
  });
}

/** The dimensions of a stage's elements. */
export const dimensionsOf = (stage: Stage): readonly Dimension[] =>
  groupAxes(
    stage,
    elementsOf(stage).map(({ axis }) => axis),
  );

/** Axes that stand anywhere but alone in the first dimension of these tensors: a batch is none of them. */
export const axesWithin = (shapes: readonly (readonly Dimension[])[]): ReadonlySet<string> =>
  new Set(
    shapes.flatMap(([first = [], ...rest]) => [...(first.length > 1 ? first : []), ...rest.flat()]),
  );

/** Everything a stage computes. */
export const rootsOf = (stage: Stage): readonly Expr[] =>
  stage.kind === "gather" ? stage.parts : [stage.when, ...stage.at, ...stage.values];

/** The name of one part of a stage's elements: the stage's own where there is only one. */
export const partName = (stage: string, part: number, parts: number): string =>
  parts === 1 ? stage : `${stage}_${part}`;
