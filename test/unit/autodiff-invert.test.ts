// Positions along one axis that are counted along another, which may be shorter or longer: each element's gradient
// is the sum over exactly those that read it.

import { describe, expect, it } from "vitest";
import { differentiate } from "../../generators/autodiff/backward.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { interpretKernel } from "../../generators/ir/interpret.ts";
import { rootsOf } from "../../generators/ir/kernel.ts";
import { visit } from "../../generators/ir/walk.ts";
import { randomFrom } from "../declarations/compare.ts";

/** A weight for each of C elements or of G blocks of K, times an element of a row. */
const textOf = (result: string) => `
import type { Meta, Tensor } from "warpweave";
import { tensor } from "warpweave";
interface Tensors { input: Tensor<"W">; weight: Tensor<"C">; blocks: Tensor<"G K">; }
export const meta = {
  doc: "", attrs: {}, differentiable: ["input"], variants: [[]],
  samples: [{ sizes: { W: 3, C: 6, G: 2, K: 3 } }],
} as const satisfies Meta<Tensors, {}>;
export function example({ input, weight, blocks }: Tensors, _attrs: {}) {
  const { W } = input;
  const { C } = weight;
  const { G, K } = blocks;
  return ${result};
}
`;

const results = {
  "a clamped number": "tensor([C], (c) => weight(c) * input.clamped(W.at(2)))",
  "a number with zeros around": "tensor([C], (c) => weight(c) * input.orZero(W.at(2)))",
  "a clamped index": "tensor([C], (c) => weight(c) * input.clamped(W.at(c)))",
  "an index with zeros around": "tensor([C], (c) => weight(c) * input.orZero(W.at(c)))",
  "a clamped block": "tensor([C], (c) => weight(c) * input.clamped(W.at(G.of(c, C))))",
  "a block with zeros around": "tensor([C], (c) => weight(c) * input.orZero(W.at(G.of(c, C))))",
  "a clamped member": "tensor([G, K], (g, k) => blocks(g, k) * input.clamped(W.at(C.in(G, g, k))))",
  "a member with zeros around":
    "tensor([G, K], (g, k) => blocks(g, k) * input.orZero(W.at(C.in(G, g, k))))",
  "a clamped sum": "tensor([C], (c) => weight(c) * input.clamped(W.at(2 * c - 3)))",
  "a sum with zeros around": "tensor([C], (c) => weight(c) * input.orZero(W.at(2 * c - 3)))",
  "two digits": "tensor([G, K], (g, k) => blocks(g, k) * input.orZero(W.at(g * K.size + k)))",
  "digits with gaps":
    "tensor([G, K], (g, k) => blocks(g, k) * input.orZero(W.at(g * (2 * K.size + 1) + 2 * k + 1)))",
  "digits that overlap": "tensor([G, K], (g, k) => blocks(g, k) * input.orZero(W.at(g * 2 + k)))",
  "digits below 0":
    "tensor([G, K], (g, k) => blocks(g, k) * input.orZero(W.at(g * K.size + k - 1)))",
} as const;

/** What each element gives alone, times the gradients of the results: all of them are linear. */
function gradientOf(result: string, W: number) {
  const random = randomFrom(3);
  const kernel = readOperator({ path: "example.ts", text: textOf(result) }).kernel([]);
  const array = (...shape: number[]) => ({
    shape,
    data: Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() - 0.5),
  });
  const sizes = { W, C: 6, G: 2, K: 3 };
  const inputs = { input: array(W), weight: array(6), blocks: array(2, 3) };
  const run = (data: Float64Array) =>
    interpretKernel(kernel, { ...inputs, input: { shape: [W], data } }, sizes, {}, {}).output!;
  const { shape } = run(inputs.input.data);
  const grad_output = array(...shape);
  const want = Array.from({ length: W }, (_, i) => {
    const alone = run(Float64Array.from({ length: W }, (_, j) => (i === j ? 1 : 0)));
    return alone.parts[0]!.reduce((sum, v, o) => sum + v * grad_output.data[o]!, 0);
  });
  const given = { ...inputs, grad_output };
  const backward = differentiate(kernel, ["input"]);
  const found = interpretKernel(backward, given, sizes, {}, {}).grad_input!.parts[0]!;
  return { want, found: Array.from(found) };
}

describe.each(Object.entries(results))("%s", (_, result) => {
  it.each([1, 2, 3, 5, 6, 9])("of a row of %i", (W) => {
    const { want, found } = gradientOf(result, W);
    expect(found).toHaveLength(W);
    found.forEach((v, i) => {
      expect(Math.abs(v - want[i]!), `element ${i}`).toBeLessThan(1e-12);
    });
    if (W === 3 || result.includes("clamped")) expect(want.some((v) => v !== 0)).toBe(true);
  });
});

it("sums over no digit that the others leave to be read off the element", () => {
  const axesOf = (name: keyof typeof results) => {
    const kernel = readOperator({ path: "example.ts", text: textOf(results[name]) }).kernel([]);
    const [stage] = differentiate(kernel, ["input"]).stages;
    const axes = new Set<string>();
    visit(rootsOf(stage!), (e) => {
      if (e.kind === "part") for (const { axis } of e.of.over) axes.add(axis);
    });
    return [...axes];
  };
  expect(axesOf("two digits")).toEqual([]);
  expect(axesOf("digits with gaps")).toEqual([]);
  expect(axesOf("digits that overlap")).toHaveLength(1);
  expect(axesOf("digits below 0")).toHaveLength(1);
});
