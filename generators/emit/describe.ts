// The manifest's description of a plan on one target; executors need nothing else to run it.

import { originsOf } from "../../targets/contract/kept.ts";
import type {
  ConstantInfo,
  DType,
  Entry,
  Formula,
  Step,
  TensorInfo,
} from "../../targets/contract/program.ts";
import { renameInFormulas } from "../../targets/contract/rename.ts";
import type { Signature } from "../../targets/contract/signature.ts";
import { stepsFor } from "../../targets/contract/wanted.ts";
import type { Kernel } from "../ir/kernel.ts";
import { type Nest, type NestExpr, parallelLoop, type Scalar } from "../ir/nest.ts";
import { expand } from "../ir/nestLinear.ts";
import { visitBlock } from "../ir/nestWalk.ts";
import type { Plan, PlanBuffer, PlanStep } from "../ir/plan.ts";
import { boundsOf } from "./bounds.ts";
import { printFormula } from "./formula.ts";
import { countElements } from "./printer.ts";
import type { Bindings, Target } from "./target.ts";

const roles = ["input", "output", "workspace"] as const;

/**
 * A number for every buffer that some plan of a file has, from 0: inputs in declared order, outputs,
 * workspaces; then the scalars.
 */
export function assignBindings(plans: readonly Plan[], signature: Signature): Bindings {
  const declared = signature.tensors.map(({ name }) => name);
  const place = (name: string): number => declared.indexOf(name) + 1 || declared.length + 1;
  const names = new Set<string>();
  for (const role of roles) {
    const found = plans.flatMap((plan) => plan.buffers.filter((buffer) => buffer.role === role));
    const sorted = [...new Set(found.map(({ name }) => name))].sort((a, b) => place(a) - place(b));
    for (const name of sorted) names.add(name);
  }
  return { buffers: new Map([...names].map((name, at) => [name, at])), scalars: names.size };
}

/** How much memory an element of each type takes. */
export const bytesOf: Readonly<Record<Exclude<Scalar, "bool">, number>> = {
  i32: 4,
  u32: 4,
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
};

const product = (axes: readonly string[]): Formula => (axes.length > 0 ? axes.join(" * ") : "1");

function describeTensor(buffer: PlanBuffer, role: "input" | "output"): TensorInfo {
  const { name, dtype, axes } = buffer;
  return { name, role, dtype, axes, shape: axes.map(product) };
}

/** Is a formula one call, whose bracket closes at its end? */
function isCall(formula: Formula): boolean {
  if (!/^\w+\(/.test(formula)) return false;
  let depth = 0;
  for (let at = formula.indexOf("("); at < formula.length; at++) {
    if (formula[at] === "(") depth++;
    if (formula[at] === ")" && --depth === 0) return at === formula.length - 1;
  }
  return false;
}

function describeWorkspace({
  name,
  dtype,
  shape,
  perWorker,
}: PlanBuffer): Entry["workspaces"][number] {
  const elements = shape
    .map(printFormula)
    .map((f) => (/^\w+$/.test(f) || isCall(f) ? f : `(${f})`));
  return {
    name,
    dtype: dtype satisfies DType,
    elements: product(elements),
    ...(perWorker && { perWorker }),
  };
}

/** Bytes of the arrays that a group shares. */
export function sharedBytes(nest: Nest): number {
  return nest.buffers
    .filter(({ place }) => place === "shared")
    .reduce((sum, decl) => sum + countElements(decl) * bytesOf[decl.dtype], 0);
}

function describeStep(step: PlanStep, plan: Plan, target: Target, bindings: Bindings): Step {
  if (step.kind === "fill") {
    const { buffer, value, unless } = step;
    const constant = unless && { unless: target.constantName(plan.operator, unless) };
    return { kind: "fill", buffer, value, ...constant };
  }
  const { nest, groups } = step;
  const group = target.loopsInside ? 1 : nest.group;
  const shared = sharedBytes(nest);
  const buffers = nest.buffers
    .filter(({ place }) => place === "global")
    .map(({ name, access }) => ({ name, access, binding: requireBinding(bindings, name) }));
  const { limits } = target;
  const refuse = (what: string, limit: number) => {
    throw new Error(`${nest.name} has ${what}; ${target.name} allows ${limit}.`);
  };
  if (group > limits.group) refuse(`${group} threads in a group`, limits.group);
  if (shared > limits.sharedBytes) refuse(`${shared} bytes of shared memory`, limits.sharedBytes);
  if (buffers.length > limits.buffers) refuse(`${buffers.length} buffers`, limits.buffers);
  const scalars = target.scalarsOf(plan, nest);
  return {
    kind: "launch",
    function: target.functionName(nest),
    buffers,
    scalars,
    scalarsBinding: bindings.scalars,
    ...(target.layOutUniform && {
      uniform: target.layOutUniform(bindings.scalars, findScalars(plan, scalars)),
    }),
    group,
    groups: target.loopsInside ? "1" : printFormula(groups),
    sharedBytes: shared,
    ...(target.capabilities.parallel && describeParallel(nest)),
    ...(step.repeat !== undefined && { repeat: step.repeat }),
  };
}

/** How many iterations the loop of CPU threads has, as a formula of the call's numbers. */
function describeParallel(nest: Nest): { readonly parallel?: Formula } {
  const loop = parallelLoop(nest);
  if (!loop) return {};
  const lets = nest.body.flatMap((s) => (s.kind === "let" ? [[s.name, s.value] as const] : []));
  const [lo, hi] = [loop.lo, loop.hi].map((e) => expand(e, new Map(lets)));
  const count: NestExpr = { kind: "op", op: "sub", args: [hi!, lo!], type: "i32" };
  const isZero = lo!.kind === "const" && lo!.value === 0;
  return { parallel: printFormula(isZero ? hi! : count) };
}

function findScalars(plan: Plan, names: readonly string[]): Plan["scalars"] {
  return names.map((name) => {
    const isOfTurn = plan.repeats?.some(({ numbers }) => numbers.some((n) => n.name === name));
    const scalar = isOfTurn
      ? ({ name, type: "i32", from: "size" } as const)
      : plan.scalars.find((s) => s.name === name);
    if (!scalar) throw new Error(`${name} is no scalar of its plan.`);
    return scalar;
  });
}

function requireBinding({ buffers }: Bindings, name: string): number {
  const binding = buffers.get(name);
  if (binding === undefined) throw new Error(`${name} is no buffer of its plan.`);
  return binding;
}

/** Do threads add to an element in an order that the device chooses? */
function addsInAnyOrder(nest: Nest): boolean {
  let found = false;
  visitBlock(nest.body, (s) => {
    if (s.kind === "accumulate" && s.mode === "atomic") found = true;
  });
  return found;
}

/** What an executor has to know to run a plan on a target. */
export function describeEntry(
  plan: Plan,
  target: Target,
  bindings: Bindings,
  kernel?: Kernel,
): Entry {
  const buffers = (role: PlanBuffer["role"]) => plan.buffers.filter((b) => b.role === role);
  const constants = plan.options.map(
    (option): ConstantInfo => ({
      name: target.constantName(plan.operator, option.constant),
      option: option.name,
      values: option.values,
      default: option.default,
    }),
  );
  const steps = plan.steps.map((step) => describeStep(step, plan, target, bindings));
  const isDeterministic = (name: string): boolean =>
    plan.steps.every(
      (step, at) =>
        step.kind === "fill" ||
        !target.capabilities.groups ||
        !addsInAnyOrder(step.nest) ||
        !stepsFor(steps, [name]).includes(steps[at]!),
    );
  const tensors = [
    ...buffers("input").map((buffer) => describeTensor(buffer, "input")),
    ...buffers("output").map((buffer) => ({
      ...describeTensor(buffer, "output"),
      deterministic: isDeterministic(buffer.name),
    })),
  ];
  const workspaces = buffers("workspace").map(describeWorkspace);
  const origins = originsOf({ steps, workspaces, tensors });
  const all = buffers("input").length;
  // Formulas name constants as the target does.
  const renamed = plan.options.flatMap(({ constant }, at) =>
    constants[at]!.name === constant ? [] : [[constant, constants[at]!.name] as const],
  );
  const entry: Entry = {
    operator: plan.operator,
    kernel: plan.role,
    name: plan.name,
    present: plan.present,
    tensors,
    scalars: plan.scalars.map(({ name, type, from }) => ({ name, type, from })),
    constants,
    ...(plan.accumulate && { accumulate: target.constantName(plan.operator, plan.accumulate) }),
    workspaces: workspaces.map((workspace) => {
      const from = origins.get(workspace.name);
      return from && from.length < all ? { ...workspace, from } : workspace;
    }),
    sizes: plan.sizes.map(({ axis, is }) => ({ name: axis, is: printFormula(is) })),
    bounds: [...(kernel ? boundsOf(kernel) : []), ...(plan.bounds ?? []).map(printFormula)],
    steps,
    ...(plan.repeats && {
      repeats: plan.repeats.map(({ times, numbers }) => ({
        times: printFormula(times),
        numbers: numbers.map(({ name, is }) => ({ name, is: printFormula(is) })),
      })),
    }),
  };
  return renameInFormulas(entry, new Map(renamed));
}
