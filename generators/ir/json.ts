// Kernels and plans as JSON and back, exactly: shared nodes are written once, in a table, and
// numbers JSON cannot hold (-0, NaN, infinities) by name. Nodes of the tensor IR come back as the
// interned ones.

import {
  attr,
  cast,
  constant,
  type Expr,
  index,
  type Loop,
  loop,
  type Node,
  op,
  option,
  part,
  type Reduce,
  read,
  reduceNode,
  select,
  size,
  unreachable,
} from "./expr.ts";
import type { Kernel } from "./kernel.ts";
import type { Nest, NestExpr } from "./nest.ts";
import type { Plan } from "./plan.ts";

/** Anything that JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

type Fields = Readonly<Record<string, unknown>>;

/**
 * A graph as JSON: in `nodes` operands come before what uses them; `{ "$": 3 }` stands for node 3.
 */
interface Graph {
  readonly format: string;
  readonly nodes: readonly Json[];
  readonly root: Json;
}

const kernelFormat = "warpweave.kernel/1";
const planFormat = "warpweave.plan/1";
const nestFormat = "warpweave.nest/1";

/** A kernel as JSON. */
export const kernelToJson = (kernel: Kernel): Json =>
  encode(kernelFormat, { ...kernel, names: [...kernel.names] }, isTensorNode);

/** The kernel that `kernelToJson` wrote. */
export function kernelFromJson(json: Json): Kernel {
  const fields = decode(kernelFormat, json, reviveNode) as Omit<Kernel, "names"> & {
    readonly names: readonly (readonly [Expr | Loop, string])[];
  };
  return { ...fields, names: new Map(fields.names) };
}

/** A plan as JSON, its nests included. */
export const planToJson = (plan: Plan): Json => encode(planFormat, plan, isNestExpr);
/** The plan that `planToJson` wrote. */
export const planFromJson = (json: Json): Plan => decode(planFormat, json, (x) => x) as Plan;
/** One nest as JSON. */
export const nestToJson = (nest: Nest): Json => encode(nestFormat, nest, isNestExpr);
/** The nest that `nestToJson` wrote. */
export const nestFromJson = (json: Json): Nest => decode(nestFormat, json, (x) => x) as Nest;

const tensorKinds: ReadonlySet<unknown> = new Set<Exclude<Node, Loop>["kind"]>([
  "const",
  "attr",
  "option",
  "size",
  "index",
  "read",
  "op",
  "cast",
  "select",
  "part",
  "reduce",
]);
const isTensorNode = (o: Fields): boolean => tensorKinds.has(o.kind) || isLoop(o);
const isLoop = (o: Fields): boolean => "level" in o && "cover" in o;

const nestKinds: ReadonlySet<unknown> = new Set<NestExpr["kind"]>([
  "const",
  "var",
  "load",
  "op",
  "cast",
  "select",
  "lane",
]);
const isNestExpr = (o: Fields): boolean => nestKinds.has(o.kind);

const special: Readonly<Record<string, number>> = {
  "-0": -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function encode(format: string, root: unknown, isNode: (o: Fields) => boolean): Json {
  const numbers = new Map<object, number>();
  const nodes: Json[] = [];
  const fieldsOf = (o: object): Json =>
    Object.fromEntries(
      Object.entries(o)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, go(value)]),
    );
  const go = (value: unknown): Json => {
    if (typeof value === "number") {
      const name = Object.is(value, -0) ? "-0" : String(value);
      return name in special ? { "#": name } : value;
    }
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (Array.isArray(value)) return value.map(go);
    if (typeof value !== "object") throw new TypeError(`${typeof value} has no JSON`);
    if (!isNode(value as Fields)) return fieldsOf(value);
    let number = numbers.get(value);
    if (number === undefined) {
      if (isLoop(value as Fields) && !Number.isFinite((value as Loop).level))
        throw new TypeError(`the loop over ${(value as Loop).axis} is not canonical`);
      const fields = fieldsOf(value);
      number = nodes.push(fields) - 1;
      numbers.set(value, number);
    }
    return { $: number };
  };
  const written = go(root);
  return { format, nodes, root: written };
}

function decode(format: string, json: Json, revive: (fields: Fields) => unknown): unknown {
  const graph = json as Partial<Graph> | null;
  if (graph?.format !== format || !graph.nodes)
    throw new SyntaxError(`this is not ${format} but ${graph?.format ?? "something else"}`);
  const nodes: unknown[] = [];
  const go = (value: Json): unknown => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(go);
    const fields = value as { readonly [key: string]: Json };
    if (typeof fields["#"] === "string") return special[fields["#"]];
    if (typeof fields.$ === "number") {
      if (fields.$ in nodes) return nodes[fields.$];
      throw new SyntaxError(`node ${fields.$} is used before it is defined`);
    }
    return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, go(field)]));
  };
  for (const node of graph.nodes) nodes.push(revive(go(node) as Fields));
  return go(graph.root ?? null);
}

/** The interned node of these fields, whose operands are interned already. */
function reviveNode(fields: Fields): Node {
  if (isLoop(fields)) return loop(fields as unknown as Loop);
  const node = fields as unknown as Expr | Reduce;
  switch (node.kind) {
    case "const":
      return constant(node.value, node.type);
    case "attr":
      return attr(node.name, node.type);
    case "option":
      return option(node.name);
    case "size":
      return size(node.axis);
    case "index":
      return index(node.loop);
    case "read":
      return read(node);
    case "op":
      return op(node.op, ...node.args);
    case "cast":
      return cast(node.to, node.arg);
    case "select":
      return select(node.cond, node.then, node.else);
    case "part":
      return part(node.of, node.part);
    case "reduce":
      return reduceNode(node);
    default:
      return unreachable(node);
  }
}
