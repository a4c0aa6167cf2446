// Checks nests and plans between compiler stages. An error says what is wrong, and shows the nest
// as it is now with the place marked.

import type { Fault } from "./check.ts";
import { unreachable } from "./expr.ts";
import { type Block, gridLoops, type Nest, type NestExpr, type Stmt } from "./nest.ts";
import { checkThreads } from "./nestCheckThreads.ts";
import { checkTurns, turnNumbersOf } from "./nestCheckTurns.ts";
import { checkTypes, type Report } from "./nestCheckTypes.ts";
import { checkVectors } from "./nestCheckVectors.ts";
import { checkWarps } from "./nestCheckWarps.ts";
import { dumpNest, dumpPlan } from "./nestDump.ts";
import { blocksOf, expressionsOf, visitBlock, visitNestExpr } from "./nestWalk.ts";
import type { Plan, PlanBuffer } from "./plan.ts";

/** Throws where `nest` is not well formed; `after` says which part of the compiler made it. */
export const checkNest = (nest: Nest, after: string): void => refuse(findNestFaults(nest), after);

/** Throws where `plan` or one of its nests is not well formed. */
export const checkPlan = (plan: Plan, after: string): void => refuse(findPlanFaults(plan), after);

function refuse([first, ...rest]: readonly Fault[], after: string): void {
  if (!first) return;
  const more = rest.length > 0 ? `\n(and ${rest.length} more)` : "";
  throw new Error(`after ${after}: ${first.what}\n${first.where}${more}`);
}

/** Everything wrong with a nest; empty where it is well formed. */
export function findNestFaults(nest: Nest): readonly Fault[] {
  const faults: Fault[] = [];
  const report: Report = (at, what) => {
    const where = dumpNest(nest, (s) => (s === at ? "here" : undefined));
    if (!faults.some((f) => f.what === `nest ${nest.name}: ${what}` && f.where === where))
      faults.push({ what: `nest ${nest.name}: ${what}`, where });
  };
  const whole = (what: string) =>
    faults.push({ what: `nest ${nest.name}: ${what}`, where: dumpNest(nest) });
  checkDeclarations(nest, whole);
  checkTypes(nest, report);
  checkStructure(nest, report, whole);
  checkThreads(nest, report);
  checkVectors(nest, report);
  checkWarps(nest, report);
  return faults;
}

function checkDeclarations(nest: Nest, wrong: (what: string) => void): void {
  const names = [...nest.buffers, ...nest.scalars, ...nest.constants].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) wrong(`${twice} is declared twice`);
  for (const buffer of nest.buffers) {
    if (buffer.shape.length !== buffer.strides.length)
      wrong(
        `${buffer.name} has ${buffer.shape.length} dimensions, ` +
          `but ${buffer.strides.length} strides`,
      );
    if (buffer.place === "global") continue;
    for (const e of [...buffer.shape, ...buffer.strides])
      visitNestExpr(e, (x) => {
        if (x.kind === "var" && !nest.constants.some(({ name }) => name === x.name))
          wrong(`the size of ${buffer.place} ${buffer.name} must be constant, not ${x.name}`);
      });
  }
  if (!(Number.isInteger(nest.group) && nest.group >= 1)) wrong(`a group of ${nest.group} threads`);
}

/**
 * Grid loops in one chain, group loops that share out the group's threads exactly, bounds known in
 * time.
 */
function checkStructure(nest: Nest, report: Report, whole: (what: string) => void): void {
  const chain = new Set<Stmt>(gridLoops(nest));
  let shared = false;
  const walk = (block: Block, threads: number): void => {
    for (const s of block) {
      let inner = threads;
      if (s.kind === "for") {
        if (s.by === "grid" && !chain.has(s))
          report(s, "grid loops must stand directly inside each other, outside of all else");
        if ((s.by === "group" || s.by === "unroll") && !isNumber(s))
          report(s, `the bounds of ${s.by} ${s.variable} must be numbers`);
        if (s.by === "parallel" && nest.group > 1)
          report(s, "a loop of CPU threads stands in a nest of groups");
        if (s.by === "group") {
          shared = true;
          inner = threads * extentOf(s);
          if (!holdsGroup(s.body) && inner !== nest.group)
            report(s, `group loops share out ${inner} threads, but a group has ${nest.group}`);
        }
      }
      for (const inside of blocksOf(s)) walk(inside, inner);
    }
  };
  walk(nest.body, 1);
  if (nest.group > 1 && !shared) whole(`a group has ${nest.group} threads, but no loop uses them`);
}

/** Does a store into this buffer come before every load from it, in the order of the text? */
function isSetFirst(block: Block, buffer: string): boolean {
  let first: "load" | "store" | undefined;
  visitBlock(block, (s) => {
    const reads = expressionsOf(s).some((e) => loadsFrom(e, buffer));
    if (reads || (s.kind === "accumulate" && s.buffer === buffer)) first ??= "load";
    if (s.kind === "store" && s.buffer === buffer) first ??= "store";
  });
  return first === "store";
}

function setsIn(block: Block, buffer: string): boolean {
  let found = false;
  visitBlock(block, (s) => {
    found ||= s.kind === "store" && s.buffer === buffer;
  });
  return found;
}

function loadsFrom(e: NestExpr, buffer: string): boolean {
  let found = false;
  visitNestExpr(e, (x) => {
    found ||= x.kind === "load" && x.buffer === buffer;
  });
  return found;
}

type For = Extract<Stmt, { kind: "for" }>;
const isNumber = (s: For): boolean => s.lo.kind === "const" && s.hi.kind === "const";
const extentOf = (s: For): number =>
  s.lo.kind === "const" && s.hi.kind === "const" ? s.hi.value - s.lo.value : 1;
const holdsGroup = (block: Block): boolean =>
  block.some(
    (s) =>
      (s.kind === "for" && s.by === "group") || blocksOf(s).some((inside) => holdsGroup(inside)),
  );

/** Everything wrong with a plan and its nests. */
export function findPlanFaults(plan: Plan): readonly Fault[] {
  const faults: Fault[] = [];
  const wrong = (what: string) =>
    faults.push({ what: `plan ${plan.name}: ${what}`, where: dumpPlan(plan) });
  const numbers = new Set([
    ...plan.scalars.map(({ name }) => name),
    ...plan.options.map(({ constant }) => constant),
  ]);
  const known = (e: NestExpr, what: string, more: ReadonlySet<string> = new Set()) =>
    visitNestExpr(e, (x) => {
      if (x.kind === "var" && !numbers.has(x.name) && !more.has(x.name))
        wrong(`${what} depends on ${x.name}, which is not given`);
      if (x.kind === "load") wrong(`${what} depends on memory`);
    });
  for (const { axis, is } of plan.sizes) {
    known(is, `size ${axis}`);
    numbers.add(axis);
  }
  const buffers = new Map(plan.buffers.map((b) => [b.name, b]));
  if (buffers.size !== plan.buffers.length) wrong("a buffer is declared twice");
  for (const b of plan.buffers)
    for (const e of [...b.shape, ...b.strides]) known(e, `the shape of ${b.name}`);
  for (const e of plan.bounds ?? []) known(e, "a bound");
  const { accumulate } = plan;
  if (accumulate !== undefined && !plan.options.some(({ constant }) => constant === accumulate))
    wrong(`outputs are added to by ${accumulate}, which is no option`);
  const functions = new Set<string>();

  const set = new Set(plan.buffers.filter((b) => b.role === "input").map((b) => b.name));
  /** What a nest adds to where it is told to is given then. */
  const mayAdd = ({ constants }: Nest, { role }: PlanBuffer): boolean =>
    role === "output" && constants.some(({ name }) => name === plan.accumulate);
  checkTurns(plan, numbers, known, wrong);
  for (const step of plan.steps) {
    switch (step.kind) {
      case "fill":
        if (!buffers.has(step.buffer)) wrong(`${step.buffer} is filled, but is not declared`);
        if (step.unless !== undefined && !numbers.has(step.unless))
          wrong(`${step.buffer} is filled unless ${step.unless}, which the plan does not have`);
        if (buffers.get(step.buffer)?.perWorker)
          wrong(`${step.buffer}, of which each CPU thread has its own, is filled`);
        if (buffers.get(step.buffer)?.role === "input") wrong(`the input ${step.buffer} is filled`);
        set.add(step.buffer);
        break;
      case "launch": {
        const { nest, groups } = step;
        if (functions.has(nest.name)) wrong(`two launches are called ${nest.name}`);
        functions.add(nest.name);
        const more = turnNumbersOf(plan, step);
        known(groups, `the number of groups of ${nest.name}`, more);
        for (const { name } of [...nest.scalars, ...nest.constants])
          if (!numbers.has(name) && !more.has(name))
            wrong(`${nest.name} takes ${name}, which the plan does not have`);
        for (const b of nest.buffers.filter(({ place }) => place === "global")) {
          const own = buffers.get(b.name);
          if (!own) wrong(`${nest.name} uses ${b.name}, which the plan does not have`);
          else if (own.dtype !== b.dtype)
            wrong(`${b.name} is ${own.dtype}, in ${nest.name} ${b.dtype}`);
          else if (own.role === "input" && b.access !== "read")
            wrong(`${nest.name} writes the input ${b.name}`);
          if (own && (own.perWorker ?? false) !== (b.perWorker ?? false))
            wrong(`${nest.name} and the plan do not agree that each CPU thread has its ${b.name}`);
          // What a thread's own memory holds is set and read under conditions; interpreting shows which is first.
          const isOwn = own?.perWorker && setsIn(nest.body, b.name);
          const scratch = own?.role === "workspace" && (isOwn || isSetFirst(nest.body, b.name));
          const given = own !== undefined && mayAdd(nest, own);
          if (b.access !== "write" && !set.has(b.name) && !scratch && !given)
            wrong(`${nest.name} reads ${b.name} before anything has set it`);
        }
        for (const b of nest.buffers) if (b.access !== "read" && !b.perWorker) set.add(b.name);
        faults.push(...findNestFaults(nest));
        break;
      }
      default:
        unreachable(step);
    }
  }
  for (const b of plan.buffers)
    if (b.perWorker && b.role !== "workspace")
      wrong(`${b.name} is no workspace, so CPU threads cannot have one each`);
  for (const b of plan.buffers)
    if (b.role === "output" && !set.has(b.name)) wrong(`nothing writes the output ${b.name}`);
  return faults;
}
