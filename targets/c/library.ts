// Entries of a library as functions of arrays and numbers.

import type { Data, Entry } from "../contract/program.ts";
import { loadKoffi } from "../native/koffi.ts";
import { givenAttrs, givenSizes } from "./checks.ts";
import { findKept } from "./keep.ts";
import { entryName } from "./reserved.ts";

/** What an entry is given, by name. */
export interface EntryCall {
  readonly inputs: Readonly<Record<string, Data>>;
  /** Those wanted. */
  readonly outputs: Readonly<Record<string, Data>>;
  readonly scalars: Readonly<Record<string, number>>;
  readonly constants: Readonly<Record<string, number>>;
  readonly threads: number;
}

/** A function of a library, ready to be called. */
export interface BoundEntry {
  workspaceBytes(call: Omit<EntryCall, "inputs" | "outputs">): number;
  /**
   * Throws the sentence of its error where it gives one. What depends on the inputs `kept` alone is taken from the
   * workspace, where the last call left it.
   */
  run(call: EntryCall, workspace: Uint8Array, kept?: readonly string[]): void;
}

/** The functions of an entry in the library at `path`. */
export async function bindEntry(path: string, entry: Entry): Promise<BoundEntry> {
  const koffi = await loadKoffi();
  if (!koffi) throw new Error("The npm package koffi is not installed.");
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load(path);
  } catch (error) {
    throw new Error(`The built kernels cannot be loaded: ${(error as Error).message}`);
  }
  const of = (role: "input" | "output") => entry.tensors.filter((t) => t.role === role);
  const [inputs, outputs] = [of("input"), of("output")];
  const attrs = givenAttrs(entry);
  const numberTypes = [
    ...givenSizes(entry).map(() => "int32_t"),
    ...attrs.map(({ type }) => (type === "i32" ? "int32_t" : "float")),
    ...entry.constants.map(() => "int32_t"),
  ];
  const pointers = [...inputs, ...outputs].map(() => "void *");
  const types = [...pointers, ...numberTypes, "void *", "int32_t"];
  const find = (head: string) => {
    try {
      return library.func(head);
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`The built kernels cannot be used: ${entry.name}: ${message}`);
    }
  };
  const call = find(`int32_t ${entryName(entry)}(${types.join(", ")})`);
  const bytes = find(
    `size_t ${entryName(entry)}_workspace_bytes(${[...numberTypes, "int32_t"].join(", ")})`,
  );
  const keep = findKept(entry);
  const keeping =
    keep && find(`int32_t ${entryName(entry)}_keeping(${[...types, "int32_t"].join(", ")})`);
  const explain = find(`str ${fileOf(entry)}_error(int32_t)`);
  const numbersOf = ({ scalars, constants }: Pick<EntryCall, "scalars" | "constants">) => [
    ...givenSizes(entry).map((name) => scalars[name]),
    ...attrs.map(({ name }) => scalars[name]),
    ...entry.constants.map(({ name }) => constants[name]),
  ];
  return {
    workspaceBytes: (given) => Number(bytes(...numbersOf(given), given.threads)),
    run(given, workspace, kept = []) {
      const bits = (keep?.inputs ?? [])
        .filter(({ name }) => kept.includes(name))
        .reduce((sum, { bit }) => sum + bit, 0);
      const args = [
        ...inputs.map(({ name }) => given.inputs[name]),
        ...outputs.map(({ name }) => addressable(given.outputs[name])),
        ...numbersOf(given),
        workspace.length > 0 ? workspace : null,
        given.threads,
      ];
      const code = (keeping && bits > 0 ? keeping(...args, bits) : call(...args)) as number;
      if (code !== 0) throw new RangeError(`${entry.name}: ${explain(code)}`);
    },
  };
}

const some = new Uint8Array(8);

/** An array of no elements has no address, but is not left out. */
const addressable = (array: Data | undefined): Data | Uint8Array | null =>
  array === undefined ? null : array.length === 0 ? some : array;

/** The name of an entry's file: the operator's, with the role where that is not forward. */
const fileOf = ({ operator, kernel }: Entry): string =>
  kernel === "forward" ? operator : `${operator}_${kernel}`;
