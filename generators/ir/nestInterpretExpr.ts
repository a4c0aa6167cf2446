// Expressions of a nest as closures over the state of the thread that runs now. A vector value has
// one closure for each lane; a scalar beside it serves all lanes.

import { unreachable } from "./expr.ts";
import { type NestExpr, type Scalar, typeOf } from "./nest.ts";
import { type Actor, load, type Memory } from "./nestInterpretMemory.ts";
import { computeOf, fitTo, type Mode } from "./nestInterpretNumbers.ts";

/** Where the thread that runs now finds its variables and memory. */
export interface State {
  env: Float64Array;
  /** By the number of the buffer in its nest. */
  memories: readonly Memory[];
  readonly actor: Actor;
  /** The index of the group along each grid loop. */
  grid: readonly number[];
}

/** A variable's place in `State.env`, with as many lanes as its value has. */
export interface Variable {
  readonly slot: number;
  readonly lanes: number;
  readonly type: Scalar;
}

/** The names that are known where an expression stands. */
export interface Scope {
  readonly find: (name: string) => Variable | undefined;
}

/** A value of a vector: one number for each lane. */
export type Lanes = readonly (() => number)[];

/** What compiling an expression to a function needs of the nest around it. */
export interface Compiler {
  readonly state: State;
  readonly mode: Mode;
  readonly bufferNumber: (name: string) => number;
  readonly reads: Map<string, number> | undefined;
}

/** One closure for each lane of `e`; all of them evaluate everything, as a device may. */
export function compileExpr(c: Compiler, scope: Scope, e: NestExpr): Lanes {
  const { state, mode } = c;
  const go = (x: NestExpr): Lanes => compileExpr(c, scope, x);
  switch (e.kind) {
    case "const": {
      const value = fitTo(e.type, mode)(e.value);
      return [() => value];
    }
    case "var": {
      const found = scope.find(e.name);
      if (!found) throw new Error(`${e.name} is used, but nothing defines it here`);
      if (found.type !== e.type)
        throw new Error(`${e.name} is a ${found.type}, but is used as ${e.type}`);
      return Array.from({ length: found.lanes }, (_, lane) => {
        const slot = found.slot + lane;
        return () => state.env[slot]!;
      });
    }
    case "load": {
      const number = c.bufferNumber(e.buffer);
      const address = one(go(e.address), "an address");
      return Array.from({ length: e.width }, (_, lane) => () => {
        if (c.reads) c.reads.set(e.buffer, (c.reads.get(e.buffer) ?? 0) + 1);
        return load(state.memories[number]!, address() + lane, state.actor);
      });
    }
    case "op": {
      const args = e.args.map(go);
      const value = computeOf(e.op);
      const round = fitTo(e.type, mode);
      return lanesOf(args, (all) => {
        const [a, b] = all;
        if (all.length > 2) return () => round(value(...all.map((arg) => arg())));
        return b ? () => round(value(a!(), b())) : () => round(value(a!()));
      });
    }
    case "cast": {
      const round = fitTo(e.to, mode);
      const truth = e.to === "bool" && typeOf(e.arg) !== "bool";
      return lanesOf([go(e.arg)], ([a]) => (truth ? () => Number(a!() !== 0) : () => round(a!())));
    }
    case "lane": {
      const lane = go(e.of)[e.lane];
      if (!lane) throw new Error(`lane ${e.lane} of a value is taken, which it does not have`);
      return [lane];
    }
    case "select":
      return lanesOf([go(e.cond), go(e.then), go(e.else)], ([cond, then, otherwise]) => () => {
        const [a, b] = [then!(), otherwise!()];
        return cond!() !== 0 ? a : b;
      });
    default:
      return unreachable(e);
  }
}

/** The only lane of a scalar. */
export function one(lanes: Lanes, what: string): () => number {
  if (lanes.length !== 1) throw new Error(`${what} must be one number, not ${lanes.length}`);
  return lanes[0]!;
}

/** `lane` of a value, where a scalar serves all of them. */
export const laneOf = (lanes: Lanes, lane: number): (() => number) =>
  lanes[lanes.length === 1 ? 0 : lane]!;

function lanesOf(args: readonly Lanes[], make: (of: Lanes) => () => number): Lanes {
  const width = Math.max(...args.map((lanes) => lanes.length));
  if (args.some((lanes) => lanes.length !== 1 && lanes.length !== width))
    throw new Error(`values of ${args.map((lanes) => lanes.length).join(" and ")} lanes meet`);
  return Array.from({ length: width }, (_, lane) => make(args.map((lanes) => laneOf(lanes, lane))));
}
