// The reference: the declaration itself, run in float64 as ordinary JavaScript. Types are stripped and the
// imports of the language lead to the copy of it that this compiler has loaded, so that a user's file runs
// from anywhere, with no package beside it.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { compileFunction } from "node:vm";
import { ts } from "ts-morph";
import * as language from "../../dsl/index.ts";
import { isFixedSize } from "../ir/expr.ts";
import { type AttrValue, widen } from "./attributes.ts";
import type { Operator } from "./operator.ts";
import { isLanguage } from "./paths.ts";
import { compilerOptions, type Input } from "./project.ts";
import { exportedFunctions } from "./signature.ts";

/** A declaration, loaded to be run. */
export interface Reference {
  readonly declaration: (tensors: object, attrs: object, axes: object) => unknown;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** An array with its shape: by dimension, or by axis. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A result of the reference run. */
export interface ReferenceArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Exports = Record<string, unknown>;

/** Loads a declaration that `readOperator` has accepted. */
export async function loadReference(input: Input): Promise<Reference> {
  const path = resolve(typeof input === "string" ? input : input.path);
  const text = typeof input === "string" ? readFileSync(path, "utf8") : input.text;
  const parsed = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023);
  const [name] = exportedFunctions(parsed).map((f) => f.name?.text);
  const { meta, ...exports } = loadModule(path, new Map(), text);
  const declaration = name === undefined ? undefined : exports[name];
  if (typeof declaration !== "function" || typeof meta !== "object" || meta === null)
    throw new TypeError(`${path} does not export an operator and its meta`);
  return { declaration: declaration as Reference["declaration"], meta: meta as Exports };
}

/** Runs a file and, before it, what it imports. */
function loadModule(path: string, loaded: Map<string, Exports>, given?: string): Exports {
  const known = loaded.get(path);
  if (known) return known;
  const exports: Exports = {};
  loaded.set(path, exports);
  const { outputText } = ts.transpileModule(given ?? readFileSync(path, "utf8"), {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.CommonJS,
      inlineSourceMap: true,
    },
  });
  const load = (name: string): Exports => {
    const { resolvedModule } = ts.resolveModuleName(name, path, compilerOptions, ts.sys);
    if (!resolvedModule) throw new Error(`${path} imports ${name}, which cannot be found`);
    const target = resolve(resolvedModule.resolvedFileName);
    return isLanguage(target) ? language : loadModule(target, loaded);
  };
  compileFunction(outputText, ["exports", "require"], { filename: path })(exports, load);
  return exports;
}

/**
 * Runs the declaration on arrays. `sizes` has every axis of the tensors; axes that follow from them may be left
 * out. Attributes that are not given have their defaults.
 */
export function runReference(
  operator: Operator,
  reference: Reference,
  inputs: Readonly<Record<string, HostArray>>,
  sizes: Readonly<Record<string, number>>,
  attrs: Readonly<Record<string, AttrValue>>,
): Record<string, ReferenceArray> {
  const given = completeAttrs(operator, attrs);
  const all = deriveSizes(operator, reference, sizes, given);
  const tensors = operator.tensors.flatMap(({ name, dims, optional }) => {
    const array = inputs[name];
    if (!array && optional) return [];
    if (!array) throw new TypeError(`tensor ${name} is not given`);
    const words = dims.flat();
    const shape = words.map((axis) => (isFixedSize(axis) ? Number(axis) : sizeOf(axis, all)));
    const count = shape.reduce((n, size) => n * size, 1);
    if (array.data.length !== count)
      throw new RangeError(`${name} has ${array.data.length} elements, but must have ${count}`);
    return [[name, language.fromData(words.join(" "), shape, array.data)] as const];
  });
  const axes = operator.derived.map((name) => [name, language.axis(name, sizeOf(name, all))]);
  const result = reference.declaration(
    Object.fromEntries(tensors),
    given,
    Object.fromEntries(axes),
  );
  const outputs = typeof result === "function" ? { output: result } : (result as object);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, language.storedIn(tensor)[0]!]),
  );
}

function sizeOf(axis: string, sizes: Readonly<Record<string, number>>): number {
  const size = sizes[axis];
  if (size === undefined) throw new TypeError(`the size of axis ${axis} is not given`);
  return size;
}

/** Every attribute in the form its type has, defaults included. */
export function completeAttrs(
  operator: Operator,
  attrs: Readonly<Record<string, AttrValue>>,
): Record<string, AttrValue> {
  const unknown = Object.keys(attrs).find((name) => !operator.attrs.some((a) => a.name === name));
  if (unknown !== undefined) throw new TypeError(`${operator.name} has no attribute ${unknown}`);
  return Object.fromEntries(
    operator.attrs.map((attr) => {
      const value = attrs[attr.name] ?? attr.default;
      if (value === undefined) throw new TypeError(`attribute ${attr.name} is not given`);
      return [attr.name, typeof value === "object" ? value : widen(attr, value)];
    }),
  );
}

/** All sizes: `meta.axes` run as written; one that is given too must be the same. */
function deriveSizes(
  operator: Operator,
  reference: Reference,
  sizes: Readonly<Record<string, number>>,
  attrs: object,
): Record<string, number> {
  const all = { ...sizes };
  const axes = reference.meta.axes as Record<string, (s: object, a: object) => number>;
  for (const axis of operator.derived) {
    const size = axes[axis]!(all, attrs);
    if (all[axis] !== undefined && all[axis] !== size)
      throw new RangeError(`axis ${axis} has size ${all[axis]}, but must have ${size}`);
    all[axis] = size;
  }
  return all;
}
