// An f32 evaluation of kernels by plain recursion: each operation rounded, sums in a shuffled order and in
// blocks, approximate operations off by as much as the rules allow. What the judge must allow for.

import type { Rules } from "../../generators/check/rules.ts";
import { unit } from "../../generators/check/rules.ts";
import { type Expr, kindOf, type Loop } from "../../generators/ir/expr.ts";
import { resolveSizes } from "../../generators/ir/interpret.ts";
import type { Kernel } from "../../generators/ir/kernel.ts";
import { ops } from "../../generators/ir/ops.ts";
import { freeLoops } from "../../generators/ir/walk.ts";

export type Random = () => number;

/** Park and Miller's generator: enough for tests, and the same everywhere. */
export function seeded(seed: number): Random {
  let state = (seed * 7919 + 1) % 2147483647;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

interface Numbers {
  readonly sizes: Readonly<Record<string, number>>;
  readonly attrs: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
}

interface Stored {
  readonly shape: readonly number[];
  readonly parts: readonly ArrayLike<number>[];
}

const approximate = new Set(["div", "sqrt", "exp", "log", "sin", "cos", "tanh"]);

/** The outputs of a kernel of gather stages, as a target with these rules may compute them. */
export function runInF32(
  kernel: Kernel,
  inputs: Readonly<Record<string, { shape: readonly number[]; data: ArrayLike<number> }>>,
  numbers: Numbers,
  rules: Rules,
  random: Random,
): Record<string, readonly Float32Array[]> {
  const sizes = resolveSizes(kernel, numbers.sizes, numbers.attrs, numbers.options);
  const stored = new Map<string, Stored>(
    Object.entries(inputs).map(([name, a]) => [name, { shape: a.shape, parts: [a.data] }]),
  );
  const at = new Map<Loop, number>();
  const sizeOf = (axis: string) => (/^\d/.test(axis) ? Number(axis) : sizes[axis]!);
  const reals = new Map<Expr, boolean>();
  const real = (e: Expr): boolean => {
    const known = reals.get(e) ?? ["coord", "acc", "data"].includes(kindOf(e));
    reals.set(e, known);
    return known;
  };
  const round = (e: Expr, v: number) => (real(e) ? Math.fround(v) : v);

  // One kernel computes a shared expression once: the error of an approximate operation is one.
  const memo = new Map<Expr, number>();
  const hanging = new Map<Loop, Set<Expr>>();
  const move = (l: Loop, to: number) => {
    at.set(l, to);
    for (const e of hanging.get(l) ?? []) memo.delete(e);
    hanging.set(l, new Set());
  };
  const go = (e: Expr): number => {
    const known = memo.get(e);
    if (known !== undefined) return known;
    const v = evaluate(e);
    memo.set(e, v);
    for (const l of freeLoops(e)) hanging.set(l, (hanging.get(l) ?? new Set()).add(e));
    return v;
  };
  const evaluate = (e: Expr): number => {
    switch (e.kind) {
      case "const":
        return round(e, e.value);
      case "attr":
        return round(e, numbers.attrs[e.name]!);
      case "option":
        return numbers.options[e.name]!;
      case "size":
        return sizeOf(e.axis);
      case "index":
        return at.get(e.loop)!;
      case "read": {
        const { shape, parts } = stored.get(e.from)!;
        const dims = e.axes.length > 0 ? e.axes.map(sizeOf) : shape;
        let flat = 0;
        for (const [d, position] of e.at.entries()) {
          let p = go(position);
          if (p < 0 || p >= dims[d]!) {
            if (e.border === "zero") return 0;
            p = Math.max(0, Math.min(p, dims[d]! - 1));
          }
          flat = flat * dims[d]! + p;
        }
        return parts[e.part]![flat]!;
      }
      case "op": {
        const x = e.args.map(go);
        const v = (ops[e.op].value as (...x: number[]) => number)(...x);
        if (!approximate.has(e.op) || Math.fround(v) === v) return round(e, v);
        const most = rules.errors[e.op as "div"](v, x[0]!) - unit * Math.abs(v);
        return Math.fround(v + (2 * random() - 1) * 0.99 * Math.max(0, most));
      }
      case "cast":
        return round(e, go(e.arg));
      case "select":
        return go(e.cond) !== 0 ? go(e.then) : go(e.else);
      case "part": {
        const found: number[][] = [];
        const walk = (d: number): void => {
          const l = e.of.over[d];
          if (!l) {
            found.push(e.of.bodies.map(go));
            return;
          }
          const [lo, hi] = [go(l.lo), go(l.hi)];
          for (let i = lo; i < hi; i++) {
            move(l, i);
            walk(d + 1);
          }
        };
        walk(0);
        const from = go(e.of.from[e.part]!);
        if (e.of.op === "max") {
          let best = found[0];
          for (const f of found) if (f[0]! > best![0]!) best = f;
          return best ? best[e.part]! : from;
        }
        return sumShuffled([from, ...found.map((f) => f[e.part]!)], random);
      }
    }
  };
  const outputs: Record<string, readonly Float32Array[]> = {};
  for (const stage of kernel.stages) {
    if (stage.kind !== "gather") throw new Error("only gather stages");
    const shape = stage.domain.map((l) => go(l.hi));
    const count = shape.reduce((n, s) => n * s, 1);
    const parts = stage.parts.map(() => new Float32Array(count));
    for (let flat = 0; flat < count; flat++) {
      let rest = flat;
      memo.clear();
      for (let d = shape.length - 1; d >= 0; d--) {
        move(stage.domain[d]!, rest % shape[d]!);
        rest = Math.floor(rest / shape[d]!);
      }
      for (const [i, e] of stage.parts.entries()) parts[i]![flat] = go(e);
    }
    stored.set(stage.name, { shape, parts });
    if (kernel.outputs.includes(stage.name)) outputs[stage.name] = parts;
  }
  return outputs;
}

/** Adds in a random order, in random blocks. */
function sumShuffled(terms: readonly number[], random: Random): number {
  const left = [...terms];
  while (left.length > 1) {
    const a = left.splice(Math.floor(random() * left.length), 1)[0]!;
    const i = Math.floor(random() * left.length);
    left[i] = Math.fround(left[i]! + a);
  }
  return left[0] ?? 0;
}
