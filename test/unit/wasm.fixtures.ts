// Modules of WebAssembly as a folder holds them, and tensors to call them with.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { openBackward } from "../../generators/cli/backward.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import { type Compiled, compile } from "../../generators/compile.ts";
import type { NamedSchedule } from "../../generators/schedule/defaults.ts";
import type { Memory } from "../../targets/wasm/heap.js";
import { wasm } from "../../targets/wasm/target.ts";

/** The engine's own WebAssembly, which the types of this project do not tell of. */
export const engine = (
  globalThis as unknown as {
    readonly WebAssembly: {
      readonly Memory: new (limits: {
        readonly initial: number;
        readonly maximum: number;
      }) => Memory;
      validate(bytes: Uint8Array): boolean;
    };
  }
).WebAssembly;

/** A tensor as callers pass it. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A tensor with element i made by `f`. */
export function tensorOf(shape: readonly number[], f: (i: number) => number): Tensor {
  const elements = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length: elements }, (_, i) => f(i)) };
}

/** Calls that share what is constant. */
export interface PreparedCalls {
  run(tensors?: object): unknown;
  close(): void;
}

/** What a loaded module gives. */
export interface Loaded {
  readonly memory: {
    allocate(shape: readonly number[]): Tensor;
    free(tensor: Tensor): void;
    readonly bytes: number;
  };
  prepare(tensors: object, attributes?: object, constant?: unknown): PreparedCalls;
  readonly relaxed: boolean;
  readonly threads: number;
  readonly why: string | undefined;
  close(): Promise<void>;
}

type Call = (tensors: object, attributes?: object, choice?: object) => unknown;

/** A module in a folder of its own. */
export interface Shipped {
  readonly compiled: Compiled;
  readonly folder: string;
  /** Where its JavaScript is. */
  readonly url: string;
  load(options?: unknown): Promise<Loaded & { readonly call: Call }>;
  remove(): Promise<void>;
}

/** An operator's module, written as `generate` writes it. */
export async function ship(
  name: string,
  { grad = false, schedule }: { readonly grad?: boolean; readonly schedule?: NamedSchedule } = {},
): Promise<Shipped> {
  const operator = grad ? openBackward(openOperator(name)) : openOperator(name);
  const compiled = compile(operator, wasm, schedule ? { schedule } : {});
  const folder = await mkdtemp(join(tmpdir(), "wasm-"));
  for (const [path, text] of compiled.files) await writeFile(join(folder, basename(path)), text);
  for (const { path, from, make } of wasm.binaries!(compiled.files))
    await writeFile(join(folder, basename(path)), await make(compiled.files.get(from)!));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const called = grad ? `${name}_backward` : name;
  const url = pathToFileURL(join(folder, `${called}.js`)).href;
  return {
    compiled,
    folder,
    url,
    async load(options) {
      const module = await import(/* @vite-ignore */ url);
      const loaded = await module.load(options);
      return Object.assign(loaded, { call: loaded[called].bind(loaded) as Call });
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
