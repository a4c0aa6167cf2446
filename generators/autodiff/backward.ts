// A kernel's gradients as a kernel: stages in reverse, each the sum of what its readers contribute.

import { extentOf, make, select } from "../ir/build.ts";
import { cast, type Expr, index, int, kindOf, type Loop, read } from "../ir/expr.ts";
import {
  elementsOf,
  groupAxes,
  type Kernel,
  rootsOf,
  type Stage,
  type TensorDecl,
  valuesOf,
} from "../ir/kernel.ts";
import { stagesFor } from "../ir/outputs.ts";
import { type Moved, visit } from "../ir/walk.ts";
import { type Contribution, findContributions, GradientError } from "./adjoint.ts";
import { collect } from "./collect.ts";
import { fuseSums } from "./fuse.ts";
import { findPlaces, gradOf, type Place, type Places } from "./places.ts";
import { setAside } from "./rename.ts";

export { gradOf } from "./places.ts";

/**
 * The kernel that computes the gradients of `wanted` (tensors of `kernel`) from the gradient of each output,
 * given as a tensor `grad_<output>`. What is not wanted is not computed.
 */
export function differentiate(forward: Kernel, wanted: readonly string[]): Kernel {
  const { kernel, given } = setAside(forward);
  const places = findPlaces(kernel, wanted);
  const contributions = new Map<Place, Contribution[]>();
  const to = (place: Place): Contribution[] => {
    const known = contributions.get(place) ?? [];
    contributions.set(place, known);
    return known;
  };
  const names = new Map(kernel.names);
  // What an author named keeps its name where it stands in a gradient, in terms of other indices.
  const moved: Moved = (from, to) => {
    const name = names.get(from.kind === "index" ? from.loop : from);
    const unnamed = to.kind === "index" || to.kind === "const" || to.kind === "size";
    if (name !== undefined && !unnamed && !names.has(to)) names.set(to, name);
  };
  const keep = (from: Loop, to: Loop): void => {
    const name = names.get(from);
    if (name !== undefined && !names.has(to)) names.set(to, name);
  };
  const stages: Stage[] = [];
  const done = new Set<string>();
  for (const stage of kernel.stages.toReversed()) {
    // Several stages may add to one name, whose gradient is collected once all its readers are through.
    if (!done.has(stage.name))
      for (const place of partsOf(stage, places))
        stages.push(...collect(kernel, place, to(place), moved));
    done.add(stage.name);
    for (const { value, seed } of seedsOf(kernel, stage, places, given))
      for (const c of findContributions(value, seed, stage, places, moved))
        to(places.of(c.read.from, c.read.part)!).push(c);
  }
  for (const name of wanted) {
    const place = places.of(name, 0)!;
    stages.push(...collect(kernel, place, to(place), moved));
  }
  const outputs = kernel.outputs.map((name) => gradTensor(kernel, name, given(name)));
  return dropUnused({
    ...kernel,
    role: "backward",
    tensors: [...kernel.tensors, ...outputs],
    stages: [
      ...kernel.stages,
      ...stages.map((s) => (s.kind === "gather" ? fuseSums(s, moved, keep) : s)),
    ],
    outputs: wanted.map(gradOf),
    names,
  });
}

/** The places of the parts of a stage that have one. */
const partsOf = (stage: Stage, places: Places): readonly Place[] =>
  valuesOf(stage).flatMap((_, part) => places.of(stage.name, part) ?? []);

const outputAxes = (kernel: Kernel, stage: Stage): readonly string[] =>
  elementsOf(stage).map((l) => {
    if (l.hi === extentOf(l.axis)) return l.axis;
    throw new GradientError(
      `${kernel.operator} has an output axis ${l.axis} that is no axis of its own`,
    );
  });

/** The gradient of an output as a tensor that the caller gives. */
function gradTensor(kernel: Kernel, name: string, given: string): TensorDecl {
  const stage = kernel.stages.find((s) => s.name === name);
  if (!stage) throw new GradientError(`${kernel.operator} has no output ${name}`);
  return {
    name: given,
    dims: groupAxes(stage, outputAxes(kernel, stage)),
    type: "data",
    optional: false,
    doc: `The gradient of ${given.slice(gradOf("").length)}.`,
  };
}

interface Seed {
  readonly value: Expr;
  readonly seed: Expr;
}

/** What a stage computes, with the gradient of it: of the element, or of the element that is added to. */
function seedsOf(
  kernel: Kernel,
  stage: Stage,
  places: Places,
  given: (output: string) => string,
): readonly Seed[] {
  const output = kernel.outputs.includes(stage.name);
  const at = stage.kind === "gather" ? stage.domain.map(index) : stage.at;
  const amount = (from: string, type: "data" | "acc", axes: readonly string[]): Expr =>
    cast("acc", read({ from, type, axes, at, border: "inside", part: 0 }));
  return valuesOf(stage).flatMap((value, part) => {
    const place = places.of(stage.name, part);
    const sources = [
      ...(output ? [amount(given(stage.name), "data", outputAxes(kernel, stage))] : []),
      ...(place ? [amount(place.gradient, "acc", [])] : []),
    ];
    if (sources.length === 0 || kindOf(value) === "int") return [];
    const seed = sources.reduce((a, b) => make("add", a, b));
    return [{ value, seed: stage.kind === "gather" ? seed : select(stage.when, seed, int(0)) }];
  });
}

/** Without the stages that no output needs. */
function dropUnused(kernel: Kernel): Kernel {
  const stages = stagesFor(kernel, kernel.outputs);
  const read = new Set<string>();
  visit(stages.flatMap(rootsOf), (e) => void (e.kind === "read" && read.add(e.from)));
  const used = (t: TensorDecl) => !t.optional || kernel.present.includes(t.name);
  return {
    ...kernel,
    stages,
    tensors: kernel.tensors.filter((t) => used(t) || read.has(t.name)),
  };
}
