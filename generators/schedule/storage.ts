// Data stored in 16 bits: a plan that computes in f32 keeps doing so, and rounds only what callers give and get.
// What it keeps for itself (workspaces, tiles, sums) stays f32, so that a result is rounded once.

import { product } from "../ir/host.ts";
import type { BufferDecl, Nest, NestExpr, Stmt } from "../ir/nest.ts";
import { mapExprs, mapOperands, visitBlock, visitNestExpr } from "../ir/nestWalk.ts";
import type { Plan, PlanBuffer, PlanStep } from "../ir/plan.ts";
import { elementwise } from "./elementwise.ts";

/** A type in which data may be stored. */
export type Narrow = "f16" | "bf16";

/** What is called `name` where data are f32, where they are stored as `type`. */
export const storedName = (name: string, type: Narrow | undefined): string =>
  type === undefined ? name : `${name}_${type}`;

/**
 * The plan with some of its arguments stored as `type`. A result that is added to, or read again, is made in an
 * f32 workspace and rounded at the end. Entry and functions are called after the type, so that they can stand
 * beside those of f32.
 */
export function storeNarrow(plan: Plan, type: Narrow, arguments_: ReadonlySet<string>): Plan {
  const isNarrow = (b: PlanBuffer): boolean => arguments_.has(b.name) && b.dtype === "f32";
  const again = resultsUsedAgain(plan);
  const wide = new Map(
    plan.buffers
      .filter((b) => isNarrow(b) && b.role === "output" && again.has(b.name))
      .map((b) => [b.name, `${b.name}_wide`]),
  );
  const narrow = new Set(
    plan.buffers.filter((b) => isNarrow(b) && !wide.has(b.name)).map((b) => b.name),
  );
  const called = (name: string): string => storedName(name, type);
  const steps = plan.steps.map((step): PlanStep => {
    if (step.kind === "fill") return { ...step, buffer: wide.get(step.buffer) ?? step.buffer };
    const nest = narrowNest(step.nest, type, narrow, wide);
    return { ...step, nest: { ...nest, name: called(nest.name) } };
  });
  const outputs = plan.buffers.filter((b) => wide.has(b.name));
  const taken = [...plan.buffers, ...plan.scalars].map(({ name }) => name);
  const group = Math.max(1, ...plan.steps.map((s) => (s.kind === "launch" ? s.nest.group : 1)));
  const rounding = outputs.map((output) =>
    roundInto(`${plan.name}_${output.name}_rounded_${type}`, output, wide.get(output.name)!, {
      ...{ type, group, taken },
    }),
  );
  return {
    ...plan,
    name: called(plan.name),
    buffers: [
      ...plan.buffers.map((b) => (isNarrow(b) ? { ...b, dtype: type } : b)),
      ...outputs.map((b) => ({ ...asWide(b, wide.get(b.name)!), axes: [] })),
    ],
    steps: [...steps, ...rounding],
  };
}

const asWide = (b: PlanBuffer, name: string): PlanBuffer => ({
  ...b,
  name,
  access: "update",
  role: "workspace",
});

/** The results that are added to or read by some step. */
function resultsUsedAgain(plan: Plan): ReadonlySet<string> {
  const found = new Set<string>();
  for (const step of plan.steps) {
    if (step.kind !== "launch") continue;
    visitBlock(step.nest.body, (s) => {
      if (s.kind === "accumulate") found.add(s.buffer);
      mapExprs(s, (e) => {
        visitNestExpr(e, (x) => {
          if (x.kind === "load") found.add(x.buffer);
        });
        return e;
      });
    });
  }
  return found;
}

/** A nest whose loads and stores of some buffers convert, and which knows others by their f32 workspaces. */
function narrowNest(
  nest: Nest,
  type: Narrow,
  narrow: ReadonlySet<string>,
  wide: ReadonlyMap<string, string>,
): Nest {
  const named = (buffer: string): string => wide.get(buffer) ?? buffer;
  const convert = (e: NestExpr): NestExpr => {
    const inner = mapOperands(e, convert);
    if (inner.kind !== "load") return inner;
    return narrow.has(inner.buffer)
      ? { kind: "cast", to: "f32", arg: { ...inner, type } }
      : { ...inner, buffer: named(inner.buffer) };
  };
  const change = (s: Stmt): Stmt => {
    const own = mapExprs(s, convert);
    switch (own.kind) {
      case "for":
        return { ...own, body: own.body.map(change) };
      case "if":
        return { ...own, then: own.then.map(change), else: own.else.map(change) };
      case "store":
        return narrow.has(own.buffer)
          ? { ...own, value: { kind: "cast", to: type, arg: own.value } }
          : { ...own, buffer: named(own.buffer) };
      case "accumulate":
        return { ...own, buffer: named(own.buffer) };
      default:
        return own;
    }
  };
  const declare = (b: BufferDecl): BufferDecl =>
    narrow.has(b.name) && b.place === "global"
      ? { ...b, dtype: type }
      : { ...b, name: named(b.name) };
  return { ...nest, buffers: nest.buffers.map(declare), body: nest.body.map(change) };
}

/** The launch that rounds what a workspace holds into a result. */
function roundInto(
  name: string,
  output: PlanBuffer,
  from: string,
  options: { readonly type: Narrow; readonly group: number; readonly taken: readonly string[] },
): PlanStep {
  const { type, group, taken } = options;
  const to: PlanBuffer = { ...output, dtype: type };
  const source = asWide(output, from);
  return elementwise(name, product(to.shape), { group, taken }, (index) => ({
    buffers: [
      { ...asUsed(to), access: "write" },
      { ...asUsed(source), access: "read" },
    ],
    body: [
      {
        kind: "store",
        buffer: to.name,
        address: index,
        value: {
          kind: "cast",
          to: type,
          arg: { kind: "load", buffer: from, address: index, type: "f32", width: 1 },
        },
        width: 1,
      },
    ],
  }));
}

const asUsed = ({ name, place, dtype, access, shape, strides }: PlanBuffer): BufferDecl => ({
  ...{ name, place, dtype, access, shape, strides },
});
