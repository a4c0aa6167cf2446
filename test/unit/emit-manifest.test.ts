import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OperatorSource } from "../../generators/compile.ts";
import { scalarName } from "../../generators/emit/signature.ts";
import { compareFiles, writeFiles } from "../../generators/emit/write.ts";
import { generateAll, makeBinaries } from "../../generators/generate.ts";
import { make } from "../../generators/ir/build.ts";
import { attr, constant } from "../../generators/ir/expr.ts";
import { hashKernel } from "../../generators/ir/hash.ts";
import { type Kernel, scalarsOf } from "../../generators/ir/kernel.ts";
import { i32 } from "../../generators/ir/nest.ts";
import type { Plan } from "../../generators/ir/plan.ts";
import { abiVersion, compareAbi, fingerprint } from "../../generators/manifest/abi.ts";
import { formatJson } from "../../generators/manifest/json.ts";
import type { Manifest } from "../../generators/manifest/manifest.ts";
import { manifestSchema } from "../../generators/manifest/schema.ts";
import { describeTolerance } from "../../generators/manifest/tolerance.ts";
import { targets as all, targetsByName } from "../../targets/registry.ts";

/** The kernel of these tests has groups, which gpu.js has not. */
const targets = all.filter((t) => t.name !== "gpujs");

import { kernelFor, tensors } from "./emit.declared.ts";
import { pointwise } from "./emit.fixtures.ts";
import { load, op, v } from "./nest.fixtures.ts";

const operator: OperatorSource = {
  name: "pick",
  doc: "Picks.",
  tensors,
  variants: [[], ["bias"]],
  differentiable: [],
  kernel: kernelFor,
};

/** A plan of two launches and a fill, over a workspace. */
function planFor(present: readonly string[], threads: boolean): Plan {
  const name = ["pick", ...present].join("_");
  const doubled = op("add", load("input", v("i")), load("input", v("i")));
  const first = pointwise(
    `${name}_first`,
    { input: "f32" },
    { half: { dtype: "f32", value: doubled } },
    threads,
  );
  const last = pointwise(
    name,
    { half: "f32" },
    { output: { dtype: "f32", value: load("half", v("i")) } },
    threads,
  );
  const roles = { input: "input", half: "workspace", output: "output" } as const;
  const buffers = [...first.buffers, ...last.buffers.slice(1)].map((b) => ({
    ...b,
    role: roles[b.name as keyof typeof roles],
    axes: b.name === "half" ? [] : [["N"]],
  }));
  return {
    ...last,
    operator: "pick",
    name,
    present,
    options: [{ name: "mode", constant: "MODE", values: ["low", "high"], default: 0 }],
    buffers,
    sizes: [{ axis: "M", is: op("add", v("N"), i32(1)) }],
    steps: [...first.steps, { kind: "fill", buffer: "output", value: 0 }, ...last.steps],
  };
}

const generate = () =>
  generateAll([operator], targets, (_, { capabilities }) => ({
    nameFor: () => "by hand",
    plan: ({ present }) => planFor(present, capabilities.groups),
  }));

const ajv = new Ajv({ strict: false });
const validate = ajv.compile(manifestSchema);

describe("the manifest", () => {
  const { files, binaries, manifest } = generate();
  const parsed = JSON.parse(files.get("manifest.json")!) as Manifest;

  test("follows its published schema", () => {
    validate(parsed);
    expect(validate.errors).toBeNull();
    expect(JSON.parse(files.get("manifest.schema.json")!)).toEqual(manifestSchema);
    expect(parsed).toEqual(manifest);
  });

  test("a wrong one does not", () => {
    const wrong = structuredClone(parsed) as { operators: Record<string, { doc?: string }> };
    delete wrong.operators.pick!.doc;
    expect(validate(wrong)).toBe(false);
    expect(validate({ ...parsed, more: 1 })).toBe(false);
    expect(
      validate(JSON.parse(files.get("manifest.json")!.replaceAll("ceilDiv", "ceil;div"))),
    ).toBe(false);
  });

  test("is written so that it reads back the same", () => {
    const odd = {
      a: [],
      b: {},
      c: "x\n  y",
      d: [null, -1.5e-9, true, "\\n"],
      e: "l".repeat(120),
      f: undefined,
    };
    const big = [odd, { deep: [odd, odd] }];
    for (const levels of [0, 1, 3, undefined])
      expect(JSON.parse(formatJson(big, levels))).toEqual(JSON.parse(JSON.stringify(big)));
    expect(formatJson(big, 0)).not.toContain("\n");
    expect(formatJson(big, 1).split("\n")).toHaveLength(4);
  });

  test("names files that exist, and every file is one of them", () => {
    const named = Object.values(parsed.operators.pick!.kernels.forward!.targets).flatMap(
      (t) => t.files,
    );
    // The adapter for TensorFlow.js is a package of its own, beside the kernels.
    const kernels = [...files.keys()].filter(
      (path) => !path.startsWith("tfjs/") && binaries.every(({ from }) => from !== path),
    );
    const all = [...kernels, ...binaries.map(({ path }) => path)].sort();
    const index = ["js/index.d.ts", "js/index.js"];
    const tables = ["abi.json", "manifest.json", "manifest.schema.json"];
    expect([...named, ...index, ...tables].sort()).toEqual(all);
  });

  test("says its licence, as every file does whose format has comments", () => {
    const line = "SPDX-License-Identifier: MIT-0";
    const starts: Readonly<Record<string, string>> = {
      ...Object.fromEntries(["js", "ts", "wgsl", "cu", "c", "h", "cuh"].map((e) => [e, "// "])),
      ...{ md: "<!-- ", wat: ";; " },
    };
    const found = new Set<string>();
    for (const [path, text] of files) {
      const ending = path.slice(path.lastIndexOf(".") + 1);
      if (ending === "json") continue;
      expect(text.slice(0, 60), path).toContain(`${starts[ending]}${line}`);
      expect(text.indexOf(line), path).toBeLessThan(6);
      found.add(ending);
    }
    expect([...found]).toEqual(expect.arrayContaining(["js", "ts", "wgsl", "cu", "c", "h", "wat"]));
    expect(parsed.license).toBe("MIT-0");
    expect(manifestSchema.$comment).toBe(line);
    const about = JSON.parse(files.get("tfjs/package.json")!);
    expect(about.license).toBe("MIT-0");
  });

  test("says how to run an entry", () => {
    const { entries, needs } = parsed.operators.pick!.kernels.forward!.targets.wgsl!;
    expect(needs).toEqual({ group: 32, sharedBytes: 0, buffers: 2 });
    expect(entries.map(({ name }) => name)).toEqual(["pick", "pick_bias"]);
    expect(entries[0]!.constants).toEqual([
      { name: "MODE", option: "mode", values: ["low", "high"], default: 0 },
    ]);
    expect(entries[0]!.sizes).toEqual([{ name: "M", is: "N + 1" }]);
    expect(entries[0]!.workspaces).toEqual([{ name: "half", dtype: "f32", elements: "N" }]);
    expect(entries[0]!.steps[0]).toEqual({
      kind: "launch",
      function: "pick_first",
      buffers: [
        { name: "input", access: "read", binding: 0 },
        { name: "half", access: "write", binding: 2 },
      ],
      scalars: ["N"],
      scalarsBinding: 3,
      uniform: {
        binding: 3,
        bytes: 16,
        members: [
          { name: "N", type: "i32", offset: 0, from: "scalar" },
          { name: "group_base", type: "u32", offset: 4, from: "executor" },
        ],
      },
      group: 32,
      groups: "ceilDiv(N, 32)",
      sharedBytes: 0,
    });
  });

  test("and so do the files of kernels", () => {
    const steps = [
      "// pick, step by step; other entries alike:",
      "//   pick_first",
      "//   fill output with 0",
      "//   pick",
      "//   workspace half: N of f32",
    ].join("\n");
    expect(files.get("cuda/pick.cu")).toContain(steps);
    expect(files.get("wgsl/pick.wgsl")).toContain(steps);
    expect(files.get("js/pick.js")).not.toContain("step by step");
  });

  test("describes the uniform block that the WGSL declares, and none for other targets", () => {
    const source = files.get("wgsl/pick.wgsl")!;
    const [, body, binding] =
      /struct Params \{([^}]*)\}\s*@group\(0\) @binding\((\d+)\) var<uniform>/.exec(source)!;
    const declared = [...body!.matchAll(/(\w+): (\w+),/g)].map(([, name, type]) => [name, type]);
    for (const [name, { entries }] of Object.entries(
      parsed.operators.pick!.kernels.forward!.targets,
    ))
      for (const step of entries.flatMap(({ steps }) => steps)) {
        if (step.kind === "fill") continue;
        const { uniform } = step;
        expect(uniform === undefined, name).toBe(name !== "wgsl");
        if (!uniform) continue;
        expect(uniform.binding).toBe(Number(binding));
        expect(uniform.members.map((m) => [m.name, m.type])).toEqual(declared);
        expect(uniform.members.map(({ offset }) => offset)).toEqual(declared.map((_, i) => i * 4));
      }
  });

  test("says in its schema how groups fold, whose group_base is, and what attributes become", () => {
    const { launch, uniform, operator: called, target } = manifestSchema.definitions;
    expect(launch.properties.groups).toMatchObject({
      description: expect.stringMatching(/group_base \+ workgroup_id\.x \+ workgroup_id\.y \* num/),
    });
    expect(uniform.description).toMatch(/executor.* group_base/);
    expect(target.properties.needs).toMatchObject({
      description: expect.stringContaining("one uniform buffer beside them"),
    });
    const parts = scalarsOf({ name: "padding", type: "sides", doc: "" }).map(({ name }) => name);
    for (const part of [...parts, "stride.y", "stride.x"])
      expect(called.properties.attributes).toMatchObject({
        description: expect.stringContaining(scalarName(part)),
      });
  });

  test("says what bounds of errors are made of", () => {
    const { js, wgsl } = parsed.operators.pick!.kernels.forward!.targets;
    expect(js!.tolerance).toEqual({
      method: "running error",
      unitRoundoff: 2 ** -24,
      smallestNormal: 2 ** -126,
      operations: {},
    });
    expect(wgsl!.tolerance).toEqual(js!.tolerance);
    const parts = [make("log", make("div", constant(1, "acc"), attr("scale", "coord")))];
    const divided: Kernel = {
      ...kernelFor([]),
      stages: [{ kind: "gather", name: "output", domain: [], dims: [], parts }],
    };
    const { wgsl: shader, cuda } = targetsByName;
    expect(describeTolerance([divided], shader.accuracy).operations).toEqual({
      div: [{ ulps: 2.5 }],
      log: [{ from: 0.5, to: 2, absolute: 2 ** -21 }, { ulps: 3 }],
    });
    expect(describeTolerance([divided], cuda.accuracy).operations.div).toEqual([{ ulps: 0.5 }]);
  });

  test("names the hash of each kernel's meaning", () => {
    expect(parsed.operators.pick!.kernels.forward!.ir).toEqual({
      pick: hashKernel(kernelFor([])),
      pick_bias: hashKernel(kernelFor(["bias"])),
    });
  });

  test("generating twice gives the same bytes", () => {
    expect([...generate().files]).toEqual([...files]);
  });

  test("lines are short and end in a line feed", () => {
    for (const [path, text] of files) {
      expect(text.endsWith("\n") && !text.endsWith("\n\n"), path).toBe(true);
      if (!/\.(json|md)$/.test(path))
        for (const line of text.split("\n")) {
          expect(line.length, `${path}: ${line}`).toBeLessThanOrEqual(100);
          expect(line, path).not.toMatch(/\s$/);
        }
    }
  });
});

describe("the ABI", () => {
  const { manifest } = generate();
  const before = { abi: abiVersion, fingerprint: fingerprint(manifest) };
  const changed = (edit: (text: string) => string) =>
    fingerprint(JSON.parse(edit(JSON.stringify(manifest))) as Manifest);

  test.each([
    ["a function's name", '"pick_first"', '"pick_1st"'],
    ["a binding", '"binding":2', '"binding":5'],
    ["a scalar's type", '"type":"i32"', '"type":"f32"'],
    ["a constant", '"MODE"', '"WAY"'],
    ["the uniform's binding", '"scalarsBinding":3', '"scalarsBinding":4'],
    ["the uniform's layout", '"offset":4', '"offset":8'],
    ["what a fill depends on", '"value":0', '"value":0,"unless":"MODE"'],
    ["the constant that adds", '"workspaces":', '"accumulate":"MODE","workspaces":'],
    ["how far it may count", '"bounds":[]', '"bounds":["N * abs(scale)"]'],
    ["a demand", '"mod(C, G) == 0"', '"mod(C, G) == 1"'],
    ["an entry's name", '"name":"pick_bias"', '"name":"pick_bent"'],
  ])("changes with %s, which needs another number", (_, from, to) => {
    const after = changed((text) => text.replaceAll(from, to));
    expect(compareAbi(before, { abi: abiVersion, fingerprint: after })).toMatch(/raise abiVersion/);
    expect(compareAbi(before, { abi: "9.0.0", fingerprint: after })).toBeUndefined();
  });

  test("does not change with a schedule", () => {
    const after = changed((text) =>
      text.replaceAll("by hand", "tiled").replaceAll('"group":32', '"group":64'),
    );
    expect(after).toEqual(before.fingerprint);
    expect(compareAbi(before, { ...before })).toBeUndefined();
  });

  test("may gain operators, kernels and entries, but not lose any", () => {
    const { pick } = manifest.operators;
    const more = { ...manifest, operators: { pick: pick!, other: pick! } };
    const grown = { abi: abiVersion, fingerprint: fingerprint(more) };
    expect(Object.keys(grown.fingerprint)).toContain("other/forward/wgsl/pick_bias");
    expect(compareAbi(before, grown)).toBeUndefined();
    expect(compareAbi(grown, before)).toMatch(/other\/forward\/js\/pick, .* and \d+ more/);
  });
});

describe("writing", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "emit-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const files = new Map([
    ["a/one.js", "1\n"],
    ["two.txt", "2\n"],
  ]);

  test("writes what differs, and only that", async () => {
    expect(await compareFiles(join(folder, "none"), files)).toEqual({
      missing: ["a/one.js", "two.txt"],
      changed: [],
      extra: [],
    });
    expect(await writeFiles(folder, files)).toEqual(["a/one.js", "two.txt"]);
    expect(await writeFiles(folder, files)).toEqual([]);
    await writeFile(join(folder, "two.txt"), "3\n");
    await writeFile(join(folder, "a", "old.js"), "");
    expect(await compareFiles(folder, files)).toEqual({
      missing: [],
      changed: ["two.txt"],
      extra: ["a/old.js"],
    });
    expect(await writeFiles(folder, files)).toEqual(["two.txt"]);
    expect(await readFile(join(folder, "two.txt"), "utf8")).toBe("2\n");
    expect((await readdir(folder)).sort()).toEqual(["a", "two.txt"]);
  });

  test("compares bytes as bytes, also where they are no text", async () => {
    const bytes = new Map([["a.wasm", Uint8Array.from([0, 97, 0xff, 0xfe])]]);
    expect(await writeFiles(folder, bytes)).toEqual(["a.wasm"]);
    expect(await writeFiles(folder, bytes)).toEqual([]);
    expect([...(await readFile(join(folder, "a.wasm")))]).toEqual([0, 97, 0xff, 0xfe]);
    // Both are read as the same text: bytes that stand for no character.
    await writeFile(join(folder, "a.wasm"), Uint8Array.from([0, 97, 0xfe, 0xff]));
    expect((await compareFiles(folder, bytes)).changed).toEqual(["a.wasm"]);
  });
});

test("bytes made of texts are among the files, and equal texts give equal bytes", async () => {
  const [one, other] = [await makeBinaries(generate()), await makeBinaries(generate())];
  const found = [...one].filter(([path]) => path.endsWith(".wasm"));
  expect(found.map(([path]) => path)).toEqual(["wasm/pick.wasm"]);
  for (const [path, content] of found) {
    expect([...content.slice(0, 4)]).toEqual([0, 97, 115, 109]);
    expect(other.get(path)).toEqual(content);
  }
  expect(one.has("wasm/pick.wat")).toBe(false);
  expect((await makeBinaries(generate(), true)).get("wasm/pick.wat")).toContain("(module");
});
