import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { numbersOf } from "../../generators/frontend/numbers.ts";
import { type Operator, readOperator } from "../../generators/frontend/operator.ts";
import { loadReference, runReference } from "../../generators/frontend/reference.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";

/** An operator of an input of 2 rows and 3 columns, from the body of its function. */
const textOf = (body: string, more = "") => `
import type { Coords, Meta, Tensor } from "warpweave";
import * as w from "warpweave";
import { axis, floor, max, mean, minimum, stage, steps, sum, sums, tensor } from "warpweave";
${more}
interface Tensors { input: Tensor<"N C">; at?: Coords<"N"> }
interface Attrs { on: boolean; size: number }
export const meta = {
  doc: "", attrs: {
    on: { type: "bool", default: false, doc: "" }, size: { type: "int", default: 2, doc: "" },
  },
  differentiable: [], variants: [["at"]], samples: [{ sizes: { N: 2, C: 3 } }],
} as const satisfies Meta<Tensors, Attrs>;
export function example({ input, at }: Tensors, { on, size }: Attrs) {
  const { N, C } = input;
  ${body}
}
`;

const input = { shape: [2, 3], data: [3, 1, 4, 1, 5, 9] };
const at = { shape: [2], data: [0.5, 7] };
const sizes = { N: 2, C: 3 };

/** The results by name, which declaration and interpreter agree on. */
async function run(body: string, present: readonly string[] = [], more = "", attrs = {}) {
  const file = { path: "example.ts", text: textOf(body, more) };
  const operator = readOperator(file);
  const inputs = present.includes("at") ? { input, at } : { input };
  const expected = runReference(operator, await loadReference(file), inputs, sizes, attrs);
  const numbers = numbersOf(operator, attrs);
  const kernel = operator.kernel(present);
  const found = interpretKernel(kernel, inputs, sizes, numbers.attrs, numbers.options);
  const values = Object.fromEntries(
    Object.entries(expected).map(([name, { data }]) => [name, [...data]]),
  );
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, { parts, shape }] of Object.entries(found)) {
    expect([...parts[0]!]).toEqual(values[name]);
    expect(shape).toEqual(expected[name]!.shape);
  }
  return { values, kernel };
}

describe("what a declaration can say", () => {
  it("several results, under the names they are returned by", async () => {
    const { values, kernel } = await run(`
      const best = stage([N], (n) => max([C], (c) => [input(n, c), c], [0, -1]));
      const value = tensor([N], (n) => best(n)[0]);
      return { output: value, argmax: tensor([N], (n) => { const [, i] = best(n); return i; }) };`);
    expect(values).toEqual({ output: [4, 9], argmax: [2, 2] });
    expect(kernel.outputs).toEqual(["output", "argmax"]);
    expect(kernel.stages.map((s) => s.name)).toEqual(["best", "output", "argmax"]);
  });

  it("a result that other results read", async () => {
    const { values } = await run(`
      const total = tensor([N], (n) => sum([C], (c) => input(n, c)));
      return { share: tensor([N, C], (n, c) => input(n, c) / total(n)), output: total };`);
    expect(values.output).toEqual([8, 15]);
    expect(values.share?.[0]).toBe(3 / 8);
  });

  it("dimensions of several axes, of results and of stages that are results or read", async () => {
    const { values, kernel } = await run(`
      const S = axis("S", 2);
      const twice = stage([[N, S], C], (n, s, c) => input(n, c) * (s + 1));
      const flat = tensor([[N, C, S]], (n, c, s) => twice(n, s, c));
      return { twice, flat, picked: tensor([[N], [C, S]], (n, c, s) => 10 * flat(n, c, s)) };`);
    const twice = [3, 1, 4, 6, 2, 8, 1, 5, 9, 2, 10, 18];
    const flat = [3, 6, 1, 2, 4, 8, 1, 2, 5, 10, 9, 18];
    expect(values).toEqual({ twice, flat, picked: flat.map((v) => 10 * v) });
    expect(kernel.stages.map((s) => s.dims)).toEqual([[2, 1], [3], [1, 2]]);
  });

  it.each([
    ["tensor([N, [] as never], () => 0)", "a dimension of several axes has at least one"],
    ["tensor([N, [C.span(0, 2) as typeof C]], () => 0)", "tensor walks whole axes"],
    ["tensor([N, [C, N]], () => 0)", "tensor has each axis once"],
    ["tensor([], () => 0)", "the first argument of tensor is an array of its axes"],
    ["tensor([N], () => sum([[C] as never], () => 0))", "ranges are axes"],
  ])("no result %s", (result, message) => {
    const text = textOf(`return ${result};`);
    expect(() => readOperator({ path: "example.ts", text })).toThrow(`WW143 ${message}`);
  });

  it("functions, from the language and of one's own, with lists spread into them", async () => {
    const helper = `
      const weights = { a: 2, b: [1, 10] as const };
      function mix(x: number, y: number) { const { a, b } = weights; return a * x + b[1] * y; }`;
    const { values } = await run(
      `const pair = (n: number) => [n, w.mod(7, 2)] as const;
       const all = (f: (...c: number[]) => number) => f(...pair(3), 4);
       return tensor([N], (n) => mean([C], (c) => mix(input(n, c), all((p, q, r) => p * q + r)), 0));`,
      [],
      helper,
    );
    expect(values.output).toEqual([70 + (2 * 8) / 3, 80]);
  });

  it("an optional tensor, in every way it may be asked for", async () => {
    const body = `
      const shift = at ? (n: number) => w.floorf(at(N.index(n))) : () => 100;
      const there = at !== undefined;
      return tensor([N], (n) => shift(n) + (at?.(n) ?? 1) + (there ? 1000 : 0) + (!at ? 5 : 0));`;
    expect((await run(body)).values.output).toEqual([106, 106]);
    expect((await run(body, ["at"])).values.output).toEqual([1000.5, 1014]);
  });

  it("spans, steps and samples, whole numbers from positions only", async () => {
    const body = `
      const other = axis("other", size + 1);
      return tensor([N, other], (n, o) => {
        const p = at?.(n) ?? 1.5;
        const near = sum([C.span(p, p + 2)], (c) => input(n, c));
        const walk = sum([C.samples(4, p - 1, 0.5, 1)], (a) =>
          input.orZero(n, C.at(floor(p - 1 + a * 0.5))));
        const count = sum([steps(p)], (i) => i + 1);
        const chosen = on ? C.span(0, o) : C.span(o, C.size);
        return near + 10 * walk + 100 * count + sum([chosen], (c) => input.clamped(n, c)) * 1000
          + input(n, C.nearest(p)) * 1e5;
      });`;
    for (const on of [false, true])
      for (const present of [[], ["at"]]) {
        const { values } = await run(body, present, "", { on, size: 2 });
        expect(values.output?.length).toBe(6);
        expect(new Set(values.output).size).toBeGreaterThan(3);
      }
  });

  it("samples that stand still, or reach far beyond the axis", async () => {
    const body = `return tensor([N], (n) => {
      const p = at?.(n) ?? 0.5;
      const below = sum([C.samples(4, p - 8, 0, 1)], () => 1);
      const still = below + sum([C.samples(5, p + 8, 0, 1)], () => 1);
      const far = sum([C.samples(20, p - 8.5, 1, 3)], () => 1);
      const back = sum([C.samples(20, p + 8.5, -1, 3)], (a) => a);
      return still + 100 * far + 10000 * back;
    });`;
    // Steps 4 to 12 reach the axis; a slack of a little more than one step adds to both ends.
    const back = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].reduce((a, b) => a + b, 0);
    expect((await run(body)).values.output).toEqual(Array(2).fill(9 + 1200 + 10000 * back));
  });

  it("runs around a stretch, steps within one, and what two runs have in common", async () => {
    const body = `return tensor([N], (n) => {
      const p = at?.(n) ?? 0.5;
      const near = sum([C.around(p, p + 0.5)], (c) => input(n, c));
      const last = sum([C.around(p + 1, p + 9e9)], (c) => input(n, c));
      const up = w.stepsWithin(10, 0, 1, p, p + 6);
      const down = w.stepsWithin(10, 9, -1, p, p + 2);
      const shared = sum([w.both(up, down)], (a) => a);
      const none = sum([w.stepsWithin(10, 0, 1, p, 1 / (p - p))], () => 1);
      return near + 100 * last + 1e4 * shared + 1e6 * sum([up], () => 1) + 1e8 * none;
    });`;
    // 0.5 to 6.5 with a slack of a little more than a step: steps 0 to 7; and 5 to 9 from the other end.
    const first = 3 + 1 + 100 * (1 + 4) + 1e4 * (5 + 6 + 7) + 1e6 * 8;
    // 7 to 13, of 10 steps: 5 to 9; from the other end 0 to 3.
    expect((await run(body, ["at"])).values.output).toEqual([first, 5e6]);
    const wrong = `return tensor([N], () => sum([w.both(2 as never, C)], () => 1));`;
    expect(() => readOperator({ path: "example.ts", text: textOf(wrong) })).toThrow(
      /WW143 expected a range, not a number/,
    );
  });

  it("positions that are not finite", async () => {
    const body = `return tensor([N], (n) => {
      const p = (at?.(n) ?? 1) / (on ? 0 : 1);
      return sum([C.span(p, 3)], (c) => input(n, c)) + sum([C.samples(3, p, 1, 1)], () => 1) +
        (w.finite(p) ? 10 : 0) + (on && w.finite(-p) ? 5 : 0) + (!on ? 1 : 0) +
        sum([C.span(-p, 2)], () => 1);
    });`;
    expect((await run(body, [], "", { on: true })).values.output).toEqual([0, 0]);
    expect((await run(body)).values.output).toEqual([21, 30]);
  });
});

describe("names", () => {
  it("are the first that a value was given", async () => {
    const { kernel } = await run(`return tensor([N, C], (n, c) => {
      const once = input(n, c) * 2;
      const again = once;
      const same = input(n, c) * 2;
      return again + same;
    });`);
    expect([...kernel.names.values()]).toEqual(["n", "c", "once"]);
  });
});

describe("a file anywhere", () => {
  const folder = mkdtempSync(join(tmpdir(), "anywhere-"));
  let operator: Operator;
  beforeAll(() => {
    writeFileSync(join(folder, "helper.ts"), "export const twice = (a: number) => 2 * a;\n");
    const text = textOf(
      "return tensor([N, C], (n, c) => twice(input(n, c)));",
      'import { twice } from "./helper.ts";',
    );
    writeFileSync(join(folder, "mine.ts"), text);
    operator = readOperator(join(folder, "mine.ts"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is read, and run, with its helpers and no package beside it", async () => {
    expect(operator.kernel([]).stages).toHaveLength(1);
    const reference = await loadReference(operator.path);
    const { output } = runReference(operator, reference, { input }, sizes, {});
    expect([...output!.data]).toEqual([6, 2, 8, 2, 10, 18]);
  });

  it("says what is not given", async () => {
    const reference = await loadReference(operator.path);
    const go = (inputs: object, given: object, attrs: object) => () =>
      runReference(operator, reference, inputs as never, given as never, attrs as never);
    expect(go({}, sizes, {})).toThrow("tensor input is not given");
    expect(go({ input }, { N: 2 }, {})).toThrow("the size of axis C is not given");
    expect(go({ input }, { N: 2, C: 4 }, {})).toThrow("input has 6 elements, but must have 8");
    expect(go({ input }, sizes, { off: true })).toThrow("example has no attribute off");
  });
});
