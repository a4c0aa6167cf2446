import { expect, test } from "vitest";
import { dropUnused } from "../../generators/emit/unused.ts";
import type { Stmt } from "../../generators/ir/nest.ts";
import { f32, letBe, load, local, loop, op, set, store, v } from "./nest.fixtures.ts";

const write = (value: Parameters<typeof store>[2]): Stmt => store("y", v("i"), value);

test("values that nothing needs go, with those that only they needed", () => {
  const used = letBe("a", load("x", v("i")));
  const block = [used, letBe("b", v("a")), letBe("c", v("b")), write(v("a"))];
  expect(dropUnused(block)).toEqual([used, write(v("a"))]);
});

test("what a step leaves for the next stays, also where it is read first", () => {
  const block = [
    local("last", f32(0)),
    loop("serial", "i", 4, [write(v("last")), set("last", load("x", v("i")))]),
  ];
  expect(dropUnused(block)).toEqual(block);
});

test("sums that only add to themselves go, and their loops, and what only those needed", () => {
  const sum = loop("serial", "k", v("n", "i32"), [set("sum", op("add", v("sum"), f32(1)))]);
  const block = [letBe("n", load("x", v("i"))), local("sum", f32(0)), sum, write(f32(1))];
  expect(dropUnused(block)).toEqual([write(f32(1))]);
});

test("a choice that does nothing goes; one that waits for threads stays", () => {
  const choice = (then: readonly Stmt[]): Stmt => ({
    kind: "if",
    cond: op("lt", v("i"), v("n")),
    then,
    else: [letBe("unused", f32(1))],
  });
  const barrier: Stmt = { kind: "barrier" };
  expect(dropUnused([choice([letBe("other", f32(2))]), write(f32(1))])).toEqual([write(f32(1))]);
  expect(dropUnused([choice([barrier])])).toEqual([{ ...choice([barrier]), else: [] }]);
});
