// Runs entries in programs of their own under the address and undefined-behaviour sanitizers, which end the
// process that they find at fault. Each array has memory of its own, as long as the array.

import { spawn } from "node:child_process";
import { wrap } from "../../generators/emit/wrap.ts";
import { completeJob, createArray } from "../contract/job.ts";
import type { Data, Entry, Executor, Job, Program } from "../contract/program.ts";
import type { Compiler } from "../native/compilers.ts";
import { buildSanitized } from "./build.ts";
import { givenAttrs, givenSizes } from "./checks.ts";
import { signaturesOf } from "./heads.ts";
import { entryName } from "./reserved.ts";

// Red zones as wide as the sanitizer allows: a kernel that overruns does so by rows, not by bytes.
const environment = {
  ASAN_OPTIONS: "detect_leaks=0:redzone=2048:max_redzone=2048:allocator_may_return_null=1",
  UBSAN_OPTIONS: "print_stacktrace=1",
} as const;

const arraysOf = ({ tensors }: Entry) => [
  ...tensors.filter(({ role }) => role === "input"),
  ...tensors.filter(({ role }) => role === "output"),
];

/** A program that reads one call from its input, makes it, and writes its error and results. */
function writeMain(entry: Entry): string {
  const arrays = arraysOf(entry);
  const inputs = arrays.filter(({ role }) => role === "input").length;
  const count = givenSizes(entry).length + givenAttrs(entry).length + entry.constants.length;
  const types = [
    ...givenSizes(entry).map(() => "int32_t"),
    ...givenAttrs(entry).map(({ type }) => (type === "i32" ? "int32_t" : "float")),
    ...entry.constants.map(() => "int32_t"),
  ];
  const numbers = types.map((type, i) => `(${type})numbers[${i}]`);
  const args = [...arrays.map((_, i) => `arrays[${i}]`), ...numbers];
  const name = entryName(entry);
  const { run, size } = signaturesOf(entry, ";");
  return [
    "#include <stdint.h>",
    "#include <stdio.h>",
    "#include <stdlib.h>",
    "",
    run,
    size,
    // Whatever the operator is called, these are not called so.
    `static __typeof__(&${name}) const warpweave_run = &${name};`,
    `static __typeof__(&${name}_workspace_bytes) const warpweave_bytes = &${name}_workspace_bytes;`,
    "",
    "static void warpweave_take(void *to, size_t bytes) {",
    "  if (fread(to, 1, bytes, stdin) != bytes) exit(2);",
    "}",
    "",
    "static void warpweave_give(const void *from, size_t bytes) {",
    "  if (fwrite(from, 1, bytes, stdout) != bytes) exit(2);",
    "}",
    "",
    "int main(void) {",
    `  void *arrays[${arrays.length}];`,
    `  double numbers[${Math.max(1, count)}];`,
    `  int64_t bytes[${arrays.length}];`,
    `  for (int i = 0; i < ${arrays.length}; ++i) {`,
    "    warpweave_take(&bytes[i], sizeof bytes[i]);",
    "    // One that is not wanted has no address.",
    "    arrays[i] = bytes[i] < 0 ? NULL : malloc((size_t)bytes[i]);",
    "    if (bytes[i] > 0) warpweave_take(arrays[i], (size_t)bytes[i]);",
    "  }",
    `  warpweave_take(numbers, ${count} * sizeof numbers[0]);`,
    ...wrap(`const size_t size = warpweave_bytes(${[...numbers, "1"].join(", ")});`, 2, 100),
    "  char *const workspace = size > 0 ? malloc(size) : NULL;",
    `  const int32_t code = warpweave_run(${[...args, "workspace", "1"].join(", ")});`,
    "  warpweave_give(&code, sizeof code);",
    `  for (int i = ${inputs}; i < ${arrays.length}; ++i)`,
    "    if (bytes[i] > 0) warpweave_give(arrays[i], (size_t)bytes[i]);",
    "  free(workspace);",
    `  for (int i = 0; i < ${arrays.length}; ++i) free(arrays[i]);`,
    "  return 0;",
    "}",
    "",
  ].join("\n");
}

/** The executor whose kernels run under the sanitizers, on one thread. */
export function openSanitized(compiler: Compiler, cache: string): Executor {
  return {
    device: {
      target: "c",
      device: `CPU (${process.arch}), address and undefined-behaviour sanitizers`,
      driver: compiler.name,
      hardware: true,
    },
    async run({ source, entry }: Program, job: Job) {
      const call = completeJob(entry, job);
      const path = await buildSanitized(compiler, cache, source, writeMain(entry));
      const outputs: Record<string, Data> = {};
      const wanted = new Set(call.entry.tensors.map(({ name }) => name));
      const record = (data: Data | undefined): readonly Uint8Array[] => [
        new Uint8Array(BigInt64Array.of(BigInt(data?.byteLength ?? -1)).buffer),
        ...(data ? [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] : []),
      ];
      const arrays = arraysOf(entry).flatMap(({ name, role, dtype }) => {
        if (role === "input") return record(call.inputs[name]);
        if (!wanted.has(name)) return record(undefined);
        outputs[name] = call.initial[name] ?? createArray(dtype, call.sizes.get(name)!.elements);
        return record(outputs[name]);
      });
      const numbers = [
        ...[...givenSizes(entry), ...givenAttrs(entry).map(({ name }) => name)].map(
          (name) => call.scalars[name]!,
        ),
        ...entry.constants.map(({ name }) => call.constants[name]!),
      ];
      const input = [...arrays, new Uint8Array(Float64Array.from(numbers).buffer)];
      const said = await runProgram(path, entry.name, Buffer.concat(input));
      const code = said.readInt32LE(0);
      if (code !== 0)
        throw new RangeError(`${entry.name}: the sanitized build gives error ${code}`);
      let at = 4;
      for (const { name } of arraysOf(entry)) {
        const data = outputs[name];
        if (!data) continue;
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(
          said.subarray(at, at + data.byteLength),
        );
        at += data.byteLength;
      }
      return outputs;
    },
    async close() {},
  };
}

function runProgram(path: string, entry: string, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, { env: { ...process.env, ...environment } });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => out.push(part));
    child.stderr.on("data", (part: Buffer) => errors.push(part));
    child.on("error", reject);
    // A program that ends early reads no more; how it ended is told below.
    child.stdin.on("error", () => {});
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out));
      else
        reject(new Error(`${entry}: ${explain(Buffer.concat(errors).toString(), code, signal)}`));
    });
    child.stdin.end(input);
  });
}

/** The sanitizer's own sentence, with where in the kernels it was. */
function explain(text: string, code: number | null, signal: string | null): string {
  const said = /ERROR: (AddressSanitizer: .*)|runtime error: (.*)/.exec(text);
  const where = /kernels\.c:(\d+)/.exec(text)?.[1];
  if (!said) return `the program ended with ${signal ?? `code ${code}`}: ${text.slice(0, 500)}`;
  return `${said[1] ?? said[2]}${where === undefined ? "" : `, at line ${where} of its file`}`;
}
