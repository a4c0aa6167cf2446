import { describe, expect, test } from "vitest";
import { completeJob } from "../../targets/contract/job.ts";
import { shareWorkspaces } from "../../targets/contract/memory.ts";
import type { BufferUse, Entry, LaunchStep, Step } from "../../targets/contract/program.ts";
import { selectOutputs, stepsFor } from "../../targets/contract/wanted.ts";

const launch = (name: string, uses: Readonly<Record<string, BufferUse["access"]>>): LaunchStep => ({
  kind: "launch",
  function: name,
  buffers: Object.entries(uses).map(([buffer, access], binding) => ({
    name: buffer,
    access,
    binding,
  })),
  scalars: [],
  scalarsBinding: 9,
  group: 1,
  groups: "1",
  sharedBytes: 0,
});

const fill: Step = { kind: "fill", buffer: "a", value: 0, unless: "ADD" };
const shared = launch("shared", { x: "read", half: "write" });
const toA = launch("to_a", { half: "read", a: "update" });
const again = launch("again", { other: "read", a: "update" });
const others = launch("others", { x: "read", other: "write" });
const toBC = launch("to_bc", { x: "read", b: "write", c: "write" });

const output = (name: string) =>
  ({ name, role: "output", dtype: "f32", axes: [["N"], ["M"]], shape: ["N", "M + 1"] }) as const;

const entry: Entry = {
  operator: "test",
  kernel: "backward",
  name: "test_backward",
  present: [],
  tensors: [
    { name: "x", role: "input", dtype: "f32", axes: [["N"]], shape: ["N"] },
    output("a"),
    output("b"),
    output("c"),
  ],
  scalars: [
    { name: "N", type: "i32", from: "size" },
    { name: "M", type: "i32", from: "size" },
  ],
  constants: [{ name: "ADD", option: "accumulate", values: ["overwrite", "add"], default: 0 }],
  accumulate: "ADD",
  workspaces: [
    { name: "half", dtype: "f32", elements: "N" },
    { name: "other", dtype: "f32", elements: "N" },
  ],
  sizes: [],
  steps: [shared, others, fill, toA, again, toBC],
};

describe("the steps that outputs need", () => {
  test("are those that write them, and what these read", () => {
    expect(stepsFor(entry.steps, ["a"])).toEqual([shared, others, fill, toA, again]);
    expect(stepsFor(entry.steps, ["b"])).toEqual([toBC]);
    expect(stepsFor(entry.steps, ["half"])).toEqual([shared]);
    expect(stepsFor(entry.steps, ["a", "c"])).toEqual(entry.steps);
  });

  test("are an entry of their own, with the memory that they use", () => {
    expect(selectOutputs(entry)).toBe(entry);
    expect(selectOutputs(entry, ["c", "a", "b"])).toBe(entry);
    const some = selectOutputs(entry, ["b"]);
    expect(some.steps).toEqual([toBC]);
    expect(some.tensors.map(({ name }) => name)).toEqual(["x", "b"]);
    // One launch writes both, so there is memory for the other one.
    expect(some.workspaces).toEqual([{ name: "c", dtype: "f32", elements: "(N) * (M + 1)" }]);
    expect(selectOutputs(entry, ["a"]).workspaces).toEqual(entry.workspaces);
  });

  test("of what is no output", () => {
    expect(() => selectOutputs(entry, ["a", "x"])).toThrow(
      "test_backward has no output x; it has a, b, c.",
    );
    expect(() => selectOutputs(entry, [])).toThrow(
      "test_backward: no output is wanted; there are a, b, c.",
    );
  });
});

describe("a job", () => {
  const inputs = { x: new Float32Array(2) };
  const scalars = { N: 2, M: 1 };
  const a = Float32Array.of(1, 2, 3, 4);

  test("for some outputs has no others", () => {
    const complete = completeJob(entry, { inputs, scalars, wanted: ["b"] });
    expect([...complete.sizes.keys()]).toEqual(["x", "b", "c"]);
    expect(complete.initial).toEqual({});
    expect(complete.constants).toEqual({ ADD: 0 });
  });

  test("that adds to outputs begins with copies of them, and zeros in the rest", () => {
    const complete = completeJob(entry, { inputs, scalars, initial: { a }, wanted: ["a", "b"] });
    expect(complete.constants).toEqual({ ADD: 1 });
    expect(complete.initial).toEqual({ a, b: new Float32Array(4) });
    expect(complete.initial.a).not.toBe(a);
    expect(completeJob(entry, { inputs, scalars, initial: {} }).constants).toEqual({ ADD: 0 });
    // Nothing to add to is given, so all begins with 0.
    const asked = completeJob(entry, { inputs, scalars, constants: { ADD: 1 }, wanted: ["a"] });
    expect(asked.initial).toEqual({ a: new Float32Array(4) });
  });

  test.each([
    ["test_backward cannot add to x; it gives a, b, c.", { x: a }, entry],
    ["test_backward: a has 3 elements; its shape (N, M + 1) has 4.", { a: a.slice(1) }, entry],
    [
      "test_backward: a is a Int32Array; f32 takes a Float32Array.",
      { a: new Int32Array(4) },
      entry,
    ],
    [
      "test_backward overwrites its outputs; it cannot add to what is in them.",
      { a },
      (({ accumulate: _, ...rest }) => rest)(entry),
    ],
  ])("that cannot: %s", (sentence, initial, of) => {
    expect(() => completeJob(of, { inputs, scalars, initial })).toThrow(sentence);
  });

  test("that adds to what is not wanted", () => {
    expect(() =>
      completeJob(entry, { inputs, scalars, initial: { a }, wanted: ["b", "c"] }),
    ).toThrow("test_backward cannot add to a; it gives b, c.");
  });
});

describe("workspaces", () => {
  const named = (groups: ReturnType<typeof shareWorkspaces>) =>
    groups.map((group) => group.map(({ name }) => name));

  test("that are in use at different times can be one piece of memory", () => {
    // `half` is done with before `again` reads `other`, but `other` is written before that.
    expect(named(shareWorkspaces(entry))).toEqual([["half"], ["other"]]);
    const apart = { ...entry, steps: [shared, fill, toA, others, again, toBC] };
    expect(named(shareWorkspaces(apart))).toEqual([["half", "other"]]);
    const touching = {
      ...entry,
      steps: [shared, launch("both", { half: "read", other: "write" })],
    };
    expect(named(shareWorkspaces(touching))).toEqual([["half"], ["other"]]);
  });
});
