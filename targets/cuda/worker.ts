// Runs plans in the memory build: a program of its own for each job, since a sanitizer ends the
// process that it finds at fault. simulation/worker.cpp describes the records of a job.

import { spawn } from "node:child_process";
import { createArray } from "../contract/job.ts";
import type { Data } from "../contract/program.ts";
import { packArgs } from "./library.ts";
import type { KernelRunner, Plan } from "./plan.ts";

// Red zones as wide as the sanitizer allows: a kernel that overruns does so by rows, not by bytes.
const sanitizerOptions = {
  ASAN_OPTIONS:
    "abort_on_error=1:detect_leaks=0:redzone=2048:max_redzone=2048:allocator_may_return_null=1",
  UBSAN_OPTIONS: "abort_on_error=1:print_stacktrace=1",
} as const;

/** The program at `path`; `timeout` in milliseconds is for kernels that may not end. */
export function openWorker(path: string, order: string, timeout?: number): KernelRunner {
  return {
    async describe() {
      const said = await runJob(path, Buffer.from("D"), timeout);
      const [device = "", driver = ""] = said.toString().split("\n");
      return { device, driver };
    },
    async run(plan) {
      return readOutputs(plan, await runJob(path, encodePlan(plan, order), timeout));
    },
  };
}

function readOutputs(plan: Plan, bytes: Buffer): Record<string, Data> {
  const outputs: Record<string, Data> = {};
  let at = 0;
  for (const position of plan.outputs) {
    const { name, dtype, elements } = plan.buffers[position]!;
    const data = createArray(dtype, elements);
    const part = bytes.subarray(at, at + data.byteLength);
    if (part.length !== data.byteLength)
      throw new Error(`${plan.entry}: the memory build ended before it gave ${name}.`);
    new Uint8Array(data.buffer).set(part);
    at += data.byteLength;
    outputs[name] = data;
  }
  return outputs;
}

function encodePlan(plan: Plan, order: string): Buffer {
  const parts: Uint8Array[] = [Buffer.from("O"), text(order)];
  const write = (buffer: number, { buffer: memory, byteOffset, byteLength }: Data) =>
    parts.push(
      Buffer.from("W"),
      u32(buffer),
      u64(byteLength),
      new Uint8Array(memory, byteOffset, byteLength),
    );
  const bytesOf = (at: number) => {
    const { dtype, elements } = plan.buffers[at]!;
    return createArray(dtype, 0).BYTES_PER_ELEMENT * elements;
  };
  plan.buffers.forEach(({ content }, at) => {
    parts.push(Buffer.from("A"), u64(bytesOf(at)));
    if (content) write(at, content);
  });
  for (const step of plan.steps) {
    switch (step.kind) {
      case "write":
        write(step.buffer, step.content);
        break;
      case "launch": {
        const signature = step.args.map(({ letter }) => letter).join("");
        parts.push(Buffer.from("L"), text(step.function), u32(step.groups), u32(step.group));
        parts.push(text(signature), packArgs(step.args, BigInt));
        break;
      }
      default:
        step satisfies never;
    }
  }
  for (const at of plan.outputs) parts.push(Buffer.from("R"), u32(at), u64(bytesOf(at)));
  return Buffer.concat(parts);
}

function runJob(path: string, job: Uint8Array, timeout?: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...sanitizerOptions };
    const child = spawn(path, [], { env });
    let late = false;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            child.kill("SIGKILL");
          }, timeout);
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    // A worker that stops early no longer reads; what it said on stderr is the error to report.
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(output));
      else if (late) reject(new Error(`The kernel did not end within ${timeout} ms.`));
      else reject(new Error(explain(Buffer.concat(errors).toString(), code ?? signal)));
    });
    child.stdin.end(job);
  });
}

/** The finding in one line, the sanitizer's text below. */
function explain(report: string, end: number | string | null): string {
  const finding = /(?:runtime error|ERROR: AddressSanitizer): (.*)/.exec(report)?.[1];
  const thread = /^in kernel .*$/m.exec(report)?.[0];
  if (!finding) return report.trim() || `The memory build's program ended with ${end}.`;
  return `Memory check: ${finding}${thread ? `, ${thread}` : ""}.\n${report.trim()}`;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const characters = Buffer.from(value);
  return Buffer.concat([u32(characters.length), characters]);
}
