import { expect, test } from "vitest";
import { printFormula } from "../../generators/emit/formula.ts";
import { createNames } from "../../generators/emit/names.ts";
import { printExpr, printNest } from "../../generators/emit/printer.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import { i32, type Nest, type NestExpr, type Scalar } from "../../generators/ir/nest.ts";
import { evaluateFormula } from "../../targets/contract/formula.ts";
import { findTarget, targets } from "../../targets/registry.ts";
import { programOf } from "./emit.fixtures.ts";
import {
  accumulate,
  barrier,
  f32,
  letBe,
  load,
  local,
  loop,
  op,
  planOf,
  set,
  store,
  tileSums,
  v,
  when,
} from "./nest.fixtures.ts";

const empty: Nest = { name: "n", scalars: [], constants: [], buffers: [], group: 1, body: [] };

function contextOf(name: string, nest: Nest) {
  const target = findTarget(name);
  const scope = target.scope(planOf(nest, 1), nest, [planOf(nest, 1)], () => {});
  return { target, scope, use: () => {} };
}
const print = (e: NestExpr, target: string): string =>
  printExpr(e, empty, contextOf(target, empty));
const body = (nest: Nest, target: string): string => printNest(nest, contextOf(target, nest));

const [a, b, c] = [v("a", "f32"), v("b", "f32"), v("c", "f32")];
const [i, j, k] = [v("i"), v("j"), v("k")];
const [p, q, r] = (["p", "q", "r"] as const).map((name) => v(name, "bool"));

test.each<[NestExpr, string]>([
  [op("add", op("add", a, b), c), "a + b + c"],
  [op("add", a, op("add", b, c)), "a + (b + c)"],
  [op("sub", a, op("sub", b, c)), "a - (b - c)"],
  [op("mul", op("add", a, b), c), "(a + b) * c"],
  [op("div", a, op("mul", b, c)), "a / (b * c)"],
  [op("add", a, op("mul", b, c)), "a + b * c"],
  [op("neg", op("neg", a)), "-(-a)"],
  [op("neg", op("add", a, b)), "-(a + b)"],
  [op("sub", a, op("neg", b)), "a - -b"],
  [op("add", i, i32(-1)), "i - 1"],
  [op("sub", i, i32(-1)), "i + 1"],
  [op("add", i, i32(-(2 ** 31))), "i + (-2147483647 - 1)"],
  [op("lt", op("add", a, b), c), "a + b < c"],
  [op("and", op("lt", a, b), op("le", b, c)), "a < b && b <= c"],
  [op("or", op("and", p!, q!), r!), "(p && q) || r"],
  [op("and", op("and", p!, q!), r!), "p && q && r"],
  [op("and", p!, op("and", q!, r!)), "p && q && r"],
  [op("not", op("lt", a, b)), "!(a < b)"],
  [op("eq", op("rem", i, j), i32(0)), "i % j == 0"],
  [op("mul", i, op("quot", j, k)), "i * (j / k)"],
  [{ kind: "cast", to: "f32", arg: op("add", i, j) }, "float(i + j)"],
  [{ kind: "select", cond: p!, then: a, else: op("add", b, c) }, "p ? a : b + c"],
  [op("mul", { kind: "select", cond: p!, then: a, else: b }, c), "(p ? a : b) * c"],
])("brackets only where they are needed: %#", (e, text) => {
  expect(print(e, "cuda")).toBe(text);
});

test.each<[number, Scalar, Readonly<Record<string, string>>]>([
  [0.1, "f32", { js: "0.1", cuda: "0.1f", wgsl: "0.1" }],
  [2, "f32", { js: "2", cuda: "2.0f", wgsl: "2.0" }],
  [-0, "f32", { js: "-0", cuda: "-0.0f", wgsl: "-0.0" }],
  [1e30, "f32", { js: "1e+30", cuda: "1e+30f", wgsl: "1e+30" }],
  [3.4028234663852886e38, "f32", { wgsl: "3.4028234e+38", js: "3.4028234663852886e+38" }],
  [Number.POSITIVE_INFINITY, "f32", { js: "Infinity", cuda: "__int_as_float(0x7f800000)" }],
  [Number.NaN, "f32", { js: "NaN", cuda: "__int_as_float(0x7fc00000)" }],
  [-(2 ** 31), "i32", { js: "-2147483648", cuda: "(-2147483647 - 1)", wgsl: "-2147483648" }],
  [7, "u32", { cuda: "7u", wgsl: "7u" }],
  [1, "bool", { js: "true", cuda: "true", wgsl: "true" }],
])("literals are exact: %d as %s", (value, type, texts) => {
  for (const [target, text] of Object.entries(texts))
    expect(print({ kind: "const", type, value }, target)).toBe(text);
});

test("what a target has not is refused by name", () => {
  const infinity = f32(Number.POSITIVE_INFINITY);
  expect(() => print(infinity, "wgsl")).toThrow("WGSL has no literal for Infinity.");
  expect(() => print(v("x", "f64"), "wgsl")).not.toThrow();
  expect(() => print({ kind: "const", type: "f64", value: 1 }, "wgsl")).toThrow(
    "n: wgsl has no values of type f64.",
  );
  expect(() => body({ ...empty, body: [barrier] }, "js")).toThrow("n: js has no barriers.");
  expect(() => print(op("floor", v("x", "f64")), "cuda")).toThrow("cuda converts f32 to int");
  for (const { name } of targets.filter((t) => t.name !== "gpujs"))
    expect(() => print({ kind: "cast", to: "i32", arg: a }, name)).toThrow(/floor, ceil or round/);
});

test("integers that may be negative keep to integers in JavaScript", () => {
  const nest: Nest = {
    ...empty,
    body: [
      letBe("d", op("sub", i, j)),
      letBe("e", op("mul", v("d"), k)),
      letBe("f", op("mul", i, k)),
    ],
  };
  expect(body(nest, "js")).toBe(
    ["  const d = i - j;", "  const e = Math.imul(d, k);", "  const f = i * k;"].join("\n"),
  );
});

test("conditions chain, sums accumulate", () => {
  const nest: Nest = {
    ...empty,
    body: [
      local("s", f32(0)),
      when(
        p!,
        [set("s", op("add", v("s", "f32"), a))],
        [when(q!, [set("s", op("add", op("add", v("s", "f32"), a), b))], [set("s", a)])],
      ),
    ],
  };
  expect(body(nest, "cuda")).toBe(`  float s = 0.0f;
  if (p) {
    s += a;
  } else if (q) {
    s = s + a + b;
  } else {
    s = a;
  }`);
});

test("names that are words of the language get an underscore, and stay different", () => {
  const names = createNames(new Set(["for"]));
  expect(["for", "for_", "fore"].map(names)).toEqual(["for_", "for__", "fore"]);
  expect(print(v("override"), "wgsl")).toBe("override_");
  expect(print(v("override"), "js")).toBe("override");
});

test("long lines break at the loosest operator outside of brackets", () => {
  const long = `x = f(aaaaaaaa,${gapAt(0)}bbbbbbbb) +${gapAt(7)}cccccccc *${gapAt(8)}dddddddd;`;
  expect(wrap(long, 2, 60)).toEqual(["  x = f(aaaaaaaa, bbbbbbbb) + cccccccc * dddddddd;"]);
  expect(wrap(long, 2, 40)).toEqual([
    "  x = f(aaaaaaaa, bbbbbbbb) +",
    "      cccccccc * dddddddd;",
  ]);
  expect(wrap("unbreakable", 2, 5)).toEqual(["  unbreakable"]);
});

const grid = (by: NestExpr): Nest => ({
  ...empty,
  scalars: ["N", "M"].map((name) => ({ name, type: "i32" as const })),
  group: 8,
  body: [
    loop("grid", "n", v("N"), [
      loop("grid", "m", by, [loop("group", "r", 2, [loop("group", "s", 4, [barrier])])]),
    ]),
  ],
});

test("nested grid and group loops split one number", () => {
  expect(body(grid(v("M")), "cuda")).toBe(`  const int n = blockIdx.x / M;
  const int m = blockIdx.x % M;
  const int r = threadIdx.x / 4;
  const int s = threadIdx.x % 4;
  __syncthreads();`);
  expect(() => body({ ...grid(v("M")), group: 16 }, "cuda")).toThrow(
    "n: a loop over the group must have its 16 threads.",
  );
});

test("shared memory, barriers and atomics in CUDA and WGSL", () => {
  const tiles = tileSums();
  const [cuda, wgsl] = ["cuda", "wgsl"].map((name) => programOf(tiles, findTarget(name)).source);
  expect(cuda).toContain("__shared__ __align__(16) float tile[4];");
  expect(cuda).toContain("__syncthreads();");
  expect(wgsl).toContain("var<workgroup> tile: array<f32, 4>;");
  expect(() => programOf(tiles, findTarget("js"))).toThrow(/js has no/);

  const nest: Nest = {
    ...empty,
    scalars: [{ name: "N", type: "i32" }],
    buffers: ["x", "y"].map((name) => ({
      name,
      place: "global",
      dtype: "f32",
      access: name === "x" ? "read" : "update",
      shape: [v("N")],
      strides: [i32(1)],
    })),
    body: [
      loop("grid", "g", v("N"), [
        accumulate("y", i32(0), load("x", v("g")), "atomic"),
        store("y", i32(1), load("y", i32(0))),
      ]),
    ],
  };
  const plan = planOf(nest, v("N"));
  expect(programOf(plan, findTarget("cuda")).source).toContain("atomicAdd(&y[0], x[g]);");
  const text = programOf(plan, findTarget("wgsl")).source;
  expect(text).toContain("var<storage, read_write> y: array<atomic<u32>>;");
  expect(text).toContain("add_to_y(0, x[g]);");
  expect(text).toContain("atomicStore(&y[1], bitcast<u32>(bitcast<f32>(atomicLoad(&y[0]))));");
});

const test0 = op("eq", v("N"), i32(1));

test.each<[NestExpr, string, number]>([
  [op("quot", op("add", op("mul", v("N"), v("M")), i32(63)), i32(64)), "ceilDiv(N * M, 64)", 2],
  [op("idiv", op("sub", v("N"), i32(1)), v("M")), "idiv(N - 1, M)", 1],
  [op("sub", v("N"), op("sub", v("M"), i32(2))), "N - (M - 2)", 5],
  [op("mul", op("add", v("N"), i32(-3)), v("M")), "(N - 3) * M", 49],
  [op("maximum", i32(0), op("neg", v("N"))), "max(0, -N)", 0],
  [op("sub", v("N"), op("mod", v("N"), i32(4))), "N - mod(N, 4)", 8],
  [
    { kind: "select", cond: op("lt", i32(3), v("N")), then: v("N"), else: v("M") },
    "select(3 < N, N, M)",
    10,
  ],
  [op("not", op("eq", v("N"), op("add", v("M"), i32(3)))), "!(N == M + 3)", 0],
  [op("or", op("and", test0, op("le", v("M"), i32(7))), test0), "(N == 1 && M <= 7) || N == 1", 0],
  [op("and", op("or", test0, op("le", v("M"), i32(7))), test0), "(N == 1 || M <= 7) && N == 1", 0],
  [op("eq", { kind: "cast", to: "i32", arg: test0 }, i32(0)), "(N == 1) == 0", 1],
  [op("round", op("div", op("neg", v("M", "f32")), f32(2))), "round(-M / 2)", -4],
  [op("div", v("N", "f32"), op("mul", v("M", "f32"), f32(0.5))), "N / (M * 0.5)", 10 / 3.5],
])("formulas of the manifest: %#", (e, text, value) => {
  expect(printFormula(e)).toBe(text);
  expect(evaluateFormula(text, { N: 10, M: 7 })).toBe(value);
});

test("a size that depends on an element has no formula", () => {
  expect(() => printFormula(load("x", i32(0)))).toThrow("it cannot load x");
});
