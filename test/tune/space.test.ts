// Spaces: what is enumerated is what a walk over all configurations finds, whatever the constraints.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExpr } from "../../generators/tune/formats/python.ts";
import { readSpaceFile } from "../../generators/tune/formats/read.ts";
import { enumerate, pointsOf } from "../../generators/tune/space/enumerate.ts";
import { evaluate } from "../../generators/tune/space/evaluate.ts";
import type { BinaryOp, Expr, Value } from "../../generators/tune/space/expr.ts";
import { hashSpace } from "../../generators/tune/space/hash.ts";
import { printExpr } from "../../generators/tune/space/print.ts";
import type { Configuration, Space } from "../../generators/tune/space/space.ts";

const data = new URL("data/", import.meta.url).pathname;

const names = ["a", "b", "c", "d"] as const;
const ops: readonly BinaryOp[] = [
  ...(["+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!="] as const),
  ...(["and", "or", "min", "max"] as const),
];

const leaf = fc.oneof(
  fc.constantFrom(...names).map((name): Expr => ({ kind: "parameter", name })),
  fc.integer({ min: -3, max: 9 }).map((value): Expr => ({ kind: "value", value })),
);
const expr: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ kind: fc.constant("not" as const), of: tie("expr") }),
    fc.record({ kind: fc.constant("negate" as const), of: tie("expr") }),
    fc.record({
      kind: fc.constant("in" as const),
      of: tie("expr"),
      values: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant("binary" as const),
      op: fc.constantFrom(...ops),
      left: tie("expr"),
      right: tie("expr"),
    }),
  ),
})).expr;

const space = fc
  .record({
    values: fc.tuple(
      ...names.map(() =>
        fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 }),
      ),
    ),
    constraints: fc.array(expr, { maxLength: 4 }),
  })
  .map(
    ({ values, constraints }): Space => ({
      name: "any",
      parameters: names.map((name, i) => ({ name, values: values[i]! })),
      constraints: constraints.map((holds) => ({ holds })),
    }),
  );

/** All configurations, without regard to constraints, in the order of the parameters' values. */
const product = ({ parameters }: Space): readonly Configuration[] =>
  parameters.reduce<readonly Configuration[]>(
    (all, { name, values }) =>
      all.flatMap((of) => values.map((value) => ({ ...of, [name]: value }))),
    [{}],
  );

const valid = (of: Space): readonly Configuration[] =>
  product(of).filter((point) => of.constraints.every(({ holds }) => evaluate(holds, point)));

describe("enumeration", () => {
  test("finds what a walk over all finds, in the same order", () => {
    fc.assert(
      fc.property(space, (of) => {
        const points = enumerate(of);
        const found = Array.from({ length: points.size }, (_, i) => points.at(i));
        expect(found).toEqual(valid(of));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("points are found again, and others are not", () => {
    fc.assert(
      fc.property(space, (of) => {
        const points = enumerate(of);
        const expected = new Map(valid(of).map((point, i) => [JSON.stringify(point), i]));
        for (const point of product(of))
          expect(points.find(point)).toBe(expected.get(JSON.stringify(point)));
        expect(points.find({})).toBeUndefined();
        expect(points.find({ a: -1, b: 0, c: 0, d: 0 })).toBeUndefined();
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  test("neighbours differ in one parameter, by one valid step if they are adjacent", () => {
    fc.assert(
      fc.property(space, fc.nat(), (of, n) => {
        const points = enumerate(of);
        if (points.size === 0) return;
        const index = n % points.size;
        const here = points.at(index);
        const differing = (other: number): readonly string[] =>
          names.filter((name) => points.at(other)[name] !== here[name]);
        const all = Array.from({ length: points.size }, (_, i) => i);
        const hamming = all.filter((other) => differing(other).length === 1);
        expect([...points.neighbours(index, "hamming")].sort((a, b) => a - b)).toEqual(hamming);
        const adjacent = hamming.filter((other) => {
          const [name] = differing(other);
          const { values } = of.parameters.find((p) => p.name === name)!;
          const place = (i: number): number => values.indexOf(points.at(i)[name!] as never);
          const [from, to] = [place(index), place(other)].sort((a, b) => a - b);
          return !hamming.some(
            (third) => differing(third)[0] === name && place(third) > from! && place(third) < to!,
          );
        });
        expect([...points.neighbours(index, "adjacent")].sort((a, b) => a - b)).toEqual(adjacent);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  test.each([
    ["convolution", 16_896, 6768],
    ["pnpoly", 4092, 4092],
  ])("%s has as many points as published", (name, all, size) => {
    const { space: of } = readSpaceFile(`${data}${name}.T1.json`);
    expect(of.parameters.reduce((n, { values }) => n * values.length, 1)).toBe(all);
    expect(enumerate(of).size).toBe(size);
  });

  // Two more problems of the same collection, by what they say of their spaces.
  const steps = (from: number, to: number, by: number): readonly number[] =>
    Array.from({ length: (to - from) / by + 1 }, (_, i) => from + i * by);
  const milo: Readonly<Record<string, readonly number[]>> = {
    block_size_x: steps(16, 256, 16),
    block_size_y: [1, 2, 4, 8, 16],
    tile_size_x: [1, 2, 3, 4],
    tile_size_y: [1, 2, 3, 4],
    read_only: [0, 1],
    use_padding: [0, 1],
    use_shmem: [0, 1],
  };
  const dedispersion: Readonly<Record<string, readonly number[]>> = {
    block_size_x: [1, 2, 4, 8, 16, 32],
    block_size_y: steps(32, 256, 8),
    tile_size_x: [1, 2, 3, 4],
    tile_size_y: steps(1, 8, 1),
    tile_stride_x: [0, 1],
    tile_stride_y: [0, 1],
  };
  const onChip =
    "use_shmem == 0 or (((block_size_x*tile_size_x+14))*((block_size_y*tile_size_y+14))) < 12*1024";

  test.each([
    [
      "convolution_milo",
      milo,
      ["block_size_x*block_size_y<=1024", "use_padding==0 or block_size_x % 32 != 0"].concat([
        "use_padding==0 or use_shmem != 0",
        onChip,
      ]),
      10_240,
      4362,
    ],
    [
      "dedispersion_milo",
      dedispersion,
      ["32 <= block_size_x * block_size_y <= 1024"].concat([
        "tile_size_x > 1 or tile_stride_x == 0",
        "tile_size_y > 1 or tile_stride_y == 0",
      ]),
      22_272,
      11_130,
    ],
  ])("%s too", (name, values, conditions, all, size) => {
    const parameters = Object.entries(values).map(([of, list]) => ({ name: of, values: list }));
    expect(parameters.reduce((n, of) => n * of.values.length, 1)).toBe(all);
    const constraints = conditions.map((text) => ({ holds: readExpr(text) }));
    expect(enumerate({ name, parameters, constraints }).size).toBe(size);
  });

  test("the points of a problem are those that were recorded", () => {
    const { space: of } = readSpaceFile(`${data}convolution.T1.json`);
    const recorded = readSpaceFile(`${data}convolution.RTX_2080_Ti.json.gz`);
    if (recorded.kind !== "cache") throw new Error("no cache");
    const points = enumerate(of);
    const found = recorded.measured.entries.map(({ configuration }) => points.find(configuration));
    expect(new Set(found)).toEqual(new Set(Array.from({ length: points.size }, (_, i) => i)));
  });

  test("a million points in seconds at most, of more choices than numbers have digits", () => {
    const values = Array.from({ length: 64 }, (_, i) => i);
    const parameters = [..."abcdefghijkl"].map((name) => ({ name, values }));
    // Each of the last nine is the first one again, or all would be far too many.
    const constraints = [..."defghijkl"].map((name) => ({ holds: readExpr(`${name} == a`) }));
    const points = enumerate({ name: "long", parameters, constraints });
    expect(points.size).toBe(64 ** 3);
    const middle = points.at(123_456);
    expect(points.find(middle)).toBe(123_456);
  });
});

describe("what makes no space is refused in a sentence", () => {
  const of = (parameters: Space["parameters"], ...texts: string[]): Space => ({
    name: "bad",
    parameters,
    constraints: texts.map((text) => ({ holds: readExpr(text) })),
  });
  const a = { name: "a", values: [1, 2] };

  test.each([
    [of([]), "the space bad has no parameters"],
    [of([a, a]), "the space bad has the parameter a twice"],
    [of([{ name: "a", values: [] }]), "the space bad: the parameter a has no values"],
    [of([{ name: "a", values: [1, 1] }]), "the space bad: the parameter a has a value twice"],
    [of([a], "b > 1"), "the space bad: a constraint reads b, which is no parameter"],
    [of([{ name: "a", values: ["x"] }], "a * 2 > 1"), '"x" is text, which `*` does not take'],
  ])("%#", (space, message) => {
    expect(() => enumerate(space)).toThrow(message);
  });

  test("more points than can be kept", () => {
    expect(() => enumerate(of([a, { name: "b", values: [1, 2] }]), 3)).toThrow(
      "the space bad has more than 3 valid configurations; constrain it",
    );
  });

  test("no valid point is no error here", () => {
    expect(enumerate(of([a], "a > 2")).size).toBe(0);
  });

  test("listed points must have listed values", () => {
    expect(() => pointsOf(of([a]), [{ a: 3 }])).toThrow("a configuration has a = 3");
  });

  test("listed points must have no other parameters", () => {
    expect(() => pointsOf(of([a]), [{ a: 1 }, { a: 2, b: 1 }])).toThrow(
      "the space bad: a configuration has b, which is no parameter",
    );
  });
});

describe("expressions", () => {
  const point = fc.record(
    Object.fromEntries(names.map((name) => [name, fc.integer({ min: 0, max: 12 })])),
  ) as fc.Arbitrary<Configuration>;
  const run = (of: Expr, at: Configuration): Value => evaluate(of, at);

  test("mean the same after printing and reading", () => {
    fc.assert(
      fc.property(expr, point, (of, at) => {
        expect(run(readExpr(printExpr(of)), at)).toEqual(run(of, at));
        // Nothing grows or shrinks on the way.
        const again = printExpr(readExpr(printExpr(of)));
        expect(printExpr(readExpr(again))).toBe(again);
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  test.each<[string, Value]>([
    ["7 // 2", 3],
    ["1 // 0.1", 9],
    ["-7.5 // 2", -4],
    ["-7 // 2", -4],
    ["-7 % 3", 2],
    ["7 % -3", -2],
    ["7 / 2", 3.5],
    ["-2 ** 2", -4],
    ["2 ** 3 ** 2", 512],
    ["2 ** -1", 0.5],
    ["not 1 == 2", true],
    ["not 1 == 1 or 1 == 1", true],
    ["1 < 2 < 3", true],
    ["1 < 3 < 2", false],
    ["3 > 2 == 1", false],
    ["(3 > 2) == 1", true],
    ["2 in [1, 2]", true],
    ["2 not  in (1, 2)", false],
    ["True + True", 2],
    ["'a' == 'a' and 'a' != 1", true],
    ["max(1, 5, 3) - min(4, 2)", 3],
    ["5 % 0 == 0", false],
  ])("%s is %s, as in Python", (text, value) => {
    expect(evaluate(readExpr(text), {})).toBe(value);
  });
});

describe("hashes", () => {
  const base: Space = {
    name: "x",
    parameters: [
      { name: "a", values: [1, 2] },
      { name: "b", values: [3, 4] },
    ],
    constraints: [{ holds: readExpr("a * b > 3 and a != b") }, { holds: readExpr("a + 1 < b") }],
  };
  const hash = hashSpace(base);

  test("do not see names of spaces, reasons, and the order of what has none", () => {
    const other: Space = {
      name: "y",
      parameters: base.parameters.toReversed(),
      constraints: [
        { holds: readExpr("1 + a < b"), why: "because" },
        { holds: readExpr("b != a and b * a > 3") },
      ],
    };
    expect(hashSpace(other)).toBe(hash);
  });

  test.each<[string, Partial<Space>]>([
    ["a value", { parameters: [{ name: "a", values: [1, 5] }, base.parameters[1]!] }],
    ["its type", { parameters: [{ name: "a", values: ["1", 2] }, base.parameters[1]!] }],
    ["a constraint", { constraints: base.constraints.slice(1) }],
    ["sides", { constraints: [base.constraints[0]!, { holds: readExpr("b < a + 1") }] }],
  ])("see %s", (_, change) => {
    expect(hashSpace({ ...base, ...change })).not.toBe(hash);
  });

  test("are the same tomorrow", () => {
    expect(hash).toMatchInlineSnapshot(`"fbb84618b9d53efa"`);
  });
});
