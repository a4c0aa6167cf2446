// Files of other tools: read as they are written, written as their schemas say, and back.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import type { Key, Measurement, Status } from "../../generators/tune/database/record.ts";
import { checkCache, printCache, readCache } from "../../generators/tune/formats/kernelTuner.ts";
import { fromCache, fromT4, toCache, toT4 } from "../../generators/tune/formats/measurements.ts";
import { readExpr, readValues } from "../../generators/tune/formats/python.ts";
import { readMeasurements, readSpaceFile } from "../../generators/tune/formats/read.ts";
import { checkT1, readT1, writeT1 } from "../../generators/tune/formats/t1.ts";
import { checkT4, readT4, writeT4 } from "../../generators/tune/formats/t4.ts";
import { createRecording } from "../../generators/tune/replay/recording.ts";
import { hashSpace } from "../../generators/tune/space/hash.ts";
import type { Space } from "../../generators/tune/space/space.ts";

const data = new URL("data/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "warpweave-formats-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe("Python", () => {
  test.each<[string, readonly unknown[]]>([
    ["[16, 32]", [16, 32]],
    ["list(range(1, 9))", [1, 2, 3, 4, 5, 6, 7, 8]],
    ["[32 * i for i in range(1, 4)]", [32, 64, 96]],
    ["[1] + [2 * i for i in range(1, 4)]", [1, 2, 4, 6]],
    ["[i for i in range(10) if i % 3 == 0 and not i == 3]", [0, 6, 9]],
    ["range(6, 0, -2)", [6, 4, 2]],
    ["[2**i for i in range(4)]", [1, 2, 4, 8]],
    ["['a', \"b\"]", ["a", "b"]],
    ["['\\\\x', '\\n']", ["\\x", "\n"]],
    ["(True, False)", [true, false]],
    ["[1.5, -2]", [1.5, -2]],
  ])("the values of %s", (text, values) => {
    expect(readValues(text)).toEqual(values);
  });

  test.each([
    ["3", '"3" lists no values; a list is allowed, such as [16, 32]'],
    ["np.arange(3)", '"np.arange(3)" has np.arange(…), which is not understood'],
    ["range(0.5)", '"range(0.5)" has a range that is not of one to three whole numbers'],
    ["range(1, 5, 0)", "has a range that is not of one to three whole numbers"],
    ["range(10**9)", "lists more than 65536 values"],
    ["[1, 2", '"[1, 2" is no expression that is understood: Expected ]'],
    ["[i for i in range(3) for j in range(3)]", "Unclosed ["],
    ["sorted([2, 1])", '"sorted([2, 1])" has sorted(…), which is not understood'],
    ["[a]", '"[a]" has the name a, which is not understood'],
    ["['\\x41']", "has the escape \\x, which is not understood"],
    ["[[1], [2]]", '"[[1], [2]]" has a list, which is not understood'],
    ["[1,,2]", '"[1,,2]" is no expression that is understood: Nothing stands before a comma'],
    ["[1 / 0]", '"[1 / 0]" has the value NaN, which is not understood'],
    ["[1e999]", '"[1e999]" has the value Infinity, which is not understood'],
  ])("no values in %s", (text, message) => {
    expect(() => readValues(text)).toThrow(message);
  });

  test.each([
    ["a if b else c", '"a if b else c" is not one expression'],
    ["a = 3", '"a = 3" is no expression that is understood: Unexpected "="'],
    ["f(a) > 1", '"f(a) > 1" has f(…), which is not understood'],
    ["a & b", "is no expression that is understood"],
    ["lambda p: p", "is no expression that is understood"],
    ["(a > 1", "Unclosed ("],
    ["a >", "Expected expression after >"],
    ["", '"" is not one expression'],
    ["a.b[0] > 1", '"a.b[0] > 1" has a.b[…], which is not understood'],
    ["a in [1,,2]", "Nothing stands before a comma"],
  ])("no condition in %s", (text, message) => {
    expect(() => readExpr(text)).toThrow(message);
  });

  test("of a length that nothing can walk through is refused, and not repeated in full", () => {
    const text = Array(30_000).fill("a").join("+");
    const message = `"${text.slice(0, 99)}…" is no expression that is understood: it is nested too deeply`;
    expect(() => readExpr(text)).toThrow(message);
  });
});

describe("T1", () => {
  test.each(["convolution", "pnpoly"])("%s is the same space after a round trip", (name) => {
    const contents = readSpaceFile(`${data}${name}.T1.json`);
    const written = JSON.parse(JSON.stringify(writeT1(contents.space)));
    const again = readT1(checkT1(written));
    expect(again).toEqual(contents.space);
    expect(hashSpace(again)).toBe(hashSpace(contents.space));
  });

  test("types follow from values", () => {
    const parameters = [
      { name: "i", values: [1, 2] },
      { name: "f", values: [0.5, 1] },
      { name: "b", values: [false, true] },
      { name: "s", values: ["x", "y"] },
    ];
    const file = writeT1({ name: "k", parameters, constraints: [] });
    const types = file.ConfigurationSpace.TuningParameters.map(({ Type }) => Type);
    expect(types).toEqual(["int", "float", "bool", "string"]);
    expect(readT1(checkT1(file)).parameters).toEqual(parameters);
    const mixed = { name: "k", parameters: [{ name: "m", values: [1, "x"] }], constraints: [] };
    expect(() => writeT1(mixed)).toThrow("T1 has no parameters with values of several types");
  });

  test("what is no T1 is refused", () => {
    expect(() => checkT1({ ConfigurationSpace: {} })).toThrow("this is no T1 file");
    const spoken = writeT1({ name: "k", parameters: [], constraints: [] });
    const foreign = {
      ...spoken,
      KernelSpecification: { ...spoken.KernelSpecification, Language: "x" },
    };
    expect(() => checkT1(foreign)).toThrow("allowed values: OpenCL, CUDA, Vulkan, Hypertuner");
    const file = structuredClone(writeT1({ name: "k", parameters: [], constraints: [] }));
    const typed = {
      ...file,
      ConfigurationSpace: { TuningParameters: [{ Name: "a", Type: "int", Values: "[1.5]" }] },
    };
    expect(() => readT1(checkT1(typed))).toThrow("the parameter a is int, and 1.5 is not");
  });
});

const key: Key = {
  operator: "conv2d",
  role: "forward",
  present: [],
  kernel: "k",
  space: "s",
  target: "js",
  threads: 1,
  device: { device: "CPU", driver: "V8" },
  dtype: "f32",
  shape: { N: 1, C: 2 },
  offsets: "none",
  protocol: 1,
};
const space: Space = {
  name: "k",
  parameters: [
    { name: "a", values: [1, 2, 3, 4, 5, 6, 7, 8] },
    { name: "b", values: [true, false] },
  ],
  constraints: [],
};
const all: readonly Status[] = [
  ...(["correct", "correctness", "nondeterministic", "compile"] as const),
  ...(["runtime", "timeout", "memory", "suspect"] as const),
];
const measurements = all.map(
  (status, i): Measurement => ({
    kind: "measurement",
    key,
    configuration: { a: i + 1, b: i % 2 === 0 },
    status,
    ...(status === "correct" ? { median: 1.25, interval: [1.2, 1.3], samples: 9 } : { error: "x" }),
    spent: { compile: 10, verify: 2, measure: 30 },
    at: "2026-01-01T00:00:00.000Z",
  }),
);

describe("our measurements", () => {
  test("survive T4, which is as its schema says", () => {
    const file = JSON.parse(JSON.stringify(writeT4(toT4(measurements))));
    expect(fromT4(checkT4(file).results)).toEqual(measurements);
    const { entries, space: inferred } = readT4(checkT4(file), "x");
    expect(entries.filter(({ outcome }) => "cost" in outcome)).toEqual([
      {
        configuration: { a: 1, b: true },
        outcome: { cost: 1.25 },
        spent: { compile: 10, verify: 2, measure: 30 },
      },
    ]);
    expect(inferred.parameters.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("survive a cache of Kernel Tuner", () => {
    const text = printCache(toCache(space, measurements));
    const cache = checkCache(JSON.parse(text));
    expect(fromCache(cache)).toEqual(measurements);
    expect(Object.keys(cache.cache)[0]).toBe("1,True");
    const { entries } = readCache(cache);
    expect(entries[3]!.outcome).toEqual({ failed: "CompilationFailedConfig" });
    expect(entries.filter(({ outcome }) => "cost" in outcome)).toHaveLength(1);
  });

  test("single and last ones of a configuration are one entry of a cache, and both come back", () => {
    const [single] = measurements;
    const last = { ...single!, median: 1.5, final: true, at: "2026-01-01T00:00:09.000Z" } as const;
    const cache = checkCache(JSON.parse(printCache(toCache(space, [single!, last]))));
    expect(readCache(cache).entries.map(({ outcome }) => outcome)).toEqual([{ cost: 1.25 }]);
    expect(fromCache(cache)).toEqual([single, last]);
    const file = writeT4(toT4([single!, last]));
    expect(createRecording(readT4(file, "x")).best).toBe(1.25);
    expect(fromT4(file.results)).toEqual([last, single]);
  });

  test("that were changed, and those of other tools, are refused", () => {
    const foreign = checkCache({
      kernel_name: "k",
      tune_params_keys: ["a"],
      cache: { "1": { a: 1, time: 2.5 } },
    });
    expect(() => fromCache(foreign)).toThrow("the entry 1 is of another tool, which does not say");
    const [result] = toT4(measurements);
    const { warpweave: _, ...stripped } = { ...result!, warpweave: 0 };
    expect(() => fromT4([stripped])).toThrow("result 1 is of another tool");
    const wrong = { ...result!, warpweave: { ...measurements[0], status: "fine" } };
    expect(() => fromT4([wrong])).toThrow("result 1 is no measurement of ours: status must be");
  });

  test("of several kernels are no space to replay on", () => {
    const other = { ...measurements[0]!, key: { ...key, shape: { N: 2, C: 2 } } };
    const path = write("two.json", JSON.stringify(writeT4(toT4([...measurements, other]))));
    expect(() => readSpaceFile(path)).toThrow("results of 2 kernels, devices and shapes");
    expect(readMeasurements(path)).toHaveLength(measurements.length + 1);
  });
});

describe("units of T4", () => {
  const read = (...given: readonly (readonly [value: number, unit?: string])[]) => {
    const results = given.map(([value, unit], a) => ({
      configuration: { a },
      times: {},
      invalidity: "correct",
      correctness: 1,
      measurements: [{ name: "time", value, ...(unit !== undefined && { unit }) }],
    }));
    const { entries } = readT4(checkT4({ results }), "x");
    return entries.map(({ outcome }) => ("cost" in outcome ? outcome.cost : outcome.failed));
  };

  test("of times are milliseconds, whichever a file has", () => {
    expect(read([1.5], [2, "ms"], [3, "s"], [500, "us"], [1e6, "ns"], [4, ""])).toEqual([
      1.5, 2, 3000, 0.5, 1, 4,
    ]);
  });

  test("of other things are one, of which less is better", () => {
    expect(read([3, "J"], [4, "J"])).toEqual([3, 4]);
    expect(() => read([3, "J"], [4, "W"])).toThrow("the result 1 is in W, and others are in J");
    expect(() => read([3, "ms"], [4, "J"])).toThrow("the result 1 is in J, and others are in ms");
    expect(() => read([3, "J"], [4, "us"])).toThrow("the result 1 is in us, and others are in J");
    expect(read([3, "ms/sample"], [4, "ms/sample"])).toEqual([3, 4]);
    for (const unit of ["GFLOP/s", "GB / sec", "items per second"])
      expect(() => read([3, unit])).toThrow(`in ${unit}, of which more is better`);
  });
});

describe("files", () => {
  const head = '{"kernel_name": "k", "tune_params_keys": ["a"], "tune_params": {"a": [1, 2, 3]}, ';
  const entries =
    '"cache": {"1": {"a": 1, "time": 2.0, "power": NaN},\n"2": {"a": 2, "time": 1e20}';

  test.each([
    ["whole", "}}"],
    ["as it is while Kernel Tuner runs", ","],
    ["cut after an entry", ""],
    ["without the last bracket", "}"],
  ])("a cache %s is read", (_, end) => {
    const contents = readSpaceFile(write("a.json", head + entries + end));
    if (contents.kind !== "cache") throw new Error("no cache");
    expect(contents.measured.entries).toEqual([
      { configuration: { a: 1 }, outcome: { cost: 2 } },
      { configuration: { a: 2 }, outcome: { failed: "a time of 100000000000000000000" } },
    ]);
  });

  test("packed by gzip too, whatever they are called", () => {
    const path = write("packed", gzipSync(`${head + entries}}}`));
    expect(readSpaceFile(path).kind).toBe("cache");
  });

  test.each<[string, string | Buffer, string]>([
    ["no JSON", "hello", "is no JSON"],
    ["torn in an entry", head + entries.slice(0, -20), "is no JSON"],
    ["nothing known", "{}", "is none of the formats that are read"],
    ["a list", "[1]", "is none of the formats that are read"],
    ["damaged", gzipSync("{}").subarray(0, 12), "is packed by gzip, and damaged"],
    ["without names", '{"kernel_name": "k", "cache": {}}', "tune_params_keys is no list of names"],
    [
      "without a value",
      '{"kernel_name": "k", "tune_params_keys": ["a"], "cache": {"1": {"b": 1}}}',
      "the entry 1 has no value of a",
    ],
    ["a T4 that was cut off", '{"results": []', "is no JSON"],
    ["an empty T4", '{"results": []}', "has no results"],
    ["a wrong T4", '{"results": [{}]}', "this is no T4 file: results.0 must have"],
  ])("%s is refused", (_, content, message) => {
    expect(() => readSpaceFile(write("bad.json", content))).toThrow(message);
  });

  test("what is not there", () => {
    expect(() => readSpaceFile(join(folder, "none.json"))).toThrow("there is no file");
    expect(() => readSpaceFile(folder)).toThrow(`${folder} is a folder, not a file`);
  });
});
