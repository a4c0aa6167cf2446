// Conditions that read nothing, and conditions that read so much that they refuse late.

import { describe, expect, test } from "vitest";
import { readExpr } from "../../generators/tune/formats/python.ts";
import { pruneConstraints } from "../../generators/tune/kernels/prune.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";

describe("conditions without parameters", () => {
  const parameters = [
    { name: "a", values: [1, 2, 3] },
    { name: "b", values: [1, 2] },
  ];
  const prune = (...conditions: readonly string[]) => {
    const constraints = conditions.map((text) => ({ holds: readExpr(text) }));
    const space = { name: "s", parameters, constraints };
    return pruneConstraints(space, enumerate(space));
  };

  test("refuse nothing or all, and are counted so", () => {
    expect(prune("True", "a > 1")).toMatchObject([
      { constraint: "True", refuses: 0, alone: 0 },
      { refuses: 2, alone: 2 },
    ]);
    expect(prune("1 > 2")).toMatchObject([{ refuses: 6, alone: 6 }]);
  });
});

test("conditions that refuse at the last of many parameters only are refused in time", () => {
  const names = Array.from({ length: 30 }, (_, i) => `p${i}`);
  const parameters = names.map((name) => ({ name, values: [0, 1] }));
  const constraints = [{ holds: readExpr(`${names.join(" + ")} > 30`) }];
  const space = { name: "late", parameters, constraints };
  expect(() => enumerate(space, undefined, 10_000)).toThrow(
    "the space late: 10000 choices of values led to 0 valid configurations",
  );
  const early = {
    ...space,
    constraints: names.map((name) => ({ holds: readExpr(`${name} < 1`) })),
  };
  expect(enumerate(early, undefined, 10_000).size).toBe(1);
});
