// A draft becomes a plan: each stored stage a launch, its buffers and scalars found from what it uses.

import type { Loop } from "../ir/expr.ts";
import { hostExpr, product } from "../ir/host.ts";
import {
  isOption,
  type Kernel,
  kernelName,
  optionValues,
  partName,
  type Stage,
  scalarsOf,
  valuesOf,
} from "../ir/kernel.ts";
import type { AddMode, NestExpr } from "../ir/nest.ts";
import { visitNestExpr } from "../ir/nestWalk.ts";
import type { Plan, PlanBuffer, PlanStep } from "../ir/plan.ts";
import { accumulationOf, addingSteps, fixedPointOf, ownersFirst, passNames } from "./additions.ts";
import { addAlways } from "./additive.ts";
import { describeBuffers } from "./buffers.ts";
import { groupsOfTiles, hasRows } from "./contract/group.ts";
import { heldStages, placeStrips } from "./contract/place.ts";
import { type Contraction, recogniseStage } from "./contract/recognise.ts";
import { asDeclared, loopsOf, walkDomain } from "./domain.ts";
import { type Draft, type Loops, launchedStages } from "./draft.ts";
import { addsAlongside, inlineStages } from "./inline.ts";
import { createNames } from "./names.ts";
import { buildNest } from "./nests.ts";
import { type LaunchStep, launchOnly, namesIn, negate } from "./only.ts";
import { isPanel, placePanels, startWith } from "./panels.ts";
import { orderAdditions } from "./reordered.ts";
import { countAll, repeatSteps, sizeSlabs, turnNumbers } from "./repeats.ts";
import { splitDomain } from "./site.ts";
import { placeSlabs } from "./slabs.ts";
import { sumInLanes } from "./sums.ts";
import { storeTotals } from "./totals.ts";
import { unrollLoops } from "./unroll.ts";

/** The name of the entry point: the kernel's and the optional tensors it takes. */
export const entryName = (kernel: Kernel): string =>
  [kernelName(kernel), ...kernel.present].join("_");

/** The plan of a draft as it stands. */
export function lower(given: Draft): Plan {
  const stored = new Set(launchedStages(given).map((stage) => stage.name));
  const held = heldStages(given);
  const inlined = inlineStages(given.kernel, new Set([...stored, ...held]));
  const slabs = given.slabs && placeSlabs(inlined, given.slabs, held);
  const whole = slabs?.kernel ?? inlined;
  const { kernel, draft, placed, packs } = placeStrips(placePanels(whole, given.panels), given);
  const sized = (buffers: readonly PlanBuffer[]) => sizeSlabs(buffers, slabs);
  const stages = sized(shareNone(describeBuffers(kernel), kernel, draft));
  const { sums, bounds: counts } = fixedPointOf(draft, kernel, stages);
  const bounds = countAll(counts, slabs?.axes ?? []);
  const scratch = sized([...placed.values()].flatMap((one) => one.scratch));
  const buffers = [...stages, ...sums, ...scratch];
  const entry = entryName(kernel);
  const used = { scalars: new Set<string>(), constants: new Set<string>() };
  const order = [...allScalars(kernel).map((s) => s.name), ...turnNumbers(slabs?.axes ?? [])];

  const launches = groupStages(kernel.stages);
  const taken = [...buffers.map((b) => b.name), ...order];
  const nameOf = ([stage]: readonly Stage[]): string =>
    launches.length === 1 ? entry : `${entry}_${stage!.name}`;
  const rows: PlanBuffer[] = [];
  const nameRow = createNames(new Map(), [], taken).fresh;
  const loopsFor = (name: string): Loops => draft.loops.get(name) ?? { by: "serial" };
  const launch = (
    stages: readonly Stage[],
    mode: AddMode,
    loops: Loops = loopsFor(stages[0]!.name),
  ): LaunchStep => {
    const [{ name }] = stages as [Stage];
    const again = launches.filter(([other]) => other!.name === name).indexOf(stages);
    const names = new Map(kernel.names);
    const owned =
      draft.accumulation.get(name) === "owned" ? ownersFirst(kernel, stages) : undefined;
    const apart = loops.by === "serial" || loops.by === "parallel";
    const walkingOf = (stage: string) => draft.walkings.get(stage) ?? asDeclared;
    const panels = kernel.stages.filter((s) => isPanel(s)).filter((s) => s.reader === name);
    const outer = panels[0]?.around ?? [];
    const own = owned?.stages ?? orderAdditions(kernel, stages, walkingOf(name).inner, names);
    const main = walkDomain(kernel, own, walkingOf(name), { apart, outer }, names);
    const before = panels.map((panel) => ({
      name: panel.name,
      walk: walkDomain(kernel, [panel], walkingOf(panel.name), { apart, around: outer }, names),
    }));
    const first = before.flatMap((panel) => panel.walk);
    const walk = startWith(main, outer.length, first);
    const vectors = new Map(
      [{ name, walk: main }, ...before].flatMap((made) => {
        const [inner, by] = [loopsOf(made.walk).at(-1), walkingOf(made.name).vector];
        return inner && by !== undefined ? [[inner, by] as const] : [];
      }),
    );
    const most = loops.by === "parallel" ? loops.loops : undefined;
    const split = splitDomain(loopsOf(walk), owned?.owners ?? most);
    const contraction = loops.by === "tiles" ? recogniseStage(kernel, name, names) : undefined;
    const suffixes = [again > 0 ? `_${again + 1}` : "", passNames[mode]];
    const { nest, rows: ownRows } = buildNest({
      kernel: { ...kernel, names },
      stages: own,
      walk,
      split,
      mode,
      buffers,
      // Where the outermost loop parts, there is none to share out.
      loops: most && split.flat.length === 0 ? { by: "serial" } : loops,
      contraction,
      name: [nameOf(stages), ...suffixes].join(""),
      vectors,
      nameRow: (like) => nameRow(`${name}_${like}`),
      ...(placed.has(name) && { placed: placed.get(name)! }),
      ...(packs.has(name) && { pack: packs.get(name)! }),
    });
    rows.push(...sized(ownRows));
    for (const s of nest.scalars) used.scalars.add(s.name);
    for (const c of nest.constants) used.constants.add(c.name);
    const summed = sumInLanes(nest, draft.sums);
    const added = slabs?.adding.has(name) ? addAlways(summed, new Set([name])) : summed;
    return {
      kind: "launch",
      nest: {
        ...added,
        body: unrollLoops(added.body, draft.unroll),
        scalars: nest.scalars.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
      },
      groups: groupsOf(split.flat, loops, contraction),
    };
  };
  /** One launch, or two of which one has no groups: tiles, and threads where there are too few rows for them. */
  const launchGather = (stages: readonly Stage[], name: string): readonly PlanStep[] => {
    const loops = loopsFor(name);
    if (loops.by !== "tiles") return [launch(stages, "plain")];
    const enough = hasRows(recogniseStage(kernel, name, new Map(kernel.names)), loops.tiles);
    const threads = (): LaunchStep =>
      launch(stages, "plain", { by: "threads", group: loops.tiles.group });
    if (typeof enough === "boolean") return [enough ? launch(stages, "plain") : threads()];
    for (const scalar of namesIn(enough)) used.scalars.add(scalar);
    return [
      launchOnly(launch(stages, "plain"), enough, order),
      launchOnly(threads(), negate(enough), order, "_few"),
    ];
  };
  const stepsOf = (stages: readonly Stage[]): readonly PlanStep[] => {
    const [stage] = stages as [Stage];
    if (stage.kind === "gather") {
      const made = launchGather(stages, stage.name);
      return slabs?.adding.has(stage.name)
        ? [{ kind: "fill", buffer: stage.name, value: 0 }, ...made]
        : made;
    }
    const loops = draft.loops.get(stage.name);
    const group = loops?.by === "threads" ? loops.group : 1;
    const parts = stage.values.map((_, i) => partName(stage.name, i, stage.values.length));
    return addingSteps(stages, {
      launches: launches.filter(([other]) => other!.name === stage.name),
      by: accumulationOf(draft, stage),
      buffers: parts.map((part) => buffers.find((b) => b.name === part)!),
      launch,
      total: (buffer, part) => {
        const name = `${nameOf(stages)}_total${part > 0 ? `_${part + 1}` : ""}`;
        return storeTotals(name, buffer, group, taken);
      },
    });
  };
  const { steps, repeats } = slabs
    ? repeatSteps(launches.flatMap(stepsOf), slabs, buffers)
    : { steps: launches.flatMap(stepsOf), repeats: [] };

  const sizes = [...kernel.axes, ...(slabs?.sizes ?? [])].map(({ axis, size }) => ({
    axis,
    is: hostExpr(size),
  }));
  return {
    operator: kernel.operator,
    role: kernel.role,
    name: entry,
    present: kernel.present,
    scalars: orderScalars(kernel, used.scalars, [
      ...buffers.flatMap((b) => b.shape),
      ...sizes.map((s) => s.is),
      ...bounds,
      ...repeats.flatMap(({ times, numbers }) => [times, ...numbers.map(({ is }) => is)]),
    ]),
    options: kernel.attrs
      .filter((a) => isOption(a) && used.constants.has(a.name.toUpperCase()))
      .map((a) => ({
        name: a.name,
        constant: a.name.toUpperCase(),
        values: optionValues(a),
        default: Math.max(0, optionValues(a).indexOf(String(a.default))),
      })),
    ...(bounds.length > 0 && { bounds }),
    buffers: [...buffers, ...rows],
    sizes,
    steps,
    ...(repeats.length > 0 && { repeats }),
  };
}

/** Buffers, of which each CPU thread has its own panels. */
function shareNone(
  buffers: readonly PlanBuffer[],
  { stages }: Kernel,
  { loops }: Draft,
): readonly PlanBuffer[] {
  const own = stages.flatMap((stage) =>
    isPanel(stage) && loops.get(stage.reader)?.by === "parallel"
      ? valuesOf(stage).map((_, i) => partName(stage.name, i, stage.parts.length))
      : [],
  );
  return buffers.map((b) => (own.includes(b.name) ? { ...b, perWorker: true } : b));
}

/** Stages that one launch computes together: scatters over one domain into one buffer. */
function groupStages(stages: readonly Stage[]): readonly (readonly Stage[])[] {
  const groups: Stage[][] = [];
  for (const stage of stages) {
    // Panels are made by the launch that reads them.
    if (isPanel(stage)) continue;
    const group = groups.at(-1);
    if (group && addsAlongside(group[0]!, stage)) group.push(stage);
    else groups.push([stage]);
  }
  return groups;
}

/** How many groups a launch has whose threads share out these loops. */
function groupsOf(
  flat: readonly Loop[],
  loops: Loops,
  contraction: Contraction | undefined,
): NestExpr {
  const elements = product(flat.map((l) => hostExpr(l.hi)));
  switch (loops.by) {
    case "serial":
    case "parallel":
    case "strips":
      return { kind: "const", type: "i32", value: 1 };
    case "lanes":
      return elements;
    case "tiles":
      if (!contraction) throw new Error("only a contraction is made tile by tile");
      return groupsOfTiles(contraction, loops.tiles);
    case "threads": {
      if (loops.group === 1) return elements;
      const group: NestExpr = { kind: "const", type: "i32", value: loops.group };
      const last: NestExpr = { kind: "const", type: "i32", value: loops.group - 1 };
      const padded: NestExpr = { kind: "op", op: "add", args: [elements, last], type: "i32" };
      return { kind: "op", op: "quot", args: [padded, group], type: "i32" };
    }
    default:
      return loops satisfies never;
  }
}

/** The scalars of a plan in the order of the author's axes, then of the attributes. */
function orderScalars(
  kernel: Kernel,
  used: Iterable<string>,
  formulas: readonly NestExpr[],
): Plan["scalars"] {
  const needed = new Set(used);
  for (const formula of formulas)
    visitNestExpr(formula, (e) => {
      if (e.kind === "var") needed.add(e.name);
    });
  return allScalars(kernel).filter((s) => needed.has(s.name));
}

function allScalars(kernel: Kernel): Plan["scalars"] {
  const axes = [...kernel.tensors.flatMap((t) => t.dims.flat()), ...kernel.axes.map((a) => a.axis)];
  const sizes = [...new Set(axes)].map((name) => ({ name, type: "i32", from: "size" }) as const);
  const attrs = kernel.attrs.flatMap(scalarsOf).map(
    ({ name, type }) =>
      ({
        name: name.replaceAll(".", "_"),
        type: type === "int" ? "i32" : "f32",
        from: "attr",
      }) as const,
  );
  return [...sizes, ...attrs];
}
