// What a workspace holds from one call to the next: arrays made of inputs that stay the same, with a stamp that says
// of which call they are.

import { shareWorkspaces } from "../contract/memory.ts";
import type { Entry, Step } from "../contract/program.ts";
import type { Errors } from "./errors.ts";
import { safe } from "./reserved.ts";

/** What of an entry can be kept. */
export interface Kept {
  /** The inputs that a caller may say stay the same, each with its bit. */
  readonly inputs: readonly { readonly name: string; readonly bit: number }[];
  /** The bits that the content of a workspace needs. */
  readonly workspaces: ReadonlyMap<string, number>;
}

/** What can be kept of an entry: workspaces with memory of their own that some inputs alone decide; or nothing. */
export function findKept(entry: Entry): Kept | undefined {
  const alone = shareWorkspaces(entry).flatMap((group) => (group.length === 1 ? group : []));
  const found = alone.filter(({ from }) => from !== undefined && from.length > 0);
  if (found.length === 0) return undefined;
  const inputs = entry.tensors
    .filter(({ role }) => role === "input")
    .map(({ name }, at) => ({ name, bit: 2 ** at }));
  const bitsOf = (names: readonly string[] = []): number =>
    inputs.filter(({ name }) => names.includes(name)).reduce((sum, { bit }) => sum + bit, 0);
  return {
    inputs: inputs.filter(({ name }) => found.some(({ from }) => from!.includes(name))),
    workspaces: new Map(found.map(({ name, from }) => [name, bitsOf(from)])),
  };
}

/** The test that a step has to run although some inputs stay the same; empty where it always has. */
export function testOfStep(step: Step, kept: Kept | undefined): string {
  if (!kept || step.kind === "fill") return "";
  const writes = step.buffers.filter(({ access }) => access !== "read");
  const bits = writes.map(({ name }) => kept.workspaces.get(name));
  if (bits.some((own) => own === undefined)) return "";
  const all = bits.reduce<number>((sum, own) => sum | own!, 0);
  return `(keep & ${all}) != ${all}`;
}

/** The stamp's type; `numbers` are all that decide what a workspace holds and where. */
export const declareStamp = (
  name: string,
  { inputs }: Kept,
  numbers: readonly string[],
): readonly string[] => [
  "// Which call a workspace holds arrays of.",
  `struct ${name}_stamp {`,
  "  uintptr_t of;",
  `  const void *arrays[${inputs.length}];`,
  `  double numbers[${numbers.length}];`,
  "};",
  "",
];

/** Statements that refuse what cannot be kept before there is memory. */
export function refuseKeeping({ inputs }: Kept, errors: Errors): readonly string[] {
  const all = inputs.reduce((sum, { bit }) => sum + bit, 0);
  const unknown = errors.numberOf(`keep may say ${listKept({ inputs })}, or 0.`);
  const missing = errors.numberOf("Nothing can be kept without a workspace.");
  return [
    `if ((keep & ~${all}) != 0) return ${unknown};`,
    `if (keep != 0 && !workspace) return ${missing};`,
  ];
}

/** Statements that hold a workspace to the call before, and stamp it. */
export function checkStamp(
  name: string,
  { inputs }: Kept,
  numbers: readonly string[],
  errors: Errors,
): readonly string[] {
  const other = errors.numberOf(
    "The workspace holds nothing to keep: its last call was not of these arrays, sizes and results.",
  );
  return [
    `struct ${name}_stamp *const held = (void *)base;`,
    `struct ${name}_stamp stamp;`,
    "memset(&stamp, 0, sizeof stamp);",
    `stamp.of = (uintptr_t)&${name}_lay_out;`,
    ...inputs.map((input, at) => `stamp.arrays[${at}] = ${safe(input.name)};`),
    ...numbers.map((number, at) => `stamp.numbers[${at}] = ${number};`),
    "if (keep != 0) {",
    "  if (held->of != stamp.of ||",
    "      memcmp(held->numbers, stamp.numbers, sizeof stamp.numbers) != 0)",
    `    return ${other};`,
    ...inputs.map(
      ({ bit }, at) =>
        `  if ((keep & ${bit}) && held->arrays[${at}] != stamp.arrays[${at}]) return ${other};`,
    ),
    "}",
    "memcpy(held, &stamp, sizeof stamp);",
  ];
}

/** The bits of inputs, for readers. */
export const listKept = ({ inputs }: Pick<Kept, "inputs">): string =>
  inputs.map(({ name, bit }) => `${bit} for ${name}`).join(" and ");
