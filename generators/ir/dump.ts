// A kernel as text: the author's names, one line for each value that has a name or is used twice,
// placed where all its indices are known; reductions indented under their heads.

import { type Names, showExpr, showHead, showNode, showRange } from "./dumpExpr.ts";
import { type Expr, type Loop, type Reduce, unreachable } from "./expr.ts";
import {
  type AttrDecl,
  type Kernel,
  optionValues,
  rootsOf,
  type Stage,
  type TensorDecl,
} from "./kernel.ts";
import { children, freeLoops, visit } from "./walk.ts";

/** The whole kernel as text; equal kernels with equal names give equal text. */
export function dumpKernel(kernel: Kernel): string {
  const { file, line } = kernel.source;
  const present = kernel.present.length > 0 ? ` with ${kernel.present.join(", ")}` : "";
  const names = namesOf(kernel, []);
  return `${[
    `kernel ${kernel.operator}.${kernel.role}${present}  (${file}:${line})`,
    ...kernel.tensors.map(dumpTensor),
    ...kernel.attrs.map(dumpAttr),
    ...kernel.axes.map(({ axis, size }) => `axis ${axis} = ${showExpr(size, names)}`),
    ...kernel.demands.map((d) => `demand ${showExpr(d.holds, names)} else "${d.otherwise}"`),
    ...kernel.indices.map((i) => `index ${i.tensor}[.., ${i.column}] of ${i.axis}`),
    ...kernel.stages.flatMap((stage) => ["", ...dumpStageLines(kernel, stage)]),
    "",
    `result ${kernel.outputs.join(", ")}`,
  ].join("\n")}\n`;
}

/** All stages of a kernel as formulas to be read. */
export const dumpFormulas = (kernel: Kernel): string =>
  kernel.stages.map((stage) => dumpStageLines(kernel, stage, true).join("\n")).join("\n\n");

/** One stage of a kernel as text. */
export const dumpStage = (kernel: Kernel, stage: Stage): string =>
  dumpStageLines(kernel, stage).join("\n");

/** An expression by itself on one line, under the kernel's names of leaves and loops. */
export const dumpExpr = (kernel: Kernel, e: Expr): string =>
  showNode(e, { ...leafNames(kernel), choice: (name, value) => wordOf(kernel, name, value) });

/** The word of a value of an option. */
function wordOf(kernel: Kernel, name: string, value: number): string | undefined {
  const attr = kernel.attrs.find((a) => a.name === name);
  return attr && optionValues(attr)[value];
}

const showDims = (dims: readonly (readonly string[])[]): string =>
  dims.map((dim) => (dim.length > 1 ? `(${dim.join(" ")})` : dim.join(" "))).join(", ");

function dumpTensor(tensor: TensorDecl): string {
  const optional = tensor.optional ? " optional" : "";
  return `tensor ${tensor.name}[${showDims(tensor.dims)}] ${tensor.type}${optional}`;
}

function dumpAttr(attr: AttrDecl): string {
  const values = attr.values ? ` of ${attr.values.join(" | ")}` : "";
  const fallback = attr.default === undefined ? "" : ` = ${attr.default}`;
  return `attr ${attr.name} ${attr.type}${values}${fallback}`;
}

/** The loops of a domain grouped into the dimensions they make up. */
function showDomain(loops: readonly Loop[], dims: readonly number[], names: Names): string {
  let at = 0;
  const groups = dims.map((n) => {
    at += n;
    return loops.slice(at - n, at).map((l) => showRange(l, names));
  });
  return showDims(groups.map((group) => [group.join(", ")]));
}

/** Names of a formula that is to be read: what only changes the kind of a value is not there. */
const forReaders = (kernel: Kernel, names: Names): Names => ({
  ...names,
  value: (e) => (e.kind === "cast" && !kernel.names.has(e) ? undefined : names.value(e)),
  mathematics: true,
});

function dumpStageLines(kernel: Kernel, stage: Stage, mathematics = false): string[] {
  const roots = rootsOf(stage);
  const names = mathematics ? forReaders(kernel, namesOf(kernel, roots)) : namesOf(kernel, roots);
  const domain = showDomain(stage.domain, stage.dims, names);
  const show = (e: Expr): string => showExpr(e, names);
  const list = (of: readonly Expr[]): string => of.map(show).join(", ");
  const lines = dumpScope(roots, new Set(stage.domain), names, new Set(), "  ");
  switch (stage.kind) {
    case "gather":
      return [
        `${mathematics ? "" : "stage "}${stage.name}[${domain}]`,
        ...lines,
        `  = ${list(stage.parts)}`,
      ];
    case "scatter": {
      const over = stage.domain.map((l) => showRange(l, names)).join(", ");
      const target = showDomain(stage.shape, stage.dims, names);
      return [
        `scatter into ${stage.name}[${target}] for ${over}`,
        ...lines,
        `  if ${show(stage.when)}`,
        `    ${stage.name}[${list(stage.at)}] += ${list(stage.values)}`,
      ];
    }
    default:
      return unreachable(stage);
  }
}

/** Lines for what is inside `roots` and known once the `bound` loops are, operands first. */
function dumpScope(
  roots: readonly Expr[],
  bound: ReadonlySet<Loop>,
  names: Names,
  done: Set<Expr | Reduce>,
  indent: string,
): string[] {
  const lines: string[] = [];
  visit(roots, (e) => {
    if (done.has(e) || ![...freeLoops(e)].every((l) => bound.has(l))) return;
    if (e.kind === "part" && !done.has(e.of)) {
      done.add(e.of);
      const inner = dumpScope(
        e.of.bodies,
        new Set([...bound, ...e.of.over]),
        names,
        done,
        `${indent}  `,
      );
      const bodies = e.of.bodies.map((body) => showExpr(body, names)).join(", ");
      lines.push(`${indent}${names.reduce(e.of)} = ${showHead(e.of, names)}`);
      lines.push(...inner, `${indent}  ${bodies}`);
    }
    done.add(e);
    const name = names.value(e);
    if (name === undefined || (e.kind === "part" && e.of.bodies.length === 1)) return;
    lines.push(`${indent}${name} = ${showNode(e, names)}`);
  });
  return lines;
}

function leafNames(kernel: Kernel): Names {
  const loop = (l: Loop): string => kernel.names.get(l) ?? l.axis.toLowerCase();
  return { value: () => undefined, loop, reduce: () => undefined };
}

/**
 * Gives every value under `roots` that deserves a line a name of its own, and every loop and
 * reduction.
 */
function namesOf(kernel: Kernel, roots: readonly Expr[]): Names {
  const taken = new Set<string>();
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}${n}`;
    taken.add(name);
    return name;
  };
  const uses = new Map<Expr, number>();
  const order: Expr[] = [];
  visit(roots, (e) => {
    order.push(e);
    for (const child of new Set(children(e))) uses.set(child, (uses.get(child) ?? 0) + 1);
  });
  const loops = new Map<Loop, string>();
  const reductions = new Map<Reduce, string>();
  const values = new Map<Expr, string>();
  const loopName = (l: Loop): string => {
    const known = loops.get(l);
    if (known !== undefined) return known;
    const name = fresh(kernel.names.get(l) ?? l.axis.toLowerCase());
    loops.set(l, name);
    return name;
  };
  for (const e of order) {
    if (e.kind === "index") loopName(e.loop);
    if (["const", "attr", "option", "size", "index"].includes(e.kind)) continue;
    const given = kernel.names.get(e);
    if (e.kind === "part") {
      const single = e.of.bodies.length === 1;
      const known = reductions.get(e.of);
      const name = known ?? fresh((single ? given : undefined) ?? e.of.op);
      reductions.set(e.of, name);
      if (single) values.set(e, name);
      else if (given !== undefined) values.set(e, fresh(given));
    } else if (given !== undefined) values.set(e, fresh(given));
    else if ((uses.get(e) ?? 0) > 1) values.set(e, fresh("t"));
  }
  return { value: (e) => values.get(e), loop: loopName, reduce: (r) => reductions.get(r) };
}
