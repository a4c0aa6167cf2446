import { expect, test } from "vitest";
import { describePart, parseShard, shareOut } from "../../generators/cli/shard.ts";

test("shares are all parts, each once, and as even as can be", () => {
  const parts = [0, 1, 2, 3, 4, 5, 6];
  const shares = ["1/3", "2/3", "3/3"].map((text) => shareOut(parts, parseShard(text)));
  expect(shares).toEqual([
    [0, 5],
    [1, 3],
    [2, 4, 6],
  ]);
  expect(shareOut(parts, parseShard(undefined))).toEqual(parts);
  expect(shareOut([], parseShard(undefined))).toEqual([]);
});

test("results and gradients, which follow each other, are in each share", () => {
  const parts = ["a", "b", "c", "d"].flatMap((name) => [name, `${name}_backward`]);
  for (const count of [2, 4])
    for (let index = 1; index <= count; index++) {
      const share = shareOut(parts, { index, count });
      expect(share).toHaveLength(parts.length / count);
      expect(share.filter((name) => name.endsWith("_backward"))).toHaveLength(share.length / 2);
    }
});

test.each(["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/2", ""])("%j is no share", (text) => {
  expect(() => parseShard(text)).toThrow(/cannot be read; write which share of how many/);
});

test("more shares than parts are refused", () => {
  expect(() => shareOut([1], parseShard("1/2"))).toThrow(
    /leave shares empty: 1 part can be shared out among 1 at most$/,
  );
});

test("what is left is judged by what is done", () => {
  expect(describePart(0, 6, 0)).toBe("1 of 6");
  expect(describePart(2, 6, 120_000)).toBe("3 of 6, about 4 min left");
});
