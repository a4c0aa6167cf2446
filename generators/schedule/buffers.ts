// The memory of a plan: a buffer for each tensor that is given and for each number of the stages that are stored.

import { extentOf } from "../ir/build.ts";
import { type Expr, type Kind, kindOf, type Loop } from "../ir/expr.ts";
import { hostExpr, product } from "../ir/host.ts";
import { type Kernel, partName, valuesOf } from "../ir/kernel.ts";
import type { Scalar } from "../ir/nest.ts";
import type { PlanBuffer } from "../ir/plan.ts";
import { axisNames } from "./domain.ts";
import { heldDims, heldIn, onlyHeld } from "./panels.ts";
import { shapeOf } from "./slabs.ts";

/** How kinds are stored: data, too, as f32; storage.ts may change that of a finished plan. */
const scalarFor = (kind: Kind): Exclude<Scalar, "bool"> => (kind === "int" ? "i32" : "f32");

/** The buffers of a kernel whose stages are all stored: tensors, then results and workspaces. */
export function describeBuffers(kernel: Kernel): readonly PlanBuffer[] {
  const given = kernel.tensors.filter((t) => !t.optional || kernel.present.includes(t.name));
  const inputs = given.map((t) =>
    describe(t.name, "input", scalarFor(t.type), t.dims, (axis) => extentOf(axis)),
  );
  const distinct = kernel.stages.filter(
    (stage, i) => kernel.stages.findIndex((s) => s.name === stage.name) === i,
  );
  const results = distinct.flatMap((stage) => {
    const values = valuesOf(stage);
    const held = heldDims(stage, shapeOf(stage));
    const loops = onlyHeld(shapeOf(stage), held);
    const output = kernel.outputs.includes(stage.name);
    const axisOf = new Map<string, Expr>(axisNames(loops).map((axis, d) => [axis, loops[d]!.hi]));
    const dims = groupAxes(loops, heldIn(stage.dims, held));
    return values.map((value, part) =>
      describe(
        partName(stage.name, part, values.length),
        output ? "output" : "workspace",
        elementType(kindOf(value)),
        dims,
        (axis) => axisOf.get(axis)!,
      ),
    );
  });
  return [...inputs, ...results];
}

/** What a stage's element is stored as. */
const elementType = (kind: Kind): Exclude<Scalar, "bool"> => {
  if (kind === "bool") throw new Error("a stage cannot hold tests (booleans)");
  return scalarFor(kind);
};

function groupAxes(
  loops: readonly Loop[],
  dims: readonly number[],
): readonly (readonly string[])[] {
  const names = axisNames(loops);
  let d = 0;
  return dims.map((count) => Array.from({ length: count }, () => names[d++]!));
}

function describe(
  name: string,
  role: PlanBuffer["role"],
  dtype: PlanBuffer["dtype"],
  axes: readonly (readonly string[])[],
  extent: (axis: string) => Expr,
): PlanBuffer {
  const shape = axes.map((parts) => product(parts.map((axis) => hostExpr(extent(axis)))));
  const strides = shape.map((_, d) => product(shape.slice(d + 1)));
  const access = role === "input" ? "read" : role === "output" ? "write" : "update";
  return { name, place: "global", dtype, access, shape, strides, role, axes };
}
