// What is added to elements that data chooses: the judge allows any order of addition and either side of an
// open decision, and no more: a contribution that is dropped, doubled or sent elsewhere is seen.

import { describe, expect, it } from "vitest";
import { compare } from "../../generators/check/compare.ts";
import { judge, type Verdict } from "../../generators/check/judge.ts";
import { EndlessWalk } from "../../generators/check/reduce.ts";
import { rulesOf } from "../../generators/check/rules.ts";
import { domain, freshLoop, make, select } from "../../generators/ir/build.ts";
import {
  constant,
  type Expr,
  index,
  int,
  type Loop,
  loop,
  read,
  size,
} from "../../generators/ir/expr.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import type { Kernel, Scatter } from "../../generators/ir/kernel.ts";
import { seeded } from "./check.fixtures.ts";

const sizes = { N: 60, M: 8 };
const numbers = { sizes, attrs: {}, options: {} };
const target = loop({ axis: "M", lo: int(0), hi: size("M"), level: 9, cover: false });

const element = (name: string, type: "data" | "coord", n: Loop): Expr =>
  read({ from: name, type, axes: ["N"], at: [index(n)], border: "inside", part: 0 });

interface Parts {
  readonly when?: Expr;
  readonly at: Expr;
  readonly value: Expr;
}

/** A scatter into `output[M]` over N, and over what `inner` adds to its domain. */
function scatter(body: (n: Loop, k: Loop) => Parts, inner?: (n: Loop) => Loop): Scatter {
  const n = freshLoop("N", int(0), size("N"));
  const k = inner?.(n);
  const loops = k ? [n, k] : [n];
  const { when = make("le", int(0), int(0)), at, value } = body(n, k ?? n);
  const whole = domain(loops, [when, at, value]);
  const [test, place, amount] = whole.parts as [Expr, Expr, Expr];
  return {
    kind: "scatter",
    name: "output",
    domain: whole.domain,
    shape: [target],
    dims: [1],
    at: [place],
    when: test,
    values: [amount],
  };
}

function kernelOf(...stages: readonly Scatter[]): Kernel {
  const tensor = (name: string, type: "data" | "coord") =>
    ({ name, dims: [["N"]], type, optional: false, doc: "" }) as const;
  return {
    operator: "test",
    role: "backward",
    present: [],
    tensors: [tensor("x", "data"), tensor("p", "coord")],
    attrs: [],
    axes: [{ axis: "M", size: int(sizes.M) }],
    demands: [],
    indices: [],
    stages,
    outputs: ["output"],
    names: new Map(),
    source: { file: "test", line: 1, column: 1 },
  };
}

const acc = (e: Expr): Expr => make("add", e, constant(0, "acc"));
const x = (n: Loop): Expr => acc(element("x", "data", n));
const p = (n: Loop): Expr => element("p", "coord", n);
/** p, computed so that it may be off by a rounding. */
const shaky = (n: Loop): Expr => {
  const third = constant(Math.fround(1 / 3), "coord");
  return make("sub", make("add", p(n), third), third);
};
const clamp = (e: Expr): Expr => make("maximum", int(0), make("minimum", e, int(sizes.M - 1)));

const arrays = (of: (i: number) => number, places: (i: number) => number) => {
  const array = (f: (i: number) => number) => ({
    shape: [sizes.N],
    data: Float32Array.from({ length: sizes.N }, (_, i) => f(i)),
  });
  return { x: array(of), p: array(places) };
};
type Inputs = ReturnType<typeof arrays>;

const verdictOf = (kernel: Kernel, inputs: Inputs): Verdict =>
  judge(kernel, inputs, numbers, rulesOf.cuda).outputs.output![0]!;

const exactly = (kernel: Kernel, inputs: Inputs): Float64Array =>
  interpretKernel(kernel, inputs, sizes, {}, {}).output!.parts[0]!;

/** The corners of linear interpolation at a place, as two stages of one name. */
const splat = (place: (n: Loop) => Expr): readonly [Scatter, Scatter] => {
  const low = (n: Loop) => make("floor", place(n));
  const share = (n: Loop) => acc(make("sub", place(n), low(n)));
  return [
    scatter((n) => ({
      at: clamp(low(n)),
      value: make("mul", x(n), make("sub", constant(1, "acc"), share(n))),
    })),
    scatter((n) => ({
      at: clamp(make("add", low(n), int(1))),
      value: make("mul", x(n), share(n)),
    })),
  ];
};

describe("stages of one name", () => {
  const random = seeded(2);
  const inputs = arrays(
    () => random() + 0.5,
    () => random() * 6,
  );
  const kernel = kernelOf(...splat(p));
  const verdict = verdictOf(kernel, inputs);

  it("add up, in the interpreter's order", () => {
    expect([...verdict.value]).toEqual([...exactly(kernel, inputs)]);
    const [first] = kernel.stages as [Scatter];
    const half = exactly(kernelOf(first), inputs);
    expect(verdict.value.some((v, i) => v !== half[i])).toBe(true);
  });

  it("are bounded for every order of f32 addition", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const shuffled = addInF32(inputs, seeded(seed));
      expect(compare(verdict, { data: shuffled })).toMatchObject({ message: "" });
    }
  });

  it("show a contribution that is dropped, doubled or added next to its place", () => {
    for (let n = 0; n < sizes.N; n++) {
      const at = Math.floor(inputs.p.data[n]!);
      const share = (1 - (inputs.p.data[n]! - at)) * inputs.x.data[n]!;
      const changed = (...by: readonly (readonly [number, number])[]) => {
        const data = Float32Array.from(verdict.value);
        for (const [i, v] of by) data[i]! += v;
        return compare(verdict, { data }).passed;
      };
      expect(changed([at, -share])).toBe(false);
      expect(changed([at, share])).toBe(false);
      expect(changed([at, -share], [(at + 2) % sizes.M, share])).toBe(false);
    }
    expect(compare(verdict, { data: Float32Array.from(verdict.value) }).passed).toBe(true);
  });

  it("show a relative error of 1e-5", () => {
    const data = Float32Array.from(verdict.value, (v, i) => (i === 3 ? v * (1 + 1e-5) : v));
    expect(compare(verdict, { data }).message).toContain("element [3]");
  });

  it("must follow one another", () => {
    const [a, b] = splat(p);
    const between = { ...a, name: "other" };
    expect(() => verdictOf(kernelOf(a, between, b), inputs)).toThrow("do not follow one another");
  });
});

/** Both corners of every contribution in a random order, in f32. */
function addInF32(inputs: Inputs, random: () => number): Float32Array {
  const terms = Array.from(inputs.p.data, (at, n) => {
    const low = Math.floor(at);
    const share = Math.fround(at - low);
    const value = inputs.x.data[n]!;
    return [
      [low, Math.fround(value * Math.fround(1 - share))],
      [low + 1, Math.fround(value * share)],
    ] as const;
  }).flat();
  const output = new Float32Array(sizes.M);
  while (terms.length > 0) {
    const [[at, v]] = terms.splice(Math.floor(random() * terms.length), 1) as [[number, number]];
    output[at]! += v;
  }
  return output;
}

describe("a place within rounding of a jump", () => {
  const few = arrays(
    (i) => (i < 3 ? 1 + i / 4 : 0),
    () => 3,
  );

  it("changes nothing where shares change continuously", () => {
    const verdict = verdictOf(kernelOf(...splat(shaky)), few);
    expect([...verdict.alternatives]).toEqual([]);
    expect(verdict.undecided.size).toBe(0);
    for (const below of [0, 2 ** -23]) {
      const data = new Float32Array(sizes.M);
      for (let n = 0; n < 3; n++) {
        data[2]! += few.x.data[n]! * below;
        data[3]! += few.x.data[n]! * (1 - below);
      }
      expect(compare(verdict, { data }, {}).message).toBe("");
    }
    const lost = Float32Array.from(verdict.value, (v) => v * 0.999);
    expect(compare(verdict, { data: lost }).passed).toBe(false);
  });

  const nearest = kernelOf(scatter((n) => ({ at: clamp(make("floor", shaky(n))), value: x(n) })));

  it("may go to either side, contribution by contribution, and nowhere else", () => {
    const one = arrays(
      (i) => [1, 2][i] ?? 0,
      (i) => (i < 2 ? 3 : 0.5),
    );
    const verdict = verdictOf(nearest, one);
    expect([...verdict.alternatives.keys()].sort()).toEqual([2, 3]);
    const values = (i: number) =>
      verdict.alternatives
        .get(i)!
        .map((a) => a.value)
        .sort();
    expect([values(2), values(3)]).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    // 1.5 is between two of them, and no sum of contributions.
    const share = (v: number) =>
      Math.min(...verdict.alternatives.get(3)!.map((a) => Math.abs(v - a.value) / a.bound));
    expect(share(1.0000001)).toBeLessThan(1);
    expect(share(1.5)).toBeGreaterThan(1000);
  });

  it("is counted, and refused beyond one in a hundred", () => {
    const verdict = verdictOf(nearest, few);
    const result = compare(verdict, { data: Float32Array.from(verdict.value) });
    expect(result.ambiguous).toBe(2);
    expect(result.message).toContain("have several acceptable values");
  });

  it("names the inputs it hangs on", () => {
    const { culprits } = judge(nearest, few, numbers, rulesOf.cuda);
    expect([...culprits.get("p")!].slice(0, 3)).toEqual([0, 1, 2]);
  });

  it("may be anywhere where outcomes are too many: then nothing is compared", () => {
    const wide = arrays(
      () => 1,
      (i) => (i === 0 ? 2 ** 28 + 0.5 : 1),
    );
    const verdict = verdictOf(nearest, wide);
    expect(verdict.undecided.size).toBe(sizes.M);
    expect([...verdict.value]).toEqual([...exactly(nearest, wide)]);
    expect(compare(verdict, { data: verdict.value }).passed).toBe(false);
  });

  it("leaves only its own element in doubt where the place is certain", () => {
    const jump = kernelOf(
      scatter((n) => ({
        at: clamp(make("floor", p(n))),
        value: make("mul", x(n), acc(make("floor", shaky(n)))),
      })),
    );
    const wide = arrays(
      () => 1,
      (i) => (i === 0 ? 2 ** 28 : 1),
    );
    const verdict = verdictOf(jump, wide);
    expect([...verdict.undecided]).toEqual([sizes.M - 1]);
  });
});

describe("a walk that follows from data", () => {
  /** For each n, steps below floor(p[n]): each adds x[n] to its own element. */
  const steps = (place: (n: Loop) => Expr): Kernel =>
    kernelOf(
      scatter(
        (n, k) => ({ at: clamp(index(k)), value: make("mul", x(n), acc(index(k))) }),
        (n) => freshLoop("step", int(0), make("floor", place(n))),
      ),
    );
  const random = seeded(7);
  const inputs = arrays(
    () => random() + 0.5,
    () => random() * 7.5,
  );

  it("adds what the interpreter adds", () => {
    const verdict = verdictOf(steps(p), inputs);
    expect([...verdict.value]).toEqual([...exactly(steps(p), inputs)]);
    expect(verdict.value.slice(1, 6).every((v) => v > 0)).toBe(true);
    const data = Float32Array.from(verdict.value);
    expect(compare(verdict, { data }).message).toBe("");
    expect(compare(verdict, { data: data.map((v) => v * 1.001) }).passed).toBe(false);
  });

  it("may take or leave a step that hangs on rounding", () => {
    const some = arrays(
      (i) => (i === 0 ? 1 : 0),
      (i) => (i === 0 ? 3 : 1.5),
    );
    const verdict = verdictOf(steps(shaky), some);
    expect(verdict.value[2]).toBe(2);
    const found = [...verdict.alternatives].map(([at, all]) => [
      at,
      all.map((a) => a.value).sort(),
    ]);
    expect(found).toEqual([[2, [0, 2]]]);
  });

  it("that has no end is given up", () => {
    const endless = arrays(
      () => 1,
      () => 2e9,
    );
    expect(() => verdictOf(steps(p), endless)).toThrow(EndlessWalk);
  });
});

describe("contributions under a test", () => {
  it("count where it holds, or may hold", () => {
    const some = arrays(
      (i) => [1, 1, 1][i] ?? 0,
      (i) => [1, 3, 5][i] ?? 0,
    );
    const kernel = kernelOf(
      scatter((n) => ({
        when: make("lt", shaky(n), constant(3, "coord")),
        at: clamp(make("floor", p(n))),
        value: select(make("lt", int(0), int(1)), x(n), int(0)),
      })),
    );
    const verdict = verdictOf(kernel, some);
    expect([verdict.value[1], verdict.value[5]]).toEqual([1, 0]);
    expect(
      verdict.alternatives
        .get(3)!
        .map((a) => a.value)
        .sort(),
    ).toEqual([0, 1]);
  });
});
