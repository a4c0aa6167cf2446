// Structural hashes: what a kernel computes, whatever its author called things. Bound loops and inner
// stages count by place, not by name; constants count bit by bit. Plans and nests: nestHash.ts.

import { createHash } from "node:crypto";
import { type Expr, type Loop, type Reduce, unreachable } from "./expr.ts";
import { isOption, type Kernel, optionValues, type Stage } from "./kernel.ts";
import { freeLoops } from "./walk.ts";

/** The first 16 hex digits of the SHA-256 of a structure of strings and numbers. */
export const digest = (of: unknown): string =>
  createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 16);

const bits = new DataView(new ArrayBuffer(8));
/** The bits of a number; all NaN count as one. */
export const exact = (value: number): string => {
  if (Number.isNaN(value)) return "nan";
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16);
};

/** The place of each loop that is bound around an expression. */
type Places = ReadonlyMap<Loop, number>;

/**
 * The hash of what `kernel` computes from its tensors, sizes, attributes and options. Names of
 * authors, loops and inner stages, levels, docs, defaults and sources are not part of it.
 */
export function hashKernel(kernel: Kernel): string {
  const given = kernel.tensors.filter((t) => !t.optional || kernel.present.includes(t.name));
  const stages = new Map<string, string>();
  const hasher = makeHasher((name) => stages.get(name) ?? name);
  const outside: Places = new Map();
  const parts: unknown[] = [
    given.map(({ name, dims, type }) => [name, dims, type]),
    kernel.attrs.map((a) => [a.name, a.type, isOption(a) ? optionValues(a) : []]),
    kernel.axes.map(({ axis, size }) => [axis, hasher(size, outside)]),
    kernel.demands.map(({ holds }) => hasher(holds, outside)),
    kernel.indices.map(({ tensor, column, axis }) => [tensor, column, axis]),
    kernel.bound ?? null,
  ];
  kernel.stages.forEach((stage, i) => {
    const output = kernel.outputs.indexOf(stage.name);
    parts.push(hashStage(stage, hasher), output);
    if (!given.some((t) => t.name === stage.name)) stages.set(stage.name, `stage ${i}`);
  });
  return digest([...parts, kernel.outputs]);
}

type Hasher = (e: Expr, places: Places) => string;

function hashStage(stage: Stage, hasher: Hasher): unknown {
  const bind = (loops: readonly Loop[]): Places => new Map(loops.map((l, d) => [l, d]));
  const ranges = (loops: readonly Loop[]) =>
    loops.map((l, d) => [l.lo, l.hi].map((e) => hasher(e, bind(loops.slice(0, d)))));
  const places = bind(stage.domain);
  const of = (e: Expr) => hasher(e, places);
  switch (stage.kind) {
    case "gather":
      return ["gather", ranges(stage.domain), stage.dims, stage.parts.map(of)];
    case "scatter":
      return [
        "scatter",
        ranges(stage.domain),
        ranges(stage.shape),
        stage.dims,
        [...stage.at, stage.when, ...stage.values].map(of),
      ];
    default:
      return unreachable(stage);
  }
}

/** Hashes expressions, each once for each way its free loops may be placed. */
function makeHasher(nameOf: (from: string) => string): Hasher {
  const known = new Map<Expr, Map<string, string>>();
  const hash: Hasher = (e, places) => {
    const key = [...freeLoops(e)].map((l) => places.get(l) ?? "free").join(",");
    const byPlaces = known.get(e) ?? new Map<string, string>();
    known.set(e, byPlaces);
    let result = byPlaces.get(key);
    if (result === undefined) {
      result = digest(describe(e, places));
      byPlaces.set(key, result);
    }
    return result;
  };
  const describe = (e: Expr, places: Places): unknown => {
    const all = (list: readonly Expr[]) => list.map((x) => hash(x, places));
    switch (e.kind) {
      case "const":
        return ["const", e.type, exact(e.value)];
      case "attr":
        return ["attr", e.name, e.type];
      case "option":
        return ["option", e.name];
      case "size":
        return ["size", e.axis];
      case "index": {
        const place = places.get(e.loop);
        if (place === undefined) throw new Error(`the index of ${e.loop.axis} is not bound`);
        return ["index", place];
      }
      case "read":
        return ["read", nameOf(e.from), e.type, e.axes, all(e.at), e.border, e.part];
      case "op":
        return ["op", e.op, all(e.args)];
      case "cast":
        return ["cast", e.to, all([e.arg])];
      case "select":
        return ["select", all([e.cond, e.then, e.else])];
      case "part":
        return ["part", e.part, describeReduce(e, e.of, places)];
      default:
        return unreachable(e);
    }
  };
  const describeReduce = (e: Expr, r: Reduce, places: Places): unknown => {
    // Loops inside are placed after the free ones, so that the hash does not depend on what is
    // around.
    const inner = new Map(places);
    let next = 1 + Math.max(-1, ...[...freeLoops(e)].map((l) => places.get(l) ?? -1));
    const ranges = r.over.map((l) => {
      const range = [hash(l.lo, inner), hash(l.hi, inner), l.cover];
      inner.set(l, next++);
      return range;
    });
    const from = r.from.map((x) => hash(x, places));
    return [r.op, ranges, r.bodies.map((x) => hash(x, inner)), from];
  };
  return hash;
}
