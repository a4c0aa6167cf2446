// Checks a kernel between compiler stages: kinds, ranks, bound loops, the order of stages. An error
// says what is wrong, and shows the stage with the place in it.

import { dumpExpr, dumpStage } from "./dump.ts";
import { type Expr, type Kind, kindOf, type Loop, unreachable } from "./expr.ts";
import { elementsOf, isOption, type Kernel, type Stage, scalarsOf, valuesOf } from "./kernel.ts";
import { resultKind } from "./ops.ts";
import { children, freeLoops, visit } from "./walk.ts";

/** Something wrong in a kernel; `where` is the text around it. */
export interface Fault {
  readonly what: string;
  readonly where: string;
}

/** Throws where `kernel` is not well formed; `after` says which part of the compiler made it. */
export function checkKernel(kernel: Kernel, after: string): void {
  const [first, ...rest] = findKernelFaults(kernel);
  if (!first) return;
  const more = rest.length > 0 ? `\n(and ${rest.length} more)` : "";
  throw new Error(`after ${after}: ${first.what}\n${first.where}${more}`);
}

/** What is readable at some point: for each name, how many positions and parts it has. */
type Readable = ReadonlyMap<string, { readonly rank: number; readonly kinds: readonly Kind[] }>;

/** Everything wrong with a kernel; empty where it is well formed. */
export function findKernelFaults(kernel: Kernel): readonly Fault[] {
  const faults: Fault[] = [];
  const readable = new Map<string, { rank: number; kinds: readonly Kind[] }>();
  for (const tensor of kernel.tensors)
    if (!tensor.optional || kernel.present.includes(tensor.name))
      readable.set(tensor.name, { rank: tensor.dims.flat().length, kinds: [tensor.type] });
  const leaves = leavesOf(kernel);
  const outside = [
    ...kernel.axes.map(({ axis, size }) => ({ name: `axis ${axis}`, e: size, kind: "int" })),
    ...kernel.demands.map((d) => ({ name: `demand "${d.otherwise}"`, e: d.holds, kind: "bool" })),
  ];
  for (const { name, e, kind } of outside)
    for (const what of findExprFaults([e], {
      leaves,
      readable: new Map(),
      bound: [],
      kinds: [kind],
    }))
      faults.push({ what: `${name}: ${what}`, where: `  ${dumpExpr(kernel, e)}` });
  for (const stage of kernel.stages) {
    const found = [...findStageFaults(stage, readable, leaves)].map(
      (what) => `stage ${stage.name}: ${what}`,
    );
    if (readable.has(stage.name) && !addsAgain(kernel, stage))
      found.unshift(`${stage.name} is defined twice`);
    if (found.length > 0) {
      const where = dumpOrReason(kernel, stage);
      faults.push(...found.map((what) => ({ what, where })));
    }
    const values = valuesOf(stage);
    const rank = elementsOf(stage).length;
    readable.set(stage.name, { rank, kinds: values.map(safeKind) });
  }
  for (const name of kernel.outputs)
    if (!kernel.stages.some((stage) => stage.name === name))
      faults.push({ what: `no stage computes the result ${name}`, where: "" });
  return faults;
}

/** Does `stage` add to the elements that an earlier one adds to? Then they are of one shape. */
const addsAgain = (kernel: Kernel, stage: Stage): boolean =>
  kernel.tensors.every(({ name }) => name !== stage.name) &&
  kernel.stages.every(
    (other) =>
      other.name !== stage.name ||
      (stage.kind === "scatter" &&
        other.kind === "scatter" &&
        other.shape.length === stage.shape.length &&
        other.shape.every((l, d) => l.hi === stage.shape[d]!.hi)),
  );

/** The stage's text, or why it cannot be shown. */
function dumpOrReason(kernel: Kernel, stage: Stage): string {
  try {
    return dumpStage(kernel, stage);
  } catch (error) {
    return `(${stage.name} cannot be shown: ${error instanceof Error ? error.message : error})`;
  }
}

interface Leaves {
  readonly axes: ReadonlySet<string>;
  readonly attrs: ReadonlyMap<string, Kind>;
  readonly options: ReadonlySet<string>;
}

const leavesOf = (kernel: Kernel): Leaves => ({
  axes: new Set([
    ...kernel.tensors.flatMap((t) => t.dims.flat()),
    ...kernel.axes.map((a) => a.axis),
  ]),
  attrs: new Map(kernel.attrs.flatMap(scalarsOf).map(({ name, type }) => [name, type])),
  options: new Set(kernel.attrs.filter(isOption).map((a) => a.name)),
});

interface Context {
  readonly leaves: Leaves;
  readonly readable: Readable;
  readonly bound: readonly Loop[];
  /** The kinds the roots must have; absent: any number. */
  readonly kinds?: readonly string[];
}

function findStageFaults(stage: Stage, readable: Readable, leaves: Leaves): string[] {
  const faults: string[] = [];
  const shape = elementsOf(stage);
  for (const l of shape) {
    const bounds = { leaves, readable: new Map(), bound: [], kinds: ["int"] };
    faults.push(...findExprFaults([l.lo, l.hi], bounds));
    if (l.lo.kind !== "const" || l.lo.value !== 0)
      faults.push(`the domain's loop over ${l.axis} does not start at 0`);
  }
  // What adds may walk ranges that depend on data and on the indices before.
  if (stage.kind === "scatter")
    for (const [d, l] of stage.domain.entries()) {
      const bounds = { leaves, readable, bound: stage.domain.slice(0, d), kinds: ["int"] };
      faults.push(...findExprFaults([l.lo, l.hi], bounds));
    }
  if (new Set(stage.domain).size !== stage.domain.length)
    faults.push("one loop stands twice in the domain");
  const grouped = stage.dims.reduce((n, dim) => n + dim, 0);
  if (grouped !== shape.length)
    faults.push(`its dimensions group ${grouped} loops, but it has ${shape.length}`);
  const inside = { leaves, readable, bound: stage.domain };
  switch (stage.kind) {
    case "gather":
      if (stage.parts.length === 0) faults.push("it has no parts");
      return [...faults, ...findExprFaults(stage.parts, inside)];
    case "scatter":
      if (stage.at.length !== stage.shape.length)
        faults.push(`it adds at ${stage.at.length} positions of ${stage.shape.length} axes`);
      return [
        ...faults,
        ...findExprFaults(stage.at, { ...inside, kinds: ["int"] }),
        ...findExprFaults([stage.when], { ...inside, kinds: ["bool"] }),
        ...findExprFaults(stage.values, inside),
      ];
    default:
      return unreachable(stage);
  }
}

/** The kind of `e`, or `acc` where it has none, which is reported where it arises. */
function safeKind(e: Expr): Kind {
  try {
    return kindOf(e);
  } catch {
    return "acc";
  }
}

function findExprFaults(roots: readonly Expr[], context: Context): string[] {
  const faults: string[] = [];
  for (const root of roots) {
    for (const l of freeLoops(root))
      if (!context.bound.includes(l))
        faults.push(`the index of ${l.axis} is used outside its loop`);
    const kind = safeKind(root);
    const fits = context.kinds ? context.kinds.includes(kind) : kind !== "bool";
    if (!fits)
      faults.push(`a value is ${kind}, but must be ${context.kinds?.join(" or ") ?? "a number"}`);
  }
  visit(roots, (e) => {
    const what = findNodeFault(e, context);
    if (what !== undefined) faults.push(what);
  });
  return faults;
}

/** The first kind among some expressions that is no whole number. */
const notInt = (of: readonly Expr[]): Kind | undefined =>
  of.map(safeKind).find((kind) => kind !== "int");

function findNodeFault(e: Expr, { leaves, readable }: Context): string | undefined {
  switch (e.kind) {
    case "const":
      if (e.type === "int" && !Number.isInteger(e.value)) return `${e.value} is no int`;
      return e.type === "bool" && e.value !== 0 && e.value !== 1
        ? `${e.value} is no bool`
        : undefined;
    case "attr":
      return leaves.attrs.get(e.name) === e.type ? undefined : `no ${e.type} attribute ${e.name}`;
    case "option":
      return leaves.options.has(e.name) ? undefined : `there is no option ${e.name}`;
    case "size":
      return leaves.axes.has(e.axis) ? undefined : `there is no axis ${e.axis}`;
    case "index":
      return undefined;
    case "read": {
      const of = readable.get(e.from);
      if (!of) return `${e.from} is read, but is no tensor given or earlier stage`;
      if (of.rank !== e.at.length)
        return `${e.from} has ${of.rank} axes, but is read at ${e.at.length} positions`;
      const kind = of.kinds[e.part];
      if (kind === undefined) return `${e.from} has ${of.kinds.length} parts, no part ${e.part}`;
      if (kind !== e.type) return `${e.from} holds ${kind}, but is read as ${e.type}`;
      if (e.axes.length > 0 && e.axes.length !== e.at.length)
        return `a read of ${e.from} names ${e.axes.length} axes for ${e.at.length} positions`;
      const wrong = notInt(e.at);
      return wrong === undefined ? undefined : `${e.from} is read at a position that is ${wrong}`;
    }
    case "op": {
      const kind = resultKind(e.op, e.args.map(safeKind));
      return typeof kind === "string" ? undefined : kind.refused;
    }
    case "cast": {
      const from = safeKind(e.arg);
      const widens = ["int", "coord", "data", "acc"];
      const down = widens.indexOf(from) > widens.indexOf(e.to);
      if (from === "bool" || e.to === "bool") return `${from} cannot be cast to ${e.to}`;
      return down && e.to !== "data" ? `${from} cannot be cast down to ${e.to}` : undefined;
    }
    case "select": {
      const [cond, then, otherwise] = children(e).map(safeKind);
      if (cond !== "bool") return `a condition is ${cond}, but must be bool`;
      return then === otherwise ? undefined : `a select's sides are ${then} and ${otherwise}`;
    }
    case "part": {
      const { bodies, from, over } = e.of;
      if (bodies.length !== from.length || bodies.length === 0)
        return `a ${e.of.op} has ${bodies.length} bodies and ${from.length} starts`;
      if (e.part >= bodies.length) return `a ${e.of.op} of ${bodies.length} parts has no ${e.part}`;
      if (over.some((l) => !Number.isFinite(l.level))) return `a ${e.of.op} has a loop of no level`;
      const differs = bodies.findIndex((body, i) => safeKind(body) !== safeKind(from[i]!));
      if (differs >= 0)
        return (
          `part ${differs} of a ${e.of.op} is ${safeKind(bodies[differs]!)}, ` +
          `but starts as ${safeKind(from[differs]!)}`
        );
      const wrong = notInt(over.flatMap((l) => [l.lo, l.hi]));
      if (wrong !== undefined) return `a bound of a ${e.of.op} is ${wrong}, but must be int`;
      return new Set(over).size === over.length ? undefined : `a ${e.of.op} walks one loop twice`;
    }
    default:
      return unreachable(e);
  }
}
