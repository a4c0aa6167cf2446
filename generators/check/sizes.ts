// Drawing attributes and sizes. Output axes follow from equations and group counts from demands, so free
// sizes are drawn, the rest computed, and what the demands refuse is thrown away.

import type { AttrValue } from "../frontend/attributes.ts";
import { type Expr, isFixedSize } from "../ir/expr.ts";
import { evaluateOutside, resolveSizes } from "../ir/interpret.ts";
import { type AttrDecl, type Kernel, optionValues } from "../ir/kernel.ts";
import { visit } from "../ir/walk.ts";
import type { Random } from "./random.ts";

type Numbers = Readonly<Record<string, number>>;

/** The attributes of a case, as a declaration takes them and as kernels do. */
export interface Attributes {
  readonly declared: Readonly<Record<string, AttrValue>>;
  readonly attrs: Numbers;
}

/** Puts numbers into the form an attribute has; a real one is what f32 makes of it. */
export function makeAttributes(
  decls: readonly AttrDecl[],
  options: Numbers,
  numberOf: (attr: AttrDecl, part: string) => number,
): Attributes {
  const declared: Record<string, AttrValue> = {};
  const attrs: Record<string, number> = {};
  for (const attr of decls) {
    const part = (name: string): number => {
      const value = numberOf(attr, name);
      attrs[`${attr.name}.${name}`] = value;
      return value;
    };
    switch (attr.type) {
      case "pair":
        declared[attr.name] = { y: part("y"), x: part("x") };
        break;
      case "sides":
        declared[attr.name] = {
          top: part("top"),
          left: part("left"),
          bottom: part("bottom"),
          right: part("right"),
        };
        break;
      case "int":
      case "real": {
        const value = Math.fround(numberOf(attr, ""));
        declared[attr.name] = value;
        attrs[attr.name] = value;
        break;
      }
      case "bool":
        declared[attr.name] = options[attr.name] === 1;
        break;
      case "choice":
        declared[attr.name] = optionValues(attr)[options[attr.name]!]!;
        break;
      default:
        attr.type satisfies never;
    }
  }
  return { declared, attrs };
}

/** A number for one part of an attribute: often the default, else near the smallest allowed. */
export function drawNumber(attr: AttrDecl, random: Random): number {
  const start = typeof attr.default === "number" ? attr.default : undefined;
  const inRange = (v: number) => Math.min(Math.max(v, attr.min ?? v), attr.max ?? v);
  if (start !== undefined && random() < 0.4) return inRange(start);
  if (attr.type === "real") {
    const scale = random.pick([0.5, 1, 2, 0.25, 0.3 + random()]);
    return inRange((start ?? 1) * scale);
  }
  const low = attr.min ?? Math.min(start ?? 0, 0);
  return inRange(low + random.whole(0, 3));
}

/** The axes whose sizes can be chosen: of the tensors that are given, and not computed. */
export function freeAxes(kernel: Kernel): readonly string[] {
  const computed = new Set(kernel.axes.map((a) => a.axis));
  const axes = kernel.tensors
    .filter((t) => !t.optional || kernel.present.includes(t.name))
    .flatMap((t) => t.dims.flat())
    .filter((axis) => !isFixedSize(axis) && !computed.has(axis));
  return [...new Set(axes)];
}

/** The axes that something must divide or that are cut into blocks. */
export function dividedAxes(kernel: Kernel): ReadonlySet<string> {
  const found = new Set<string>();
  const outside = [...kernel.axes.map((a) => a.size), ...kernel.demands.map((d) => d.holds)];
  visit(outside, (e) => {
    if (e.kind !== "op" || e.op !== "mod") return;
    visit(e.args, (x) => {
      if (x.kind === "size") found.add(x.axis);
    });
  });
  return found;
}

/** All sizes for these free ones, or undefined where an axis is not positive or a demand does not hold. */
export function completeSizes(
  kernel: Kernel,
  free: Numbers,
  attrs: Numbers,
  options: Numbers,
): Numbers | undefined {
  const sizes = resolveSizes(kernel, free, attrs, options);
  const computed = kernel.axes.map((a) => sizes[a.axis]!);
  if (!computed.every((size) => Number.isInteger(size) && size > 0)) return undefined;
  const holds = (e: Expr) => evaluateOutside(kernel, e, sizes, attrs, options) !== 0;
  return kernel.demands.every((demand) => holds(demand.holds)) ? sizes : undefined;
}

/** The divisors that the demands speak of, e.g. the groups and the offset groups. */
export function divisors(kernel: Kernel, sizes: Numbers, attrs: Numbers, options: Numbers) {
  const found = new Set<number>();
  visit(
    kernel.demands.map((d) => d.holds),
    (e) => {
      if (e.kind === "op" && e.op === "mod")
        found.add(evaluateOutside(kernel, e.args[1]!, sizes, attrs, options));
    },
  );
  return [...found];
}

/** About how many terms a kernel evaluates: elements of each stage, times the longest walk inside. */
export function workOf(kernel: Kernel, sizes: Numbers): number {
  const count = (axes: readonly string[]) =>
    axes.reduce((n, axis) => n * (sizes[axis] ?? (isFixedSize(axis) ? Number(axis) : 4)), 1);
  let work = 0;
  for (const stage of kernel.stages) {
    const roots = stage.kind === "gather" ? stage.parts : stage.values;
    let longest = 1;
    visit(roots, (e) => {
      if (e.kind === "part") longest = Math.max(longest, count(e.of.over.map((l) => l.axis)));
    });
    work += count(stage.domain.map((l) => l.axis)) * longest;
  }
  return work;
}

/** About how many terms a kernel evaluates in all if it is run for each element of its tensors. */
export function movesOf(kernel: Kernel, sizes: Numbers): number {
  const elements = kernel.tensors
    .filter((t) => !t.optional || kernel.present.includes(t.name))
    .reduce(
      (n, { dims }) => n + dims.flat().reduce((m, axis) => m * (sizes[axis] ?? Number(axis)), 1),
      0,
    );
  return elements * workOf(kernel, sizes);
}
