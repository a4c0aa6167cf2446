import { expect, test } from "vitest";
import { foldNest } from "../../generators/emit/fold.ts";
import { i32 } from "../../generators/ir/nest.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { everything, programOf } from "./emit.fixtures.ts";
import { assemble, execute } from "./emit.machine.ts";
import { load, planOf, v } from "./nest.fixtures.ts";

const nest = everything();
const x = Float32Array.from([1.5, -2, 0.25, 4, -8, 3, -0.5, 7, 100]);

/** The same by plain loops. */
function expected(mode: number, scale: number): number[] {
  return [...x].map((value, i) => {
    let total = 0;
    for (let k = 0; k < i % 4; k++) total = k === 2 ? total - value : total + value * scale;
    return (value < 0 && mode !== 1 ? -1 : 1) * total;
  });
}

test.each([0, 1])("a stack machine is an instance of the fold (mode %i)", (MODE) => {
  const y = new Float64Array(x.length);
  execute(assemble(nest), { x, y }, { N: x.length, scale: 0.5, MODE });
  expect([...y]).toEqual(expected(MODE, 0.5));
});

test.each([0, 1])("text is another, with the same results (mode %i)", async (MODE) => {
  const plan = planOf(nest, 1, {
    scalars: [
      { name: "N", type: "i32", from: "size" },
      { name: "scale", type: "f32", from: "attr" },
    ],
    options: [{ name: "mode", constant: "MODE", values: ["signed", "plain"], default: 0 }],
  });
  const buffers = plan.buffers.map((b) => ({ ...b, axes: [["N"]] }));
  const job = { inputs: { x }, scalars: { N: x.length, scale: 0.5 }, constants: { MODE } };
  const outputs = await openJs().run(programOf({ ...plan, buffers }, js), job);
  expect([...(outputs.y ?? [])]).toEqual(expected(MODE, 0.5));
});

test("the machine notices a wrong instruction", () => {
  const code = assemble(nest).map((i) =>
    i.do === "op" && i.op === "sub" ? { ...i, op: "add" as const } : i,
  );
  const y = new Float64Array(x.length);
  execute(code, { x, y }, { N: x.length, scale: 0.5, MODE: 0 });
  expect([...y]).not.toEqual(expected(0, 0.5));
});

test("a buffer that the nest does not have is refused", () => {
  const wrong = { ...nest, body: [{ kind: "set" as const, name: "t", value: load("z", i32(0)) }] };
  expect(() => assemble(wrong)).toThrow("everything uses z, which is no buffer of it.");
});

test("operands come folded, in order, with the operands' type", () => {
  const seen: string[] = [];
  const note = (text: string): string => {
    seen.push(text);
    return text;
  };
  foldNest(
    {
      ...nest,
      body: [
        {
          kind: "set",
          name: "t",
          value: { kind: "op", op: "lt", type: "bool", args: [v("p", "f32"), v("q", "f32")] },
        },
      ],
    },
    {
      const: String,
      variable: (name) => note(name),
      load: () => "",
      op: (op, args, of) => note(`${op} ${args.join()} ${of}`),
      cast: () => "",
      select: () => "",
      splat: () => "",
      lane: () => "",
      for: () => "",
      if: () => "",
      let: () => "",
      local: () => "",
      set: (name, value) => note(`${name}: ${value}`),
      store: () => "",
      accumulate: () => "",
      barrier: () => "",
      block: (statements) => statements.join(),
    },
  );
  expect(seen).toEqual(["p", "q", "lt p,q f32", "t: lt p,q f32"]);
});
