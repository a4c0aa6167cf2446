// A gradient that cannot be derived: which tensor is named, and where.

import { afterAll, describe, expect, test } from "vitest";
import { makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

/** A sum that ends where `size` says, where a gradient has nowhere to go. */
const declare = (differentiable: string): string => `
import { type Coords, type Meta, type Tensor, minimum, steps, sum, tensor } from "warpweave";

interface Tensors {
  input: Tensor<"N L">;
  size: Coords<"N">;
}

export const meta = {
  doc: "Elements times as many steps as data say.",
  attrs: {},
  differentiable: [${differentiable}],
  variants: [[]],
  samples: [{ sizes: { N: 2, L: 3 } }],
} as const satisfies Meta<Tensors, object>;

export function stepped({ input, size }: Tensors) {
  const { N, L } = input;
  return tensor([N, L], (n, l) => sum([steps(minimum(size(n), 9))], (k) => input(n, l) * k));
}
`;

describe("a gradient that cannot be derived", () => {
  test.each(['"input", "size"', '"size", "input"'])(
    "of [%s] names the one tensor in the way, in one short sentence",
    async (wanted) => {
      const file = folder.write("stepped.ts", declare(wanted));
      const { code, err } = await warpweave("show", file, "--grad");
      const [first = "", source = "", marks = ""] = err.split("\n");
      const sentence = first.replace(/^.*WW160 /, "");
      expect(sentence).toMatch(/^the gradient of size cannot be derived: .* depends on size, /);
      expect(sentence).toMatch(/; leave size out of `differentiable`$/);
      expect(sentence.length).toBeLessThanOrEqual(160);
      expect(source.slice(marks.indexOf("^"), marks.length)).toBe('"size"');
      expect(code).toBe(1);
    },
  );

  test("without that tensor there are gradients", async () => {
    const { code, out } = await warpweave(
      "show",
      folder.write("rest.ts", declare('"input"')),
      "--grad",
    );
    expect(code).toBe(0);
    expect(out).toContain("grad_input");
  });
});
