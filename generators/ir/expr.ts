// Tensor IR, expressions: what one element is. A pure, interned DAG: expressions that are equal up to the
// names of their bound indices are one object, so `===` compares and a Map finds common subexpressions.

import { type Kind, type OpName, resultKind } from "./ops.ts";

export type { Kind } from "./ops.ts";

/** What a read does where its position is out of range. */
export type Border = "inside" | "zero" | "clamp";

/** What one element is computed of. Made by the functions below only, so that equal ones are one object. */
export type Expr =
  | { readonly kind: "const"; readonly type: Exclude<Kind, "data">; readonly value: number }
  /** A number given at launch, e.g. `stride.y`. */
  | { readonly kind: "attr"; readonly name: string; readonly type: "int" | "coord" }
  /** The number (from 0) of an option's chosen value; fixed when a kernel is built. */
  | { readonly kind: "option"; readonly name: string }
  /** The size of an axis of the kernel. */
  | { readonly kind: "size"; readonly axis: string }
  | { readonly kind: "index"; readonly loop: Loop }
  /** Part `part` of the element of a tensor or stage; one position for each part of its dimensions. */
  | {
      readonly kind: "read";
      readonly from: string;
      readonly type: "data" | "coord" | "acc" | "int";
      /** For a tensor: its axes in the order of `at` (a numeral is a fixed size). Empty for a stage. */
      readonly axes: readonly string[];
      readonly at: readonly Expr[];
      readonly border: Border;
      readonly part: number;
    }
  | { readonly kind: "op"; readonly op: OpName; readonly args: readonly Expr[] }
  | { readonly kind: "cast"; readonly to: Kind; readonly arg: Expr }
  /** Lazy: a branch is evaluated only where it is taken. */
  | {
      readonly kind: "select";
      readonly cond: Expr;
      readonly then: Expr;
      readonly else: Expr;
    }
  | { readonly kind: "part"; readonly of: Reduce; readonly part: number };

/**
 * A walk over indices that ends in a tuple; read through `part`. `sum`: `from` plus the bodies, part by part.
 * `max`: the bodies at the index whose first body is largest (first in row-major order wins ties); `from`
 * where there is no index.
 */
export interface Reduce {
  readonly kind: "reduce";
  readonly op: "sum" | "max";
  readonly over: readonly Loop[];
  readonly bodies: readonly Expr[];
  readonly from: readonly Expr[];
}

/** An index that runs over `[lo, hi)`. The object is the identity of the variable it binds. */
export interface Loop {
  /** The axis it walks, or "step". */
  readonly axis: string;
  readonly lo: Expr;
  readonly hi: Expr;
  /** Bound indices at the same depth of nesting share a level: the canonical name of a bound variable. */
  readonly level: number;
  /** The bounds only leave out indices whose body is certainly 0, or which change no maximum. */
  readonly cover: boolean;
}

/** Everything that is interned. */
export type Node = Expr | Reduce | Loop;

const table = new Map<string, Node>();
const ids = new WeakMap<object, number>();
let count = 0;

/** A number for an object, the same for each interned one. */
export const idOf = (o: object): number => {
  const known = ids.get(o);
  if (known !== undefined) return known;
  ids.set(o, ++count);
  return count;
};

const bits = new DataView(new ArrayBuffer(8));
const exact = (value: number): string => {
  if (Number.isNaN(value)) return "nan"; // its bits differ from engine to engine
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16);
};

/** What makes a node the same as another: its own fields, and which nodes it is made of. */
function keyOf(node: Node): string {
  if (!("kind" in node))
    return `loop ${node.axis} ${idOf(node.lo)} ${idOf(node.hi)} ${node.level} ${node.cover}`;
  switch (node.kind) {
    case "const":
      return `const ${node.type} ${exact(node.value)}`;
    case "attr":
      return `attr ${node.type} ${node.name}`;
    case "option":
      return `option ${node.name}`;
    case "size":
      return `size ${node.axis}`;
    case "index":
      return `index ${idOf(node.loop)}`;
    case "read":
      return `read ${node.type} ${node.border} ${node.part} ${idsOf(node.at)} ${node.axes} ${node.from}`;
    case "op":
      return `op ${node.op} ${idsOf(node.args)}`;
    case "cast":
      return `cast ${node.to} ${idOf(node.arg)}`;
    case "select":
      return `select ${idOf(node.cond)} ${idOf(node.then)} ${idOf(node.else)}`;
    case "part":
      return `part ${idOf(node.of)} ${node.part}`;
    case "reduce":
      return `reduce ${node.op} ${idsOf(node.over)} ${idsOf(node.bodies)} ${idsOf(node.from)}`;
    default:
      return unreachable(node);
  }
}
const idsOf = (nodes: readonly Node[]): string => nodes.map(idOf).join();

function intern<N extends Node>(node: N): N {
  const key = keyOf(node);
  const known = table.get(key);
  if (known) return known as N;
  table.set(key, node);
  return node;
}

/** Kinds of operations, which are shared: asking again must not walk all they are made of. */
const kinds = new WeakMap<Expr, Kind>();

/** The kind of an expression's value. */
export function kindOf(e: Expr): Kind {
  switch (e.kind) {
    case "const":
    case "attr":
    case "read":
      return e.type;
    case "option":
    case "size":
    case "index":
      return "int";
    case "cast":
      return e.to;
    case "select":
      return kindOf(e.then);
    case "part":
      return kindOf(e.of.bodies[e.part]!);
    case "op": {
      const known = kinds.get(e);
      if (known) return known;
      const kind = resultKind(e.op, e.args.map(kindOf));
      if (typeof kind !== "string") throw new Error(kind.refused);
      kinds.set(e, kind);
      return kind;
    }
    default:
      return unreachable(e);
  }
}

/** For the end of a `switch` that has a case for every kind of node. */
export const unreachable = (x: never): never => {
  throw new Error(`unhandled ${JSON.stringify(x)}`);
};

type Literal = Extract<Expr, { kind: "const" }>["type"];

/** A number that is known. */
export const constant = (value: number, type: Literal): Expr =>
  intern({ kind: "const", type, value });
/** A known whole number. */
export const int = (value: number): Expr => constant(value, "int");
/** The number that an attribute (or one part of it, `stride.y`) has at launch. */
export const attr = (name: string, type: "int" | "coord"): Expr =>
  intern({ kind: "attr", name, type });
/** Which of its values an option has, as the number of that value. */
export const option = (name: string): Expr => intern({ kind: "option", name });
/** Whether an axis is a numeral, such as the 2 of `N 2 H W`: its size is part of its name. */
export const isFixedSize = (axis: string): boolean => /^\d+$/.test(axis);

/** How long a named axis is. */
export const size = (axis: string): Expr => intern({ kind: "size", axis });
/** Where a loop stands. */
export const index = (loop: Loop): Expr => intern({ kind: "index", loop });
/** One part of an element of a tensor or of an earlier stage, by the rule of its border. */
export const read = (r: Omit<Extract<Expr, { kind: "read" }>, "kind">): Expr =>
  intern({
    kind: "read",
    from: r.from,
    type: r.type,
    axes: r.axes,
    at: r.at,
    border: r.border,
    part: r.part,
  });
/** One value of the tuple that a reduction ends in. */
export const part = (of: Reduce, which: number): Expr => intern({ kind: "part", of, part: which });

/** An operation, as written: operands must already be of fitting kinds (see build.ts for promotion). */
export const op = (name: OpName, ...args: readonly Expr[]): Expr =>
  intern({ kind: "op", op: name, args });
/** The same number as another kind; nothing where it is of that kind already. */
export const cast = (to: Kind, arg: Expr): Expr =>
  kindOf(arg) === to ? arg : intern({ kind: "cast", to, arg });
/** Is it the number 0 itself, of whatever kind? */
export const isZero = (e: Expr): boolean => e.kind === "const" && e.value === 0;
/** One of two values, of which only the chosen one is computed. */
export const select = (cond: Expr, then: Expr, otherwise: Expr): Expr =>
  intern({ kind: "select", cond, then, else: otherwise });

/** A canonical loop; for one that is only a placeholder while a body is being built, see `freshLoop`. */
export const loop = (l: Loop): Loop =>
  intern({ axis: l.axis, lo: l.lo, hi: l.hi, level: l.level, cover: l.cover });
/** A reduction whose loops are canonical already; build.ts makes them so. */
export const reduceNode = (r: Reduce): Reduce =>
  intern({ kind: "reduce", op: r.op, over: r.over, bodies: r.bodies, from: r.from });
