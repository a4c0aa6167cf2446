// What the threads of a warp do together: exchange registers, vote, reduce.

import { Fault } from "../fault.ts";
import { type Assembly, ending, type Form } from "../forms.ts";
import { type Step, waits } from "../machine.ts";
import type { Operand } from "../syntax.ts";

const section = (name: string): string =>
  `Parallel Synchronization and Communication Instructions: ${name}`;
const exchanging = (name: string): string => `Data Movement and Conversion Instructions: ${name}`;

type Lanes = readonly (number | undefined)[];

/** Waits for the threads of a mask, then exchanges. */
function meet(a: Assembly, mask: number, resolve: (bases: Lanes) => void, orders = false): Step {
  const { machine, site } = a;
  const { ints } = machine;
  return (b) => {
    machine.wait = { kind: "warp", site, mask: ints[b + mask]!, orders, resolve };
    return waits;
  };
}

/** From which lane a value comes, and whether it is within the segment. */
function findLane(
  mode: string,
  lane: number,
  by: number,
  segments: number,
): readonly [number, boolean] {
  const clamp = segments & 31;
  const segment = (segments >> 8) & 31;
  const most = (lane & segment) | (clamp & ~segment);
  const least = lane & segment;
  switch (mode) {
    case "up":
      return [lane - by, lane - by >= most];
    case "down":
      return [lane + by, lane + by <= most];
    case "bfly":
      return [lane ^ by, (lane ^ by) <= most];
    case "idx": {
      const from = least | (by & ~segment & 31);
      return [from, from <= most];
    }
    default:
      throw new Error(`there is no way ${mode} to shuffle`);
  }
}

function shuffle(a: Assembly): Step {
  const { site } = a;
  const { ints } = a.machine;
  const first = a.operands[0]!;
  const [result, flag] = first.kind === "pair" ? [first.first, first.second] : [first, undefined];
  const d = a.target(result, "b32");
  const p = flag ? a.target(flag, "pred") : undefined;
  const [x, by, segments] = [a.source(1, "b32"), a.source(2, "b32"), a.source(3, "b32")];
  return meet(a, a.source(4, "b32"), (bases) => {
    const values = bases.map((base) => (base === undefined ? undefined : ints[base + x]!));
    for (const [lane, base] of bases.entries()) {
      if (base === undefined) continue;
      const [from, within] = findLane(
        a.mods.mode!,
        lane,
        ints[base + by]! & 31,
        ints[base + segments]!,
      );
      const value = values[within ? from : lane];
      if (value === undefined)
        throw new Fault(
          site,
          `lane ${lane} takes the value of lane ${from}, which does not take part`,
        );
      ints[base + d] = value;
      if (p !== undefined) ints[base + p] = within ? 1 : 0;
    }
  });
}

/** A predicate, which may be negated. */
function readPredicate(a: Assembly, operand: Operand): (base: number) => boolean {
  if (operand.kind !== "register") return a.refuse("a predicate is expected");
  const slot = a.source({ ...operand, negated: false }, "pred");
  const { ints } = a.machine;
  const negated = operand.negated === true;
  return (b) => (ints[b + slot]! !== 0) !== negated;
}

/** Each lane's bit, where its predicate holds. */
const ballot = (bases: Lanes, holds: (base: number) => boolean): number =>
  bases.reduce(
    (bits: number, base, lane) => (base !== undefined && holds(base) ? bits | (1 << lane) : bits),
    0,
  );

function vote(a: Assembly): Step {
  const { ints } = a.machine;
  const way = a.mods.way!;
  const d = a.target(0, way === "ballot" ? "b32" : "pred");
  const holds = readPredicate(a, a.operands[1]!);
  return meet(a, a.source(2, "b32"), (bases) => {
    const all = ballot(bases, () => true);
    const yes = ballot(bases, holds);
    const results: Readonly<Record<string, number>> = {
      all: yes === all ? 1 : 0,
      any: yes !== 0 ? 1 : 0,
      uni: yes === all || yes === 0 ? 1 : 0,
      ballot: yes,
    };
    for (const base of bases) if (base !== undefined) ints[base + d] = results[way]!;
  });
}

const reductions: Readonly<Record<string, (x: number, y: number) => number>> = {
  add: (x, y) => (x + y) | 0,
  min: Math.min,
  max: Math.max,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
};

function reduce(a: Assembly): Step {
  const { ints, uints } = a.machine;
  const f = reductions[a.mods.op!]!;
  const values = a.mods.type === "u32" ? uints : ints;
  const [d, x] = [a.target(0, "b32"), a.source(1, "b32")];
  return meet(a, a.source(2, "b32"), (bases) => {
    const taking = bases.filter((base) => base !== undefined);
    const result = taking.map((base) => values[base + x]!).reduce(f);
    for (const base of taking) ints[base + d] = result;
  });
}

/** Which threads are at this place: as many as have come here when none goes on otherwise. */
function askTogether(a: Assembly): Step {
  const { machine, site } = a;
  const d = a.target(0, "b32");
  return () => {
    machine.wait = {
      kind: "together",
      site,
      resolve: (base, mask) => {
        machine.ints[base + d] = mask;
      },
    };
    return waits;
  };
}

/** The rows of warps. */
export const warps: readonly Form[] = [
  ending("shfl", "sync (mode:up|down|bfly|idx) b32", exchanging("shfl.sync"), shuffle),
  ending("vote", "sync (way:all|any|uni) pred", section("vote.sync"), vote),
  ending("vote", "sync (way:ballot) b32", section("vote.sync"), vote),
  ending("redux", "sync (op:add|min|max) (type:u32|s32)", section("redux.sync"), reduce),
  ending("redux", "sync (op:and|or|xor) (type:b32)", section("redux.sync"), reduce),
  ending("activemask", "b32", section("activemask"), askTogether),
  ending("bar", "warp sync", section("bar.warp.sync"), (a) =>
    meet(a, a.source(0, "b32"), () => {}, true),
  ),
];
