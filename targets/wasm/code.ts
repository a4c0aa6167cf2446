// Expressions of WebAssembly's text format, folded: `(f32.add (local.get $a) (local.get $b))`.

import { level, type Text } from "../../generators/emit/target.ts";
import { gapAt } from "../../generators/emit/wrap.ts";
import type { Scalar, Width } from "../../generators/ir/nest.ts";

/** A value as text, with what instructions that take it have to know. */
export interface Code extends Text {
  readonly lanes?: Width;
  /** Writing it twice costs nothing: a constant or a local. */
  readonly plain?: boolean;
  /** False of a local that is set again. */
  readonly fixed?: boolean;
  /** It points at an element: its bytes' address, in place of the element's number. */
  readonly pointer?: boolean;
  /** The same number in all lanes of a vector, where one instruction gives that. */
  readonly splat?: Text;
  /** The value is `of` and so many more. */
  readonly plus?: { readonly of: Code; readonly by: number };
  /** A constant's. */
  readonly number?: number;
  /** A local that keeps the value: how it is written where it is set, and after that. */
  readonly keep?: () => { readonly first: Text; readonly again: Text };
}

/** An instruction with its operands; a line may be broken before each. */
export const form = (head: string, ...args: readonly Text[]): Code => ({
  text: `(${[head, ...args.map(({ text }) => text)].join(gapAt(0))})`,
  level: level.primary,
});

/** The value of a local. */
export const get = (name: string): Code => ({ ...form(`local.get $${name}`), plain: true });

/** A whole number. */
export const int = (value: number): Code => ({
  ...form(`i32.const ${value}`),
  plain: true,
  number: value,
});

/** How many lanes a value has; texts that say nothing are numbers. */
export const lanesOf = (text: Text): Width => (text as Code).lanes ?? 1;

/** A value that is written twice: as it is where that is cheap, else kept in a local. */
export function twice(text: Text): { readonly first: Text; readonly again: Text } {
  const { plain, keep } = text as Code;
  return plain || !keep ? { first: text, again: text } : keep();
}

/** The types that values have in locals. */
const types: Readonly<Record<Scalar, string | undefined>> = {
  i32: "i32",
  u32: undefined,
  f16: undefined,
  bf16: undefined,
  f32: "f32",
  f64: "f64",
  bool: "i32",
};

/** The type of values on one lane; undefined where there are none. */
export const typeNames = types;

/** The type of a local. */
export function typeName(type: Scalar, lanes: Width): string {
  if (lanes === 4) return "v128";
  const name = types[type];
  if (lanes === 1 && name !== undefined) return name;
  throw new Error(`WebAssembly has no values of ${lanes} lanes of type ${type}.`);
}

/** What instructions on such values begin with: `f32`, `f32x4`. A truth is a whole number. */
export function prefixOf(type: Scalar, lanes: Width): string {
  const one = typeName(type, 1);
  if (lanes === 1) return one;
  if (lanes === 4 && one !== "f64") return `${one}x4`;
  throw new Error(`WebAssembly has no vectors of ${lanes} lanes of type ${type}.`);
}

/** One lane of a vector. */
export const laneOf = (vector: Text, lane: number, type: Scalar): Code =>
  form(`${prefixOf(type, 4)}.extract_lane ${lane}`, vector);

/** An operation that has no instruction for vectors, lane by lane; `type` is that of its result. */
export function byLane(
  args: readonly Text[],
  of: Scalar,
  type: Scalar,
  one: (...args: readonly Text[]) => Text,
): Code {
  const kept = args.map(twice);
  const at = (lane: number): Text =>
    one(...kept.map(({ first, again }) => laneOf(lane === 0 ? first : again, lane, of)));
  const shape = prefixOf(type, 4);
  const rest = ([1, 2, 3] as const).reduce<Code>(
    (vector, lane) => form(`${shape}.replace_lane ${lane}`, vector, at(lane)),
    form(`${shape}.splat`, at(0)),
  );
  return { ...rest, lanes: 4 };
}
