// What each constraint and each kind of device leaves of a space, counted.

import type { DeviceKind } from "../../../targets/contract/machine.ts";
import { sharedBytesOf, type Tiles, threadsOf } from "../../schedule/contract/tiles.ts";
import { enumerate } from "../space/enumerate.ts";
import { evaluate, parametersOf } from "../space/evaluate.ts";
import { printExpr } from "../space/print.ts";
import type { Constraint, Points, Space } from "../space/space.ts";
import type { DetailedSpace } from "./space.ts";

/** What a constraint removes. */
export interface Pruned {
  readonly constraint: string;
  readonly why?: string;
  /** Combinations that it refuses, of all there are. */
  readonly refuses: number;
  /** Those that nothing else refuses. */
  readonly alone: number;
}

/** What a kind of device leaves. */
export interface DeviceShare {
  readonly device: string;
  /** Valid points whose groups it can run. */
  readonly fits: number;
  /** Of these, how many fill less than a third of it, with registers estimated; absent where that is not known. */
  readonly sparse?: number;
}

/** What is left of a space, and why. */
export interface Pruning {
  /** All combinations of values. */
  readonly all: number;
  readonly valid: number;
  readonly constraints: readonly Pruned[];
  readonly devices: readonly DeviceShare[];
}

/** All combinations of a space's values, valid or not. */
export const countAll = ({ parameters }: Space): number =>
  parameters.reduce((product, { values }) => product * values.length, 1);

/** Counts what is left of a kernel's space on kinds of devices. */
export function pruneSpace(
  kernelSpace: DetailedSpace,
  points: Points,
  devices: readonly DeviceKind[],
): Pruning {
  const { space } = kernelSpace;
  const tiles = devices.length > 0 ? tilesOfAll(kernelSpace, points) : [];
  return {
    all: countAll(space),
    valid: points.size,
    constraints: pruneConstraints(space, points),
    devices: devices.map((device) => shareOf(device, tiles)),
  };
}

/** Counts what each constraint removes. */
export const pruneConstraints = (space: Space, points: Points): readonly Pruned[] =>
  space.constraints.map((constraint) => ({
    constraint: printExpr(constraint.holds),
    ...(constraint.why !== undefined && { why: constraint.why }),
    refuses: countRefused(space, constraint),
    alone: enumerate(without(space, constraint)).size - points.size,
  }));

const without = (space: Space, constraint: Constraint): Space => ({
  ...space,
  constraints: space.constraints.filter((other) => other !== constraint),
});

/** A constraint reads few parameters: its share of their combinations is that of all. */
function countRefused(
  { name, parameters, constraints: _, ...rest }: Space,
  constraint: Constraint,
) {
  const read = parametersOf(constraint.holds);
  const own = parameters.filter((parameter) => read.has(parameter.name));
  const others = parameters.filter((parameter) => !read.has(parameter.name));
  // What reads no parameter refuses all or nothing.
  if (own.length === 0)
    return evaluate(constraint.holds, {})
      ? 0
      : countAll({ ...rest, name, parameters, constraints: [] });
  const combinations = countAll({ ...rest, name, parameters: own, constraints: [] });
  const held = enumerate({ ...rest, name, parameters: own, constraints: [constraint] }).size;
  return (combinations - held) * countAll({ ...rest, name, parameters: others, constraints: [] });
}

const tilesOfAll = ({ tilesOf }: DetailedSpace, points: Points): readonly (readonly Tiles[])[] =>
  Array.from({ length: points.size }, (_, i) => tilesOf(points.at(i)));

/** Accumulators, what they are made of, and addresses: about so many registers of a thread. */
const estimateRegisters = ({ TM, TP }: Tiles): number => Math.min(255, TM * TP + TM + TP + 24);

/** Fuller devices are no faster in general; emptier ones than this never were among the best. */
const leastOccupancy = 1 / 3;

function shareOf(device: DeviceKind, all: readonly (readonly Tiles[])[]): DeviceShare {
  const isRoom = (own: Tiles): boolean =>
    threadsOf(own) <= device.threads && sharedBytesOf(own) <= device.sharedBytes;
  const fitting = all.filter((tiles) => tiles.every(isRoom));
  const { name, occupancy } = device;
  if (occupancy === undefined) return { device: name, fits: fitting.length };
  const known = new Map<string, boolean>();
  const isSparse = (own: Tiles): boolean => {
    const group = {
      threads: threadsOf(own),
      registers: estimateRegisters(own),
      sharedBytes: sharedBytesOf(own),
    };
    const key = JSON.stringify(group);
    const found = known.get(key) ?? occupancy(group) < leastOccupancy;
    known.set(key, found);
    return found;
  };
  const sparse = fitting.filter((tiles) => tiles.some(isSparse)).length;
  return { device: name, fits: fitting.length, sparse };
}
