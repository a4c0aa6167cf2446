// The instructions of PTX as the interpreter executes them, one at a time, against vectors from the ISA's text.

import { describe, expect, test } from "vitest";
import { findForm, forms } from "../../targets/cuda/ptx/table.ts";
import { sequences } from "./ptx-sequences.fixtures.ts";
import { tables, vectorOps } from "./ptx-tables.fixtures.ts";
import { runSequence, runVector } from "./ptx-vectors.fixtures.ts";

describe.each(Object.entries(tables))("%s", (_, vectors) => {
  test.each(vectors.map((v) => [v.op, v] as const))("%s", (_, of) => {
    const { got, want } = runVector(of);
    expect(got).toEqual(want);
  });
});

describe("sequences", () => {
  test.each(sequences.map((s) => [s.ops.join(", "), s] as const))("%s", (_, of) => {
    expect(runSequence(of)).toEqual(of.gives);
  });
});

const rowOf = (op: string) => {
  const [opcode = "", ...modifiers] = op.split(".");
  return findForm({ line: 0, text: op, opcode, modifiers, operands: [] }).form;
};

const vectors = Object.values(tables).flat();

test("vectors name the section of their row", () => {
  const wrong = vectors.filter(({ op, section }) => rowOf(op).section !== section);
  expect(wrong.map(({ op }) => op)).toEqual([]);
});

test("every row of the table has a vector", () => {
  const tested = new Set([...vectorOps].map(rowOf));
  const named = (form: (typeof forms)[number]) => `${form.opcode} ${form.grammar}`;
  expect(forms.filter((form) => !tested.has(form)).map(named)).toEqual([]);
});
