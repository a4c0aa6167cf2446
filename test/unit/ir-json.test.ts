import { describe, expect, it } from "vitest";
import { bindKernel } from "../../generators/ir/bind.ts";
import { freshLoop, partOf, reduce } from "../../generators/ir/build.ts";
import { dumpKernel } from "../../generators/ir/dump.ts";
import { constant, type Expr, index, int, type Loop, loop } from "../../generators/ir/expr.ts";
import { hashKernel } from "../../generators/ir/hash.ts";
import {
  kernelFromJson,
  kernelToJson,
  nestFromJson,
  nestToJson,
  planFromJson,
  planToJson,
} from "../../generators/ir/json.ts";
import type { Gather, Kernel } from "../../generators/ir/kernel.ts";
import type { Nest, NestExpr, Stmt } from "../../generators/ir/nest.ts";
import { hashNest, hashPlan } from "../../generators/ir/nestHash.ts";
import {
  argmax,
  data,
  domainOf,
  grouped,
  kernelOf,
  make,
  num,
  product,
  scatterColumns,
  tensorDecl,
} from "./ir.fixtures.ts";
import {
  barrier,
  buffer,
  f32,
  loop as forLoop,
  letBe,
  op,
  planOf,
  store,
  tileSums,
  v,
} from "./nest.fixtures.ts";

const kernels = {
  product,
  argmax,
  grouped,
  scatterColumns,
  bound: () => bindKernel(grouped(), { sizes: { C: 6 } }),
};
const again = <T>(json: T): T => JSON.parse(JSON.stringify(json)) as T;

/** A kernel that adds one constant to a tensor. */
function plus(value: number, names: Kernel["names"] = new Map()): Kernel {
  const [m] = domainOf(["M"]) as [Loop];
  const part = make("add", data("a", "M", [index(m)]), constant(value, "acc"));
  return kernelOf(
    [tensorDecl("a", "M")],
    [{ kind: "gather", name: "out", domain: [m], dims: [1], parts: [part] }],
    { names },
  );
}
const only = (kernel: Kernel) => (kernel.stages[0] as Gather).parts[0]!;

describe("kernelToJson", () => {
  it.each(Object.entries(kernels))("brings %s back as the same interned objects", (_, make) => {
    const kernel = make();
    const back = kernelFromJson(again(kernelToJson(kernel)));
    expect(back).toEqual(kernel);
    expect(dumpKernel(back)).toBe(dumpKernel(kernel));
    back.stages.forEach((stage, i) => {
      const before = kernel.stages[i]!;
      if (stage.kind !== before.kind) throw new Error("kinds differ");
      expect(stage.domain.every((l, d) => l === before.domain[d])).toBe(true);
      if (stage.kind === "gather" && before.kind === "gather")
        expect(stage.parts.every((e, p) => e === before.parts[p])).toBe(true);
    });
  });

  it("keeps -0, NaN and infinities apart", () => {
    for (const value of [
      0,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0.1,
    ]) {
      const back = kernelFromJson(again(kernelToJson(plus(value))));
      expect(only(back)).toBe(only(plus(value)));
    }
    expect(only(plus(0))).not.toBe(only(plus(-0)));
  });

  it("writes a shared node once", () => {
    let e: Expr = data("a", "M", [int(0)]);
    for (let i = 0; i < 40; i++) e = make("add", e, e);
    const kernel = kernelOf(
      [],
      [{ kind: "gather", name: "out", domain: [], dims: [], parts: [e] }],
    );
    const text = JSON.stringify(kernelToJson(kernel));
    expect(text.length).toBeLessThan(5000);
    expect(only(kernelFromJson(JSON.parse(text)))).toBe(e);
  });

  it("refuses loops that are no variable yet, and text that is no kernel", () => {
    const bare = freshLoop("K", int(0), int(3));
    const kernel = { ...product(), names: new Map([[bare, "k"]]) };
    expect(() => kernelToJson(kernel)).toThrow("the loop over K is not canonical");
    expect(() => kernelFromJson({ a: 1 })).toThrow("this is not warpweave.kernel/1");
    expect(() => kernelFromJson(planToJson(tileSums()))).toThrow("but warpweave.plan/1");
    const broken = {
      format: "warpweave.kernel/1",
      nodes: [{ kind: "index", loop: { $: 5 } }],
      root: {},
    };
    expect(() => kernelFromJson(broken)).toThrow("node 5 is used before it is defined");
  });
});

describe("planToJson", () => {
  it("brings plans and nests back, shared expressions shared", () => {
    const plan = tileSums();
    expect(planFromJson(again(planToJson(plan)))).toEqual(plan);
    const shared = op("mul", v("x", "f32"), f32(-0));
    const nest = renamed("x", [store("out", v("t"), op("add", shared, shared))]);
    const back = nestFromJson(again(nestToJson(nest)));
    expect(back).toEqual(nest);
    let found: NestExpr | undefined;
    const look = (s: Stmt): void => {
      if (s.kind === "for") s.body.forEach(look);
      if (s.kind === "store") found = s.value;
    };
    back.body.forEach(look);
    if (found?.kind !== "op") throw new Error("a store was expected");
    expect(found.args[0]).toBe(found.args[1]);
  });
});

/** A nest with one `let` of the name given. */
function renamed(name: string, then: readonly Stmt[], thread = "t"): Nest {
  return {
    name: `nest_${name}`,
    scalars: [],
    constants: [],
    buffers: [buffer("out", "global", "write", 4)],
    group: 4,
    body: [forLoop("group", thread, 4, [letBe(name, f32(2)), ...then])],
  };
}

describe("hashKernel", () => {
  it("does not depend on names, levels or sources", () => {
    const same = hashKernel(product());
    expect(same).toMatch(/^[0-9a-f]{16}$/);
    expect(hashKernel({ ...product(), names: new Map() })).toBe(same);
    expect(hashKernel({ ...product(), source: { file: "b.ts", line: 9, column: 9 } })).toBe(same);
    const [m, n] = domainOf(["rows", "cols"], 40).map((l, d) =>
      loop({ ...l, hi: product().stages[0]!.domain[d]!.hi }),
    ) as [Loop, Loop];
    const inner = only(product());
    if (inner.kind !== "part") throw new Error("a sum was expected");
    const fresh = freshLoop("other", int(0), inner.of.over[0]!.hi);
    const at = (l: Loop) => index(l);
    const body = make(
      "mul",
      data("a", "M K", [at(m), at(fresh)]),
      data("b", "K N", [at(fresh), at(n)]),
    );
    const total = partOf(reduce("sum", [fresh], [body], [num(0)]), 0);
    const other = kernelOf(product().tensors, [
      { kind: "gather", name: "out", domain: [m, n], dims: [1, 1], parts: [total] },
    ]);
    expect(other.stages[0]!.domain[0]).not.toBe(product().stages[0]!.domain[0]);
    expect(hashKernel(other)).toBe(same);
  });

  it("does not depend on the names of inner stages, but on those of results", () => {
    const kernel = argmax();
    const rename = (e: Kernel, from: string, to: string): Kernel =>
      kernelFromJson(
        JSON.parse(JSON.stringify(kernelToJson(e)).replaceAll(`"${from}"`, `"${to}"`)),
      );
    const inner = { ...kernel, outputs: ["out"] };
    expect(hashKernel(rename(inner, "best", "winner"))).toBe(hashKernel(inner));
    expect(hashKernel(rename(kernel, "best", "winner"))).not.toBe(hashKernel(kernel));
    expect(hashKernel(inner)).not.toBe(hashKernel(kernel));
  });

  it("tells apart what computes something else", () => {
    const all = [
      ...Object.values(kernels).map((make) => make()),
      ...[0, -0, 1, Number.NaN, 1 + 2 ** -52].map((value) => plus(value)),
      { ...grouped(), demands: [] },
      bindKernel(grouped(), { sizes: { C: 8 } }),
    ];
    expect(new Set(all.map(hashKernel)).size).toBe(all.length);
    const [i, j] = domainOf(["M", "N"]) as [Loop, Loop];
    const at = (a: Loop, b: Loop) =>
      kernelOf(
        [],
        [
          {
            kind: "gather",
            name: "out",
            domain: [i, j],
            dims: [1, 1],
            parts: [make("sub", index(a), index(b))],
          },
        ],
      );
    expect(hashKernel(at(i, j))).not.toBe(hashKernel(at(j, i)));
  });
});

describe("hashPlan", () => {
  it("does not depend on names of variables, nests or shared memory", () => {
    const use = (name: string, thread: string) =>
      renamed(name, [store("out", v(thread), v(name, "f32"))], thread);
    expect(hashNest(use("x", "t"))).toBe(hashNest(use("y", "lane")));
    expect(hashNest(use("x", "t"))).not.toBe(
      hashNest(renamed("x", [store("out", v("t"), f32(2))])),
    );
    const text = JSON.stringify(planToJson(tileSums()));
    const other = planFromJson(
      JSON.parse(text.replaceAll('"tile"', '"panel"').replaceAll('"k"', '"kk"')),
    );
    expect(hashPlan(other)).toBe(hashPlan(tileSums()));
  });

  it("tells apart what outputs are added to by, what is filled, and what is bounded", () => {
    const plan = tileSums();
    const fill = { kind: "fill", buffer: "out", value: 0 } as const;
    const plans = [
      plan,
      { ...plan, accumulate: "ADD" },
      { ...plan, bounds: [v("N")] },
      { ...plan, steps: [fill, ...plan.steps] },
      { ...plan, steps: [{ ...fill, unless: "ADD" }, ...plan.steps] },
    ];
    expect(new Set(plans.map(hashPlan)).size).toBe(plans.length);
    for (const one of plans) expect(planFromJson(planToJson(one))).toEqual(one);
  });

  it("tells apart barriers, orders of variables, and repeated names", () => {
    const hashes = [
      hashPlan(tileSums()),
      hashPlan(tileSums({ barrier: false })),
      hashPlan(planOf(renamed("x", [barrier]), 1)),
      hashPlan(planOf(renamed("x", [letBe("x", f32(3)), letBe("y", v("x", "f32"))]), 1)),
      hashPlan(planOf(renamed("x", [letBe("z", f32(3)), letBe("y", v("x", "f32"))]), 1)),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
