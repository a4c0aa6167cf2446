import { describe, expect, it } from "vitest";
import { backwardOf } from "../../generators/autodiff/operator.ts";
import { readOperator } from "../../generators/frontend/operator.ts";
import { make } from "../../generators/ir/build.ts";
import { type Expr, index, int, type Loop, loop, size } from "../../generators/ir/expr.ts";
import type { Scatter } from "../../generators/ir/kernel.ts";
import { ownershipOf, ownersOf } from "../../generators/schedule/ownership.ts";

const backward = (path: string) =>
  backwardOf(readOperator(new URL(`../../${path}.ts`, import.meta.url).pathname));

describe("owners", () => {
  const axis = (name: string, hi: Expr = size(name)): Loop =>
    loop({ axis: name, lo: int(0), hi, level: 0, cover: false });
  const [a, b] = [axis("A"), axis("B")];
  const kernel = backward("test/declarations/pick_1d").kernel([]);
  const ownersAt = (...at: readonly (readonly Expr[])[]): readonly string[] => {
    const stages = at.map(
      (places): Scatter => ({
        kind: "scatter",
        name: "out",
        domain: [a, b],
        shape: [axis("X")],
        dims: [1],
        at: places,
        when: make("le", int(0), int(0)),
        values: [int(1)],
      }),
    );
    return ownersOf(kernel, stages).map((l) => l.axis);
  };
  const [i, j] = [index(a), index(b)];

  it.each([
    ["an index", [[i]], ["A"]],
    ["indices of several axes", [[j, i]], ["A", "B"]],
    ["an index, moved and scaled", [[make("add", make("mul", i, int(3)), size("X"))]], ["A"]],
    ["an index from the end", [[make("sub", size("A"), i)]], ["A"]],
    ["a place in rows", [[make("add", make("mul", i, size("B")), j)]], ["A", "B"]],
    ["a place in rows that overlap", [[make("add", make("mul", i, int(2)), j)]], []],
    ["a sum of indices", [[make("add", i, j)]], []],
    ["an index that several share", [[make("idiv", i, int(2))]], []],
    ["an index times what may be 0", [[make("mul", i, make("sub", size("X"), int(1)))]], []],
    ["the same in all additions", [[i], [i]], ["A"]],
    ["neighbours, which overlap", [[i], [make("add", i, int(1))]], []],
    [
      "one axis of two that differ",
      [
        [i, j],
        [i, make("add", j, int(1))],
      ],
      ["A"],
    ],
  ])("of %s", (_, at, owners) => expect(ownersAt(...at)).toEqual(owners));

  it("are those of the gradients that ship", () => {
    const found = (name: string, present: readonly string[]) =>
      Object.fromEntries(
        [...ownershipOf(backward(`dsl/ops/${name}`).kernel(present))]
          .filter(([stage]) => stage.startsWith("grad_"))
          .map(([stage, o]) => [stage, o.by === "element" ? o.by : o.launches.join("; ")]),
      );
    expect(found("deform_conv2d", ["mask"])).toMatchObject({
      grad_input: "N,C",
      grad_offset: "element",
      grad_weight: "element",
      grad_mask: "element",
    });
    expect(found("roi_align", [])).toEqual({ grad_input: "C; C" });
    expect(found("conv2d", [])).toEqual({ grad_input: "element", grad_weight: "element" });
  });
});
