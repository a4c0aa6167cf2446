// Which loops are added up in lanes: what a choice sets must be of its step alone.

import { describe, expect, it } from "vitest";
import { type Block, i32, type Nest } from "../../generators/ir/nest.ts";
import { sumInLanes } from "../../generators/schedule/sums.ts";
import { buffer, f32, letBe, load, local, loop, op, set, store, v, when } from "./nest.fixtures.ts";

const sum = (name: string) => v(name, "f32");
const size = 10;

/** A sum of neighbours, in whose steps more is done. */
const nestOf = (...step: Block): Nest => ({
  name: "summed",
  scalars: [],
  constants: [],
  group: 1,
  buffers: [buffer("x", "global", "read", size), buffer("y", "global", "write", 2)],
  body: [
    letBe("few", op("lt", load("x", i32(0)), f32(1))),
    local("total", f32(0)),
    local("other", f32(0)),
    loop("serial", "i", size, [...step, set("total", op("add", sum("total"), load("x", v("i"))))]),
    store("y", i32(0), sum("total")),
    store("y", i32(1), sum("other")),
  ],
});

const few = v("few", "bool");
const more = (name: string) => set(name, op("add", sum(name), load("x", v("i"))));

describe("sums in lanes", () => {
  it("are of steps whose choices set what is their own", () => {
    const own = nestOf(local("mine", f32(0)), when(few, [set("mine", load("x", v("i")))]));
    expect(sumInLanes(own, 4).buffers.length).toBeGreaterThan(own.buffers.length);
  });
  it("are not of steps whose choices set what outlives them", () => {
    const kept = nestOf(when(few, [more("other")]));
    expect(sumInLanes(kept, 4)).toEqual(kept);
  });
});
