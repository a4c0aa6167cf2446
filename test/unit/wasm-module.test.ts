// A module of WebAssembly as an application uses it: the same calls, results and sentences as in JavaScript.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openOperator } from "../../generators/cli/operators.ts";
import { compile } from "../../generators/compile.ts";
import { js } from "../../targets/js/target.ts";
import { engine, type Shipped, ship, type Tensor, tensorOf } from "./wasm.fixtures.ts";

const tensors = {
  input: tensorOf([2, 3, 7, 6], (i) => Math.sin(i)),
  weight: tensorOf([4, 3, 3, 3], (i) => Math.cos(i * 3)),
};
const attributes = { padding: 1, stride: 2 };

const serial = { name: "serial", steps: [] } as const;

type Calls = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

/** The module in JavaScript, from its text. */
async function importJs(): Promise<Calls> {
  const { files } = compile(openOperator("conv2d"), js, { schedule: serial });
  const text = files.get("js/conv2d.js")!;
  return import(`data:text/javascript,${encodeURIComponent(text)}`);
}

const messageOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  throw new Error("an error was expected");
};

function expectClose(found: unknown, expected: unknown): void {
  const [a, b] = [found as Tensor, expected as Tensor];
  expect(a.shape).toEqual(b.shape);
  expect(a.data).toBeInstanceOf(Float32Array);
  expect(b.data.some((v) => v !== 0)).toBe(true);
  for (const [i, v] of b.data.entries()) expect(Math.abs(a.data[i]! - v)).toBeLessThan(1e-5);
}

let conv2d: Shipped;
let plain: Calls;
beforeAll(async () => {
  // By default its outermost loops are shared out among the threads, each with memory of its own.
  [conv2d, plain] = [await ship("conv2d"), await importJs()];
  expect(conv2d.compiled.printed.schedule).toContain("parallel");
  const { entry } = conv2d.compiled.programs[0]!;
  expect(entry.workspaces.some(({ perWorker }) => perWorker)).toBe(true);
});
afterAll(() => conv2d.remove());

describe.each([1, 2])("on %i threads", (threads) => {
  test("a call gives what JavaScript gives, and again", async () => {
    const loaded = await conv2d.load({ threads });
    expect([loaded.threads, loaded.why]).toEqual([threads, undefined]);
    const expected = plain.conv2d!(tensors, attributes);
    expectClose(loaded.call(tensors, attributes), expected);
    const before = loaded.memory.bytes;
    for (let i = 0; i < 20; i++) expectClose(loaded.call(tensors, attributes), expected);
    expect(loaded.memory.bytes).toBe(before);
    await loaded.close();
    expectClose(loaded.call(tensors, attributes), expected);
  });

  test("tensors in its memory are used where they are, and survive its growth", async () => {
    const loaded = await conv2d.load({ threads });
    const input = loaded.memory.allocate(tensors.input.shape);
    input.data.set(tensors.input.data);
    const expected = plain.conv2d!(tensors, attributes);
    expectClose(loaded.call({ ...tensors, input }, attributes), expected);
    const before = loaded.memory.bytes;
    const large = loaded.memory.allocate([1000, 1000]);
    expect(loaded.memory.bytes).toBeGreaterThan(before);
    expectClose(loaded.call({ ...tensors, input }, attributes), expected);
    const grown = loaded.memory.bytes;
    loaded.memory.free(large);
    loaded.memory.free(loaded.memory.allocate([1000, 1000]));
    expect(loaded.memory.bytes).toBe(grown);
    loaded.memory.free(input);
    expect(() => input.data).toThrow("This tensor was freed.");
    expect(() => loaded.memory.free(input)).toThrow("This is no tensor of this memory");
    await loaded.close();
  });
});

test("a call after a close that is not awaited needs no threads", async () => {
  const loaded = await conv2d.load({ threads: 3 });
  const closing = loaded.close();
  expectClose(loaded.call(tensors, attributes), plain.conv2d!(tensors, attributes));
  await closing;
});

test("weights may be kept, as they are when a call is prepared", async () => {
  const loaded = await conv2d.load({ threads: 2 });
  const { steps } = conv2d.compiled.programs[0]!.entry;
  expect(conv2d.compiled.files.get("wasm/conv2d.js")).toContain('from: ["weight"]');
  expect(steps.length).toBeGreaterThan(1);
  const weight = tensorOf(tensors.weight.shape, (i) => tensors.weight.data[i]!);
  const kept = loaded.prepare({ ...tensors, weight }, attributes, ["weight"]);
  weight.data.fill(0);
  for (const shift of [0, 3]) {
    const input = tensorOf(tensors.input.shape, (i) => Math.sin(i + shift));
    expectClose(kept.run({ input }), plain.conv2d!({ ...tensors, input }, attributes));
    // Others use the memory in between, which grows.
    loaded.memory.allocate([100_000]);
    loaded.call({ ...tensors, weight: tensorOf(weight.shape, () => 1) }, attributes);
  }
  expect(messageOf(() => kept.run(tensors))).toMatch(/^TypeError: weight is constant in this call/);
  expect(messageOf(() => kept.run())).toBe("TypeError: conv2d needs the tensor input.");
  const other = { input: tensorOf([1, 3, 7, 6], () => 1) };
  expect(messageOf(() => kept.run(other))).toMatch(/^RangeError: The tensors have other shapes/);
  expect(messageOf(() => loaded.prepare(tensors, attributes, ["bias"]))).toMatch(
    /^TypeError: "?bias"? cannot be constant; tensors given are input, weight\.$/,
  );
  kept.close();
  expect(messageOf(() => kept.run({ input: tensors.input }))).toBe(
    "TypeError: This call was closed.",
  );
});

test("what does not fit is refused in the same sentences", async () => {
  const loaded = await conv2d.load();
  const wrong: readonly (readonly unknown[])[] = [
    [null],
    [{ input: tensors.input }],
    [{ ...tensors, input: tensorOf([2, 3, 7], () => 0) }],
    [{ ...tensors, weight: tensorOf([4, 2, 3, 3], () => 0) }],
    [{ ...tensors, weight: { data: [1], shape: [4, 3, 3, 3] } }],
    [tensors, { stride: 0 }],
    [tensors, { strides: 1 }],
  ];
  for (const args of wrong) {
    const said = messageOf(() => plain.conv2d!(...args));
    expect(messageOf(() => loaded.call(...(args as [object])))).toBe(said);
  }
});

describe("memory that there is not", () => {
  test("is refused by name; nothing is lost, and the next call works", async () => {
    const loaded = await conv2d.load();
    // An output of 5 GiB, of an input that is small.
    const huge = {
      input: tensorOf([1, 1, 1, 1], () => 1),
      weight: tensorOf([1, 1, 1, 1], () => 1),
    };
    const before = loaded.memory.bytes;
    const size = 36_600;
    expect(messageOf(() => loaded.call(huge, { padding: (size - 1) / 2 - 0.5 }))).toMatch(
      /^RangeError: conv2d: output takes 5\.0 GiB beside .*; a memory of WebAssembly has at most 4\.0 GiB\.$/,
    );
    expect(messageOf(() => loaded.memory.allocate([2 ** 31]))).toMatch(
      /^RangeError: A tensor of shape \(2147483648\) takes 8\.0 GiB/,
    );
    expect(loaded.memory.bytes).toBe(before);
    expectClose(loaded.call(tensors, attributes), plain.conv2d!(tensors, attributes));
    expect(messageOf(() => loaded.memory.allocate([-1] as number[]))).toMatch("must be a list");
  });
});

test("the bytes may come from elsewhere, and options are checked", async () => {
  const bytes = readFileSync(`${conv2d.folder}/conv2d.wasm`);
  const loaded = await conv2d.load({ source: bytes });
  expectClose(loaded.call(tensors, attributes), plain.conv2d!(tensors, attributes));
  const response = new Response(bytes, { headers: { "content-type": "application/wasm" } });
  expect((await conv2d.load({ source: response, threads: 2 })).threads).toBe(2);
  for (const [options, said] of [
    [{ source: 3 }, "source must be a URL, a Response, or the bytes of a module."],
    [{ threads: 0 }, "threads is 0; it must be a whole number from 1 to 256."],
    [{ relaxed: 1 }, "relaxed is 1; it must be true or false."],
    [{ thread: 1 }, "There is no option thread; there are source, threads and relaxed."],
  ] as const)
    await expect(conv2d.load(options)).rejects.toThrow(said);
});

test("a text is a path in Node, or a URL", async () => {
  const path = `${conv2d.folder}/conv2d.wasm`;
  for (const source of [path, pathToFileURL(path).href]) {
    const loaded = await conv2d.load({ source });
    expectClose(loaded.call(tensors, attributes), plain.conv2d!(tensors, attributes));
  }
  await expect(conv2d.load({ source: "no/such.wasm" })).rejects.toThrow(
    "The module no/such.wasm cannot be read: ENOENT",
  );
});

test("relaxed vectors are refused in a sentence where the engine does not know them", async () => {
  const validate = vi.spyOn(engine, "validate").mockReturnValue(false);
  try {
    expect((await conv2d.load()).relaxed).toBe(false);
    await expect(conv2d.load({ relaxed: true })).rejects.toThrow(
      "This engine does not know the relaxed vectors; relaxed must be false here.",
    );
  } finally {
    validate.mockRestore();
  }
});

test("results of gradients may be chosen, and added to", async () => {
  const shipped = await ship("conv2d", { grad: true, schedule: serial });
  const loaded = await shipped.load();
  const given = { ...tensors, grad_output: tensorOf([2, 4, 4, 3], (i) => Math.sin(i * 5)) };
  const all = loaded.call(given, attributes) as Record<string, Tensor>;
  expect(Object.keys(all)).toEqual(["grad_input", "grad_weight"]);
  const one = loaded.call(given, attributes, { wanted: ["grad_weight"] }) as Record<string, Tensor>;
  expect(one).toEqual({ grad_weight: all.grad_weight });
  const grad_input = new Float32Array(all.grad_input!.data.length).fill(1);
  const own = loaded.memory.allocate(all.grad_weight!.shape);
  own.data.fill(2);
  const accumulate = { grad_input, grad_weight: own.data };
  const added = loaded.call(given, attributes, { accumulate }) as Record<string, Tensor>;
  expect(added.grad_input!.data).toBe(grad_input);
  const [first, second] = [all.grad_input!.data, all.grad_weight!.data];
  expect([...grad_input].every((v, i) => Math.abs(v - 1 - first[i]!) < 1e-5)).toBe(true);
  expect([...own.data].every((v, i) => Math.abs(v - 2 - second[i]!) < 1e-5)).toBe(true);
  // A view ends where the memory grows in the call.
  const before = loaded.memory.bytes;
  const large = {
    ...tensors,
    input: tensorOf([2, 3, 160, 160], (i) => Math.sin(i)),
    grad_output: tensorOf([2, 4, 80, 80], (i) => Math.sin(i * 5)),
  };
  const wanted = ["grad_weight"];
  own.data.fill(0);
  const choice = { wanted, accumulate: { grad_weight: own.data } };
  const ended = loaded.call(large, attributes, choice) as Record<string, Tensor>;
  expect(loaded.memory.bytes).toBeGreaterThan(before);
  expect(ended.grad_weight!.data).toEqual(own.data);
  expect(loaded.call(large, attributes, { wanted })).toEqual(ended);
  await shipped.remove();
});
