// A kernel's gradients as a kernel: stages in reverse, each the sum of what its readers contribute.

import {
  allOf,
  convert,
  domain,
  extentOf,
  freshLoop,
  make,
  partOf,
  reduce,
  select,
} from "../ir/build.ts";
import { cast, type Expr, index, int, kindOf, type Loop, read } from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import {
  elementsOf,
  type Kernel,
  rootsOf,
  type Scatter,
  type Stage,
  type TensorDecl,
  valuesOf,
} from "../ir/kernel.ts";
import { isWithin } from "../ir/ranges.ts";
import { visit } from "../ir/walk.ts";
import { type Contribution, findContributions, GradientError } from "./adjoint.ts";
import { pullGuards } from "./guards.ts";
import { gatherValue, type Inverted, invert, sameWalk } from "./invert.ts";

type Read = Extract<Expr, { kind: "read" }>;

/** The name of the gradient of a tensor. */
export const gradOf = (name: string): string => `grad_${name}`;

/** Where a gradient is kept: the loops over its elements, and how they group into dimensions. */
interface Place {
  readonly name: string;
  readonly loops: readonly Loop[];
  readonly dims: readonly number[];
  /** The axes of a tensor in the order of its elements; empty for a stage. */
  readonly axes: readonly string[];
}

/**
 * The kernel that computes the gradients of `wanted` (tensors of `kernel`) from the gradient of each output,
 * given as a tensor `grad_<output>`. What is not wanted is not computed.
 */
export function differentiate(kernel: Kernel, wanted: readonly string[]): Kernel {
  const places = placesOf(kernel, wanted);
  const active = (r: Read): boolean => places.has(r.from);
  const contributions = new Map<string, Contribution[]>(
    [...places.keys()].map((name) => [name, []]),
  );
  const stages: Stage[] = [];
  for (const stage of kernel.stages.toReversed()) {
    if (!kernel.outputs.includes(stage.name)) {
      const place = places.get(stage.name);
      if (!place) continue;
      stages.push(...collect(kernel, place, contributions.get(stage.name)!));
    }
    for (const { value, seed } of seedsOf(kernel, stage))
      for (const c of findContributions(value, seed, stage.domain, active))
        contributions.get(c.read.from)!.push(c);
  }
  for (const name of wanted)
    stages.push(...collect(kernel, places.get(name)!, contributions.get(name)!));
  return dropUnused({
    ...kernel,
    role: "backward",
    tensors: [...kernel.tensors, ...kernel.outputs.map((name) => gradTensor(kernel, name))],
    stages: [...kernel.stages, ...stages],
    outputs: wanted.map(gradOf),
  });
}

/** The places of all wanted gradients, and of those stages on the way to them. */
function placesOf(kernel: Kernel, wanted: readonly string[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const name of wanted) {
    const tensor = kernel.tensors.find((t) => t.name === name);
    if (!tensor) throw new GradientError(`${kernel.operator} has no tensor ${name} here`);
    const axes = tensor.dims.flat();
    const loops = axes.map((axis) => freshLoop(axis, int(0), extentOf(axis)));
    places.set(name, { name, loops, dims: tensor.dims.map((d) => d.length), axes });
  }
  for (const stage of kernel.stages) {
    if (kernel.outputs.includes(stage.name) || !readsAny(stage, places)) continue;
    if (valuesOf(stage).length > 1)
      throw new GradientError(`${stage.name} holds several numbers; its gradient is not derived`);
    const loops = elementsOf(stage).map((l) => freshLoop(l.axis, l.lo, l.hi));
    places.set(stage.name, { name: stage.name, loops, dims: stage.dims, axes: [] });
  }
  return places;
}

function readsAny(stage: Stage, names: { has(name: string): boolean }): boolean {
  let found = false;
  visit(valuesOf(stage), (e) => {
    if (e.kind === "read" && names.has(e.from)) found = true;
  });
  return found;
}

const outputAxes = (kernel: Kernel, stage: Stage): readonly string[] =>
  elementsOf(stage).map((l) => {
    if (l.hi === extentOf(l.axis)) return l.axis;
    throw new GradientError(
      `${kernel.operator} has an output axis ${l.axis} that is no axis of its own`,
    );
  });

/** The gradient of an output as a tensor that the caller gives. */
function gradTensor(kernel: Kernel, name: string): TensorDecl {
  const stage = kernel.stages.find((s) => s.name === name);
  if (!stage) throw new GradientError(`${kernel.operator} has no output ${name}`);
  const axes = outputAxes(kernel, stage);
  const ends = stage.dims.map((_, i) => stage.dims.slice(0, i + 1).reduce((a, b) => a + b, 0));
  return {
    name: gradOf(name),
    dims: ends.map((end, i) => axes.slice(end - stage.dims[i]!, end)),
    type: "data",
    optional: false,
    doc: `The gradient of ${name}.`,
  };
}

/** What a stage computes, with the gradient of it: of the element, or of the element that is added to. */
function seedsOf(kernel: Kernel, stage: Stage) {
  const output = kernel.outputs.includes(stage.name);
  const [value, ...more] = valuesOf(stage);
  if (!value || more.length > 0)
    throw new GradientError(`${stage.name} holds several numbers; its gradient is not derived`);
  const gradient = (at: readonly Expr[]): Expr =>
    cast(
      "acc",
      read({
        from: gradOf(stage.name),
        type: output ? "data" : "acc",
        axes: output ? outputAxes(kernel, stage) : [],
        at,
        border: "inside",
        part: 0,
      }),
    );
  if (stage.kind === "gather") return [{ value, seed: gradient(stage.domain.map(index)) }];
  return [{ value, seed: select(stage.when, gradient(stage.at), int(0)) }];
}

/** The stages that compute a gradient from its contributions: a gather where all can be turned around. */
function collect(
  kernel: Kernel,
  place: Place,
  contributions: readonly Contribution[],
): readonly Stage[] {
  const isPositive = positiveIn(kernel);
  const inverted = contributions.map((c) => invert(c, targetsOf(place, c.read), isPositive));
  const name = gradOf(place.name);
  if (inverted.every((i) => i !== undefined)) {
    const total = sumOf(inverted);
    return [{ kind: "gather", name, dims: place.dims, ...domain(place.loops, [total]) }];
  }
  return contributions.map((c) => scatterOf(kernel, place, c));
}

/** Is an int certainly positive? Attributes are by their declared minimum. */
function positiveIn(kernel: Kernel): (e: Expr) => boolean {
  const least = new Map(kernel.attrs.map((a) => [a.name, a.min ?? 0]));
  const isPositive = (e: Expr): boolean => {
    switch (e.kind) {
      case "const":
        return e.value > 0;
      case "size":
        return true;
      case "attr":
        return (least.get(e.name.split(".")[0]!) ?? 0) > 0;
      case "op":
        return e.op === "mul" && e.args.every(isPositive);
      default:
        return false;
    }
  };
  return isPositive;
}

/** The sum of all contributions to an element; those that walk the same ranges are one walk. */
function sumOf(inverted: readonly Inverted[]): Expr {
  const walks: Inverted[][] = [];
  for (const one of inverted) {
    const walk = walks.find(([first]) => sameWalk(first!.over, one.over));
    if (walk) walk.push(one);
    else walks.push([one]);
  }
  const sums = walks.map((walk) => {
    const { over } = walk[0]!;
    return gatherValue(walk, (body) =>
      over.length === 0
        ? body
        : partOf(reduce("sum", over, [body], [convert(kindOf(body), int(0))]), 0),
    );
  });
  return convert("acc", sums.length === 0 ? int(0) : sums.reduce((a, b) => make("add", a, b)));
}

/**
 * The positions of a read that hits the element of `place`. A read that groups a dimension's parts in
 * another order sees the same place in memory under other indices.
 */
function targetsOf(place: Place, r: Read): readonly { readonly at: Expr; readonly extent: Expr }[] {
  const own = place.loops.map((l) => ({ at: index(l), extent: l.hi }));
  if (place.axes.length === 0 || place.axes.every((axis, d) => axis === r.axes[d])) return own;
  const flat = own.reduce((a, { at, extent }, d) =>
    d === 0 ? own[0]! : { at: make("add", make("mul", a.at, extent), at), extent },
  ).at;
  let rest = flat;
  const found = r.axes.toReversed().map((axis, i) => {
    const extent = extentOf(axis);
    const at = i === r.axes.length - 1 ? rest : make("mod", rest, extent);
    rest = make("idiv", rest, extent);
    return { at, extent };
  });
  return found.toReversed();
}

/** One contribution as it stands: each of its indices adds to the element it chooses. */
function scatterOf(kernel: Kernel, place: Place, { loops, read: r, value }: Contribution): Scatter {
  const guarded = pullGuards(convert("acc", value));
  const tests = [...guarded.tests];
  const targets = targetsOf(place, r);
  const at = r.at.map((p, d) => {
    const { extent } = targets[d]!;
    if (isWithin(p, extent, factsOf(kernel))) return p;
    const moved = make("maximum", int(0), make("minimum", p, make("sub", extent, int(1))));
    if (r.border === "zero") tests.push(make("and", make("le", int(0), p), make("lt", p, extent)));
    return moved;
  });
  if (place.axes.length > 0 && place.axes.some((axis, d) => axis !== r.axes[d]))
    throw new GradientError(`${place.name} is read in another order at places that depend on data`);
  // Loops become canonical, as those of a gather, so that equal stages are equal.
  const whole = domain(loops, [allOf(tests) ?? yes, guarded.value, ...at]);
  const [test, amount, ...position] = whole.parts;
  return {
    kind: "scatter",
    name: gradOf(place.name),
    domain: whole.domain,
    shape: place.loops,
    dims: place.dims,
    at: position,
    when: test!,
    values: [amount!],
  };
}

const yes = make("le", int(0), int(0));

/** Without the stages that no output needs. */
function dropUnused(kernel: Kernel): Kernel {
  const needed = new Set(kernel.outputs);
  const stages = kernel.stages.toReversed().filter((stage) => {
    if (!needed.has(stage.name)) return false;
    visit(rootsOf(stage), (e) => {
      if (e.kind === "read") needed.add(e.from);
    });
    return true;
  });
  const used = (t: TensorDecl) => !t.optional || kernel.present.includes(t.name);
  return {
    ...kernel,
    stages: stages.toReversed(),
    tensors: kernel.tensors.filter((t) => used(t) || needed.has(t.name)),
  };
}
