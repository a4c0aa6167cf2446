// Expressions of a nest as JavaScript. A vector value has one text for each lane; that of a scalar beside it serves
// all lanes. Everything that a text names is bound to it, so what an operation means is said in one place only.

import { unreachable } from "./expr.ts";
import { type NestExpr, type NestOp, type Scalar, typeOf } from "./nest.ts";
import { computeOf, fitTo, type Mode } from "./nestInterpretNumbers.ts";

/** What the text calls a variable, lane by lane. */
export interface Variable {
  readonly lanes: readonly string[];
  readonly type: Scalar;
}

/** The names that are known where an expression stands. */
export type Names = ReadonlyMap<string, Variable>;

/** One text for each lane of a value. */
export type Lanes = readonly string[];

/** What writing an expression needs of the nest around it. */
export interface Writer {
  readonly mode: Mode;
  readonly bufferNumber: (name: string) => number;
  /** Are elements counted that are read? */
  readonly counts: boolean;
  /** Lets the text call a function by this name. */
  readonly bind: (name: string, value: Callable) => string;
}

/** Any function that a text may call. */
export type Callable = (...x: never[]) => unknown;

/** What the text calls the memory of a buffer. */
export const memoryName = (number: number): string => `memory${number}`;

/** Operators that are JavaScript's own; all others are calls of what ops.ts has. */
const operators: Partial<Readonly<Record<NestOp, string>>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
};

/** The first of two values where the condition holds; both were evaluated, as a device may. */
const choose = (then: number, otherwise: number, cond: number): number =>
  cond !== 0 ? then : otherwise;

/** A number that is read back as it was. */
const literal = (value: number): string => (Object.is(value, -0) ? "(-0)" : `(${value})`);

/** The text of a value made one of a machine type. */
function fitted(w: Writer, type: Scalar, text: string): string {
  const isReal = type === "f16" || type === "bf16" || type === "f32";
  if (type === "f64" || (isReal && w.mode === "f64")) return text;
  return `${w.bind(`to_${type}`, fitTo(type, w.mode))}(${text})`;
}

/** One text for each lane of `e`; each evaluates all it is made of. */
export function writeExpr(w: Writer, names: Names, e: NestExpr): Lanes {
  const go = (x: NestExpr): Lanes => writeExpr(w, names, x);
  switch (e.kind) {
    case "const":
      return [literal(fitTo(e.type, w.mode)(e.value))];
    case "var": {
      const found = names.get(e.name);
      if (!found) throw new Error(`${e.name} is used, but nothing defines it here`);
      if (found.type !== e.type)
        throw new Error(`${e.name} is a ${found.type}, but is used as ${e.type}`);
      return found.lanes;
    }
    case "load": {
      const memory = memoryName(w.bufferNumber(e.buffer));
      const address = one(go(e.address), "an address");
      const count = w.counts ? `s.count(${JSON.stringify(e.buffer)}), ` : "";
      return Array.from(
        { length: e.width },
        (_, lane) => `(${count}load(${memory}, ${address} + ${lane}, s.actor))`,
      );
    }
    case "op": {
      const { op, type } = e;
      const operator = operators[op];
      return lanesOf(e.args.map(go), (all) =>
        fitted(
          w,
          type,
          operator !== undefined && all.length === 2
            ? `(${all.join(` ${operator} `)})`
            : `${w.bind(op, computeOf(op))}(${all.join(", ")})`,
        ),
      );
    }
    case "cast": {
      const truth = e.to === "bool" && typeOf(e.arg) !== "bool";
      return lanesOf([go(e.arg)], ([a]) => (truth ? `(${a} !== 0 ? 1 : 0)` : fitted(w, e.to, a!)));
    }
    case "lane": {
      const lane = go(e.of)[e.lane];
      if (!lane) throw new Error(`lane ${e.lane} of a value is taken, which it does not have`);
      return [lane];
    }
    case "select":
      return lanesOf(
        [go(e.then), go(e.else), go(e.cond)],
        (all) => `${w.bind("choose", choose)}(${all.join(", ")})`,
      );
    default:
      return unreachable(e);
  }
}

/** The only lane of a scalar. */
export function one(lanes: Lanes, what: string): string {
  if (lanes.length !== 1) throw new Error(`${what} must be one number, not ${lanes.length}`);
  return lanes[0]!;
}

/** `lane` of a value, where a scalar serves all of them. */
export const laneOf = (lanes: Lanes, lane: number): string => lanes[lanes.length === 1 ? 0 : lane]!;

function lanesOf(args: readonly Lanes[], make: (of: Lanes) => string): Lanes {
  const width = Math.max(...args.map((lanes) => lanes.length));
  if (args.some((lanes) => lanes.length !== 1 && lanes.length !== width))
    throw new Error(`values of ${args.map((lanes) => lanes.length).join(" and ")} lanes meet`);
  return Array.from({ length: width }, (_, lane) => make(args.map((lanes) => laneOf(lanes, lane))));
}
