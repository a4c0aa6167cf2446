// The text of modules of WebAssembly, and what it means: vectors, threads, pointers, the relaxed build.

import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { i32, type Nest } from "../../generators/ir/nest.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";
import { assemble } from "../../targets/wasm/assemble.ts";
import { openWasmInNode } from "../../targets/wasm/machine.ts";
import { hasFusible, relax } from "../../targets/wasm/relax.ts";
import { wasm } from "../../targets/wasm/target.ts";
import { pointwise, programOf } from "./emit.fixtures.ts";
import { buffer, f32, letBe, load, local, loop, op, set, store, v, when } from "./nest.fixtures.ts";
import { blockedProduct, multiply, planWith } from "./vectors.fixtures.ts";
import { engine } from "./wasm.fixtures.ts";

const numbers = (n: number, step: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * step) % 17) - 8);

describe("a product of matrices, in blocks of 3 by 8", () => {
  const [M, N, K] = [4, 6, 5];
  const a = numbers(M * 3 * K, 7);
  const b = numbers(K * N * 8, 5);
  const expected = multiply(a, b, K);
  const program = programOf(blockedProduct(3, 8), wasm);
  const job = {
    inputs: { a, b },
    scalars: { M, N, K, A: a.length, B: b.length, C: expected.length },
  };

  test.each([1, 2, 3])("is one on %i threads, each with a panel of its own", async (threads) => {
    const executor = await openWasmInNode(threads);
    const prepared = await executor.prepare!(program, job);
    for (let i = 0; i < 20; i++) {
      await prepared.run();
      expect([...(await prepared.read()).c!]).toEqual(expected);
    }
    await prepared.close();
    await executor.close();
  });

  test("has loads, products, moved pointers and a count in its inner loop, and nothing else", () => {
    const inner = /\(loop \$k_?\d*\n(?:(?!\(loop)[\s\S])*f32x4\.mul[\s\S]*?\(br_if/.exec(
      program.source,
    )!;
    expect(inner[0].match(/v128\.load(?:32_splat)?/g)).toHaveLength(2 + 3);
    expect(inner[0].match(/f32x4\.mul/g)).toHaveLength(6);
    expect(inner[0].match(/i32\.\w+/g)!.filter((name) => name !== "i32.const")).toEqual([
      "i32.add",
      "i32.add",
      "i32.add",
      "i32.add",
      "i32.add",
    ]);
  });

  test("keeps the count of steps amid the sums, so that engines count between them", () => {
    const order = program.source.match(/\((v128\.store|global\.set \$pace)/g)!;
    const at = order.indexOf("(global.set $pace");
    expect(order.slice(at - 3, at + 4)).toEqual([
      ...Array(3).fill("(v128.store"),
      "(global.set $pace",
      ...Array(3).fill("(v128.store"),
    ]);
    expect(program.source.match(/\(global \$pace /g)).toHaveLength(1);
  });

  test("has one instruction for x + a * b where vectors are relaxed", async () => {
    const text = relax(program.source);
    expect(text.match(/f32x4\.relaxed_madd/g)).toHaveLength(6);
    expect(text).not.toMatch(/f32x4\.(mul|add)/);
    expect(hasFusible(text)).toBe(false);
    // This engine may not know it, so the bytes are run by one that is told to.
    const bytes = Buffer.from(await assemble(text)).toString("base64");
    const script = `
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
      const bytes = Buffer.from("${bytes}", "base64");
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
      const at = (i) => 65536 + i * 8192;
      const place = (data, i) => new Float32Array(memory.buffer, at(i), data.length).set(data);
      place(${JSON.stringify([...a])}, 0);
      place(${JSON.stringify([...b])}, 1);
      const args = [0, 1, 2, 3].map(at);
      exports.product(...args, ${M}, ${N}, ${K}, 0, 100);
      console.log(JSON.stringify([...new Float32Array(memory.buffer, at(2), ${expected.length})]));`;
    const args = ["--experimental-wasm-relaxed-simd", "--input-type=module", "-e", script];
    const out = execFileSync(process.execPath, args, { encoding: "utf8" });
    expect(JSON.parse(out)).toEqual(expected);
  });

  test("is assembled to equal bytes", async () => {
    const [one, other] = [await assemble(program.source), await assemble(program.source)];
    expect(Buffer.from(one).equals(other)).toBe(true);
    expect(engine.validate(new Uint8Array(one))).toBe(true);
  });
});

test("sums of two products, and of products in either place, are relaxed", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => `(local.get $${name})`);
  const sum = (x: string, y: string) => `(f32x4.add ${x} ${y})`;
  const product = (x: string, y: string) => `(f32x4.mul ${x} ${y})`;
  const fused = (x: string, y: string, z: string) => `(f32x4.relaxed_madd ${x} ${y} ${z})`;
  expect(relax(sum(product(a!, b!), c!))).toBe(fused(a!, b!, c!));
  expect(relax(sum(c!, product(a!, b!)))).toBe(fused(a!, b!, c!));
  expect(relax(sum(product(a!, b!), product(b!, c!)))).toBe(fused(b!, c!, product(a!, b!)));
  expect(relax(sum(sum(a!, product(a!, b!)), product(b!, c!)))).toBe(
    fused(b!, c!, fused(a!, b!, a!)),
  );
  expect(relax(sum(a!, sum(b!, c!)))).toBe(sum(a!, sum(b!, c!)));
  expect(relax(`(f32.add ${a} (f32.mul ${b} ${c}))`)).toContain("f32.mul");
});

test("vectors choose, compare and convert lane by lane, as numbers do", async () => {
  const x = (): ReturnType<typeof v> => v("value", "f32");
  const body = loop("serial", "i", op("quot", v("N"), i32(4)), [
    loop("vector", "j", 4, [
      letBe("at", op("add", op("mul", v("i"), i32(4)), v("j"))),
      letBe("value", load("x", v("at"))),
      letBe("below", op("lt", x(), f32(1))),
      local("z", f32(0)),
      set("z", {
        kind: "select",
        cond: op("and", v("below", "bool"), op("not", op("le", x(), f32(-1)))),
        then: op("exp", x()),
        else: op("maximum", op("floorf", x()), op("neg", op("abs", x()))),
      }),
      store("y", v("at"), op("add", v("z", "f32"), op("roundf", op("mul", x(), f32(0.5))))),
    ]),
  ]);
  const nest: Nest = {
    name: "lanes",
    scalars: [{ name: "N", type: "i32" }],
    constants: [],
    buffers: [buffer("x", "global", "read", v("N")), buffer("y", "global", "write", v("N"))],
    group: 1,
    body: [body],
  };
  const plan = planWith(nest);
  const data = Float32Array.from([-7.5, -1, -0.5, 0.5, 0.75, 1, 2.5, 1e9]);
  const job = { inputs: { x: data }, scalars: { N: 8, X: 8, Y: 8 } };
  const expected = await openJs().run(programOf(plan, js), job);
  const found = await (await openWasmInNode()).run(programOf(plan, wasm), job);
  for (const [i, value] of expected.y!.entries()) expect(found.y![i]).toBeCloseTo(value, 5);
});

test("an address in a condition, or that steps change unevenly, is no pointer", async () => {
  const at = op("mul", v("i"), v("i"));
  const nest: Nest = {
    name: "squares",
    scalars: [{ name: "N", type: "i32" }],
    constants: [],
    buffers: [buffer("x", "global", "read", v("N")), buffer("y", "global", "write", v("N"))],
    group: 1,
    body: [
      loop("serial", "i", v("N"), [
        when(
          op("lt", at, v("N")),
          [store("y", v("i"), load("x", at))],
          [store("y", v("i"), load("x", op("sub", op("sub", v("N"), i32(1)), v("i"))))],
        ),
      ]),
    ],
  };
  const program = programOf(planWith(nest), wasm);
  expect(program.source).toContain("(i32.shl (i32.mul (local.get $i) (local.get $i))");
  const x = numbers(10, 3);
  const out = await (await openWasmInNode()).run(program, {
    inputs: { x },
    scalars: { N: 10, X: 10, Y: 10 },
  });
  expect([...out.y!]).toEqual([...x.keys()].map((i) => x[i * i < 10 ? i * i : 9 - i]));
});

test("what it has not is refused by name", () => {
  const half = pointwise("half", { x: "f32" }, { y: { dtype: "f32", value: f32(1) } }, false);
  const [step] = half.steps;
  if (step?.kind !== "launch") throw new Error("a launch was expected");
  const nest = { ...step.nest, body: [{ kind: "barrier" as const }] };
  expect(() => programOf({ ...half, steps: [{ ...step, nest }] }, wasm)).toThrow(
    "half: wasm has no barriers.",
  );
});
