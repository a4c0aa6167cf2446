// The heads of the functions that an entry is in C, for its text, its header and programs that call it.

import { comment } from "../../generators/emit/frame.ts";
import type { PrintedPlan } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { DType, Entry } from "../contract/program.ts";
import { givenAttrs, givenSizes } from "./checks.ts";
import { findKept, listKept } from "./keep.ts";
import { entryName, safe } from "./reserved.ts";

/** The types of elements, as C has them. */
export const pointee: Readonly<Record<DType, string>> = {
  i32: "int32_t",
  u32: "uint32_t",
  f16: "uint16_t",
  bf16: "uint16_t",
  f32: "float",
  f64: "double",
};

/** `head(args)tail`, broken where it is long. */
export const callText = (
  head: string,
  args: readonly string[],
  tail: string,
  indent = 0,
  width = 100,
): readonly string[] => {
  const list = `${args.join(`,${gapAt(0)}`)})${tail}`;
  if (indent + head.length + (args[0]?.length ?? 0) + 2 <= width)
    return wrap(`${head}(${list}`, indent, width);
  return [`${" ".repeat(indent)}${head}(`, ...wrap(list, indent + 4, width, 0)];
};

/** The parameters of an entry, in order: inputs, results, sizes, attributes, options. */
export function parametersOf(entry: Entry) {
  const of = (role: "input" | "output") => entry.tensors.filter((t) => t.role === role);
  const pointers = [
    ...of("input").map(({ name, dtype }) => `const ${pointee[dtype]} *${safe(name)}`),
    ...of("output").map(({ name, dtype }) => `${pointee[dtype]} *${safe(name)}`),
  ];
  const numbers = [
    ...givenSizes(entry).map((name) => ({ name: safe(name), type: "int32_t" })),
    ...givenAttrs(entry).map(({ name, type }) => ({
      name: safe(name),
      type: type === "i32" ? "int32_t" : "float",
    })),
    ...entry.constants.map(({ name }) => ({ name: safe(name), type: "int32_t" })),
  ];
  return { pointers, numbers };
}

const typed = (list: readonly { readonly name: string; readonly type: string }[]) =>
  list.map(({ name, type }) => `${type} ${name}`);

/** The heads of the functions that an entry is in C, with what follows them. */
export function signaturesOf(
  entry: Entry,
  tail: string,
): { readonly run: string; readonly size: string; readonly keeping: string | undefined } {
  const { pointers, numbers } = parametersOf(entry);
  const name = entryName(entry);
  const all = [...pointers, ...typed(numbers), "void *workspace", "int32_t threads"];
  const own = [...typed(numbers), "int32_t threads"];
  return {
    run: callText(`int32_t ${name}`, all, tail).join("\n"),
    size: callText(`size_t ${name}_workspace_bytes`, own, tail).join("\n"),
    keeping: findKept(entry)
      ? callText(`int32_t ${name}_keeping`, [...all, "int32_t keep"], tail).join("\n")
      : undefined,
  };
}

/** What a header says of the function that goes on with what a workspace holds. */
export function describeKeeping(entry: Entry): string {
  const kept = findKept(entry);
  if (!kept) return "";
  return comment(
    "The same, but of arrays that are as they were in the last call with this workspace, what depends on " +
      `them alone is taken from there: keep is ${listKept(kept)}, their sum, or 0. An error where that ` +
      "call was not of these arrays, sizes and results.",
    "//",
  );
}

/** The results of an entry. */
export const results = ({ tensors }: Entry) => tensors.filter(({ role }) => role === "output");

/** What a header says of an entry. */
export function describeEntry({ entry }: PrintedPlan): string {
  const names = results(entry).map(({ name }) => name);
  const chosen = names.length > 1 ? " Those that are NULL are not computed." : "";
  const options = entry.constants.map(
    ({ name, values }) => `${name}: ${values.map((value, i) => `${i} ${value}`).join(", ")}.`,
  );
  return comment([`Computes ${names.join(", ")}.${chosen}`, ...options].join(" "), "//");
}
