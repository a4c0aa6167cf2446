import { describe, expect, it } from "vitest";
import { freshLoop, partOf, reduce } from "../../generators/ir/build.ts";
import { attr, index, int, type Loop, option, size } from "../../generators/ir/expr.ts";
import { interpretKernel, resolveSizes } from "../../generators/ir/interpret.ts";
import {
  argmax,
  data,
  domainOf,
  grouped,
  kernelOf,
  make,
  noise,
  num,
  product,
  scatterColumns,
  select,
  tensorDecl,
} from "./ir.fixtures.ts";

describe("interpretKernel", () => {
  it("computes a product in the order of its loops", () => {
    const [M, K, N] = [3, 4, 2];
    const [a, b] = [noise(M * K), noise(K * N, 7)];
    const { out } = interpretKernel(
      product(),
      { a: { shape: [M, K], data: a }, b: { shape: [K, N], data: b } },
      { M, K, N },
      {},
      {},
    );
    const expected = [];
    for (let m = 0; m < M; m++)
      for (let n = 0; n < N; n++) {
        let total = 0;
        for (let k = 0; k < K; k++) total += a[m * K + k]! * b[k * N + n]!;
        expected.push(total);
      }
    expect(out).toEqual({ shape: [M, N], parts: [Float64Array.from(expected)] });
  });

  it("keeps the first of equal maxima, a leading NaN, and `from` where there is no index", () => {
    const a = { shape: [3, 3], data: [1, 5, 5, Number.NaN, 9, 1, -3, -2, -2] };
    const { best, out } = interpretKernel(argmax(), { a }, { M: 3, K: 3 }, {}, {});
    expect(best?.parts.map((part) => [...part])).toEqual([
      [5, Number.NaN, -2],
      [1, 0, 1],
    ]);
    expect([...out!.parts[0]!]).toEqual([6, Number.NaN, -1]);
    const none = interpretKernel(
      argmax(),
      { a: { shape: [2, 0], data: [] } },
      { M: 2, K: 0 },
      {},
      {},
    );
    expect(none.best?.parts.map((part) => [...part])).toEqual([
      [0, 0],
      [-1, -1],
    ]);
  });

  it("adds where a scatter's test holds", () => {
    const a = { shape: [2, 3], data: [1, -2, 3, 4, 5, -6] };
    const { out } = interpretKernel(scatterColumns(), { a }, { M: 2, K: 3 }, {}, {});
    expect([...out!.parts[0]!]).toEqual([5, 5, 3]);
  });

  it("computes derived axes and refuses others", () => {
    const kernel = grouped();
    expect(resolveSizes(kernel, { C: 6, I: 3 }, {}, {})).toEqual({ C: 6, I: 3, groups: 2 });
    expect(() => resolveSizes(kernel, { C: 6, I: 3, groups: 3 }, {}, {})).toThrow(
      "axis groups has size 3, but must have 2",
    );
  });

  it("names tensor, index and stage of a read beyond its axis", () => {
    const [m] = domainOf(["M"]) as [Loop];
    const at = make("add", index(m), int(1));
    const stage = (border: "inside" | "zero" | "clamp") =>
      kernelOf(
        [tensorDecl("a", "M")],
        [
          {
            kind: "gather",
            name: "out",
            domain: [m],
            dims: [1],
            parts: [data("a", "M", [at], border)],
          },
        ],
        { names: new Map([[at, "below"]]) },
      );
    const a = { shape: [3], data: [1, 2, 3] };
    expect(() => interpretKernel(stage("inside"), { a }, { M: 3 }, {}, {})).toThrow(
      "stage out at m = 2: a is read at below = 3, which is not an index of axis M (size 3)",
    );
    const run = (border: "zero" | "clamp") => [
      ...interpretKernel(stage(border), { a }, { M: 3 }, {}, {}).out!.parts[0]!,
    ];
    expect(run("zero")).toEqual([2, 3, 0]);
    expect(run("clamp")).toEqual([2, 3, 3]);
  });

  it("evaluates only the taken side of a select, and counts reads once for a kept value", () => {
    const [m, n] = domainOf(["M", "N"]) as [Loop, Loop];
    const outer = data("a", "M", [index(m)]);
    const beyond = data("a", "M", [make("add", index(m), size("M"))]);
    const value = make("mul", select(make("lt", index(n), size("N")), outer, beyond), outer);
    const kernel = kernelOf(
      [tensorDecl("a", "M")],
      [{ kind: "gather", name: "out", domain: [m, n], dims: [1, 1], parts: [value] }],
    );
    const reads = new Map<string, number>();
    const a = { shape: [2], data: [2, 3] };
    const { out } = interpretKernel(kernel, { a }, { M: 2, N: 5 }, {}, {}, reads);
    expect([...out!.parts[0]!]).toEqual([4, 4, 4, 4, 4, 9, 9, 9, 9, 9]);
    expect(reads).toEqual(new Map([["a", 2]]));
  });

  it("keeps values apart when one loop is walked by two reductions, at bounds that move", () => {
    const [m] = domainOf(["M"]) as [Loop];
    const triangle = (scale: number) => {
      const k = freshLoop("K", int(0), make("add", index(m), int(1)));
      const body = make("mul", num(scale), data("a", "M", [index(k)]));
      return partOf(reduce("sum", [k], [body], [num(0)]), 0);
    };
    const kernel = kernelOf(
      [tensorDecl("a", "M")],
      [
        {
          kind: "gather",
          name: "out",
          domain: [m],
          dims: [1],
          parts: [make("sub", triangle(10), triangle(1))],
        },
      ],
    );
    const { out } = interpretKernel(
      kernel,
      { a: { shape: [3], data: [1, 2, 4] } },
      { M: 3 },
      {},
      {},
    );
    expect([...out!.parts[0]!]).toEqual([9, 27, 63]);
  });

  it("reads attributes and options, and refuses what is missing or overflows", () => {
    const [m] = domainOf(["M"]) as [Loop];
    const chosen = select(make("eq", option("mode"), int(1)), attr("stride.y", "int"), int(7));
    const kernel = kernelOf(
      [],
      [
        {
          kind: "gather",
          name: "out",
          domain: [m],
          dims: [1],
          parts: [make("mul", chosen, int(65536))],
        },
      ],
    );
    const run = (stride: number, mode: number) =>
      interpretKernel(kernel, {}, { M: 1 }, { "stride.y": stride }, { mode }).out!.parts[0]![0];
    expect([run(2, 1), run(2, 0)]).toEqual([131072, 458752]);
    expect(() => run(32768, 1)).toThrow("mul gives 2147483648, which is beyond 32 bits");
    expect(() => interpretKernel(kernel, {}, { M: 1 }, {}, { mode: 1 })).toThrow(
      "no value is given for attribute stride.y",
    );
  });

  it("refuses inputs of another shape", () => {
    const a = { shape: [2, 2], data: [1, 2, 3, 4] };
    expect(() => interpretKernel(argmax(), { a }, { M: 2, K: 3 }, {}, {})).toThrow(
      "a has shape [2,2], but must have [2,3]",
    );
    expect(() => interpretKernel(argmax(), {}, { M: 2, K: 3 }, {}, {})).toThrow(
      "tensor a is not given",
    );
  });
});
