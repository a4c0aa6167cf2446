// Stages that are not materialised are computed where they are read: their bodies take the reads' places.

import { convert, fold, freshLoop, make, meet, partOf, select } from "../ir/build.ts";
import {
  cast,
  type Expr,
  index,
  int,
  kindOf,
  type Loop,
  op,
  type Reduce,
  read,
  reduceNode,
  unreachable,
} from "../ir/expr.ts";
import { factsOf } from "../ir/facts.ts";
import type { Gather, Kernel, Stage } from "../ir/kernel.ts";
import { isWithin } from "../ir/ranges.ts";

type Env = ReadonlyMap<Loop, Expr>;

/**
 * `kernel` with every gather stage inlined that is neither an output nor in `kept`. Bound loops become fresh
 * ones on the way, so that nothing is captured and reductions that walk the same range stay apart; the
 * author's names move along.
 */
export function inlineStages(kernel: Kernel, kept: ReadonlySet<string>): Kernel {
  const known = inlinedOf.get(kernel) ?? new Map<string, Kernel>();
  inlinedOf.set(kernel, known);
  const key = [...kept].sort().join(" ");
  const done = known.get(key) ?? inlineAnew(kernel, kept);
  known.set(key, done);
  return done;
}

/** Transforms ask for the same kernels again and again. */
const inlinedOf = new WeakMap<Kernel, Map<string, Kernel>>();

function inlineAnew(kernel: Kernel, kept: ReadonlySet<string>): Kernel {
  const names = new Map(kernel.names);
  const facts = factsOf(kernel);
  const inlined = new Map<string, Gather>();
  const rename = <T extends Expr | Loop>(from: Expr | Loop, to: T): T => {
    const name = names.get(from);
    if (name !== undefined && !names.has(to)) names.set(to, name);
    return to;
  };

  const within = (env: Env) => {
    const done = new Map<Expr, Expr>();
    const reductions = new Map<Reduce, Reduce>();
    const go = (e: Expr): Expr => {
      const known = done.get(e);
      if (known) return known;
      const result = rename(e, step(e));
      done.set(e, result);
      return result;
    };
    const step = (e: Expr): Expr => {
      switch (e.kind) {
        case "const":
        case "attr":
        case "option":
        case "size":
          return e;
        case "index":
          return env.get(e.loop) ?? e;
        case "op":
          return fold(op(e.op, ...e.args.map(go)));
        case "cast":
          return cast(e.to, go(e.arg));
        case "select":
          return select(go(e.cond), go(e.then), go(e.else));
        case "read": {
          const at = e.at.map(go);
          const stage = inlined.get(e.from);
          return stage ? elementOf(stage, at, e) : read({ ...e, at });
        }
        case "part": {
          const done = reductions.get(e.of);
          if (done) return partOf(done, e.part);
          const { over, bodies, from } = e.of;
          const inner = new Map(env);
          const fresh = over.map((l) => {
            const inside = within(new Map(inner));
            const next = rename(l, freshLoop(l.axis, inside(l.lo), inside(l.hi), l.cover));
            inner.set(l, index(next));
            return next;
          });
          const node = {
            ...e.of,
            over: fresh,
            bodies: bodies.map(within(inner)),
            from: from.map(go),
          };
          reductions.set(e.of, reduceNode(node));
          return partOf(reductions.get(e.of)!, e.part);
        }
        default:
          return unreachable(e);
      }
    };
    return go;
  };

  const elementOf = (stage: Gather, at: readonly Expr[], r: Extract<Expr, { kind: "read" }>) => {
    const outside: Expr[] = [];
    const positions = at.map((p, d) => {
      const extent = stage.domain[d]!.hi;
      if (r.border === "inside" || isWithin(p, extent, facts)) return p;
      outside.push(make("or", make("lt", p, int(0)), make("le", extent, p)));
      return make("maximum", int(0), make("minimum", p, make("sub", extent, int(1))));
    });
    const env = new Map(stage.domain.map((l, d) => [l, positions[d]!]));
    const value = convert(meet([r.type]), within(env)(stage.parts[r.part]!));
    if (r.border !== "zero" || outside.length === 0) return value;
    const beyond = outside.reduce((a, b) => make("or", a, b));
    return select(beyond, convert(kindOf(value), int(0)), value);
  };

  const stages: Stage[] = [];
  let opened:
    | { readonly of: Stage; readonly domain: readonly Loop[]; readonly go: (e: Expr) => Expr }
    | undefined;
  const open = (stage: Stage) => {
    // Scatters over one domain share its loops, and so the values they have in common.
    if (opened && addsAlongside(stage, opened.of)) return opened;
    const env = new Map<Loop, Expr>();
    const domain = stage.domain.map((l) => {
      const outside = within(new Map(env));
      const next = rename(l, freshLoop(l.axis, outside(l.lo), outside(l.hi), l.cover));
      env.set(l, index(next));
      return next;
    });
    opened = { of: stage, domain, go: within(env) };
    return opened;
  };
  for (const stage of kernel.stages) {
    if (stage.kind === "gather" && !kernel.outputs.includes(stage.name) && !kept.has(stage.name)) {
      inlined.set(stage.name, stage);
      continue;
    }
    const { domain, go } = open(stage);
    stages.push(
      stage.kind === "gather"
        ? { ...stage, domain, parts: stage.parts.map(go) }
        : {
            ...stage,
            domain,
            at: stage.at.map(go),
            when: go(stage.when),
            values: stage.values.map(go),
          },
    );
  }
  return { ...kernel, stages, names };
}

/** Do two stages add to one buffer from one domain? Then one launch does both. */
export const addsAlongside = (a: Stage, b: Stage): boolean =>
  a.kind === "scatter" &&
  b.kind === "scatter" &&
  a.name === b.name &&
  a.domain.length === b.domain.length &&
  a.domain.every((l, d) => l === b.domain[d]);
