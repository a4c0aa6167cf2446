// Where everything that an entry needs lies: the sizes that it computes, what is counted, the pieces of its workspace.

import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import { shareWorkspaces } from "../contract/memory.ts";
import type { DType, Entry, Step } from "../contract/program.ts";
import { stepsFor } from "../contract/wanted.ts";
import { type Checked, writeChecks } from "./checks.ts";
import { formulaAsC } from "./formula.ts";
import { callText, parametersOf, results } from "./heads.ts";
import { findKept } from "./keep.ts";
import { safe } from "./reserved.ts";

/** More cannot be started for sure: a library of threads ends the program where one cannot. */
export const mostThreads = 1024;

const bytes: Readonly<Record<DType, number>> = { i32: 4, u32: 4, f16: 2, bf16: 2, f32: 4, f64: 8 };

/** A piece of the workspace: buffers that may share it, or a result that is needed but not wanted. */
export interface Piece {
  readonly names: readonly string[];
  readonly field: string;
  /** Its size, over doubles. */
  readonly bytes: string;
}

const writes = (step: Step, name: string): boolean =>
  step.kind === "fill"
    ? step.buffer === name
    : step.buffers.some((b) => b.name === name && b.access !== "read");

/** The results that need a step. */
export const usersOf = (entry: Entry, step: Step): readonly string[] =>
  results(entry)
    .map(({ name }) => name)
    .filter((name) => stepsFor(entry.steps, [name]).includes(step));

/** The results that others need too, which have to be somewhere when they are not wanted. */
export const neededBeside = (
  entry: Entry,
): readonly { readonly name: string; readonly by: readonly string[] }[] =>
  results(entry).flatMap(({ name }) => {
    const users = entry.steps.filter((s) => writes(s, name)).flatMap((s) => usersOf(entry, s));
    const by = [...new Set(users)].filter((other) => other !== name);
    return by.length > 0 ? [{ name, by }] : [];
  });

/** The pieces of the workspace of an entry. */
export function piecesOf(entry: Entry, use: Checked["use"]): readonly Piece[] {
  const shared = shareWorkspaces(entry).map((group): Piece => {
    const sizes = group.map(
      ({ dtype, elements, perWorker }) =>
        `${bytes[dtype]}.0 * (${formulaAsC(elements, use)})${perWorker ? " * workers" : ""}`,
    );
    const largest = sizes.reduce((a, b) => `fmax(${a}, ${b})`);
    return { names: group.map(({ name }) => name), field: safe(group[0]!.name), bytes: largest };
  });
  const beside = neededBeside(entry).map(({ name }): Piece => {
    const { dtype, shape } = results(entry).find((t) => t.name === name)!;
    const elements = shape.map((size) => `(${formulaAsC(size, use)})`).join(" * ") || "1.0";
    return { names: [name], field: safe(name), bytes: `${bytes[dtype]}.0 * ${elements}` };
  });
  return [...shared, ...beside];
}

/**
 * The struct that says where everything of a call lies, and the function that checks the call and fills it; it is
 * told how many CPU threads there are where they share the work.
 */
export function writeLayout(
  entry: Entry,
  pieces: readonly Piece[],
  checked: Omit<Checked, "entry">,
  shares = true,
): readonly string[] {
  const { use, errors } = checked;
  const { numbers } = parametersOf(entry);
  const launches = entry.steps.filter((step) => step.kind === "launch");
  const counted = launches.filter((s) => s.parallel !== undefined && s.repeat === undefined);
  const workers = entry.workspaces.filter(({ perWorker }) => perWorker);
  const layout = `struct ${entry.name}_layout`;
  const counts = countedBuffers(entry);
  const fields = [
    ...entry.sizes.map(({ name }) => `int32_t ${safe(name)};`),
    ...counted.map((step) => `int32_t pieces_${step.function};`),
    ...counts.map(({ name }) => `size_t count_${safe(name)};`),
    ...workers.map(({ name }) => `size_t each_${safe(name)};`),
    ...pieces.map(({ field }) => `size_t at_${field};`),
    "size_t bytes;",
  ];
  const given = numbers.map(({ name }) => `double ${name}`);
  const set = (field: string, type: string, value: string): string =>
    `layout->${field} =${gapAt(1)}(${type})(${value});`;
  const lines = [
    ...writeChecks({ ...checked, entry }),
    ...(shares ? checkThreads(errors) : []),
    // What a workspace holds begins with a stamp, or with zeros where nothing of it can be kept.
    pieces.length === 0
      ? "double end = 0.0;"
      : findKept(entry)
        ? `double end = 64.0 * ceil((double)sizeof(struct ${entry.name}_stamp) / 64.0);`
        : "double end = 64.0;",
    ...entry.sizes.map(({ name }) => set(safe(name), "int32_t", safe(name))),
    ...counted.map((step) =>
      set(`pieces_${step.function}`, "int32_t", formulaAsC(step.parallel!, use)),
    ),
    ...counts.map(({ name, shape }) => set(`count_${safe(name)}`, "size_t", countOf(shape, use))),
    ...workers.map(({ name, elements }) =>
      set(`each_${safe(name)}`, "size_t", formulaAsC(elements, use)),
    ),
    ...pieces.flatMap((piece) => [
      set(`at_${piece.field}`, "size_t", "end"),
      `end += 64.0 * ceil((${piece.bytes}) / 64.0);`,
    ]),
    set("bytes", "size_t", pieces.length > 0 ? "end + 64.0" : "end"),
    "return 0;",
  ];
  const head = callText(
    `static int32_t ${entry.name}_lay_out`,
    [...given, ...(shares ? ["double workers"] : []), `${layout} *layout`],
    " {",
  );
  return [
    `${layout} {`,
    ...fields.map((field) => `  ${field}`),
    "};",
    "",
    "// Where everything lies; the number of an error where the call cannot be.",
    ...head,
    ...lines.flatMap((line) => breakLine(line, 2)),
    "}",
  ];
}

const checkThreads = (errors: Checked["errors"]): readonly string[] => [
  `if (!(workers >= 1.0)) return ${errors.numberOf("threads must be at least 1.")};`,
  `if (!(workers <= ${mostThreads}.0)) return ${errors.numberOf(`threads must be at most ${mostThreads}.`)};`,
];

/** A line of C, broken where it is long. */
export const breakLine = (line: string, indent: number): readonly string[] =>
  wrap(
    line
      .replaceAll(" * ", ` *${gapAt(8)}`)
      .replaceAll(" + ", ` +${gapAt(7)}`)
      .replaceAll(" || ", ` ||${gapAt(2)}`)
      .replaceAll(", ", `,${gapAt(1)}`)
      .replaceAll(" return ", `${gapAt(1)}return `),
    indent,
    100,
  );

/** The buffers whose elements an entry has to count: its inputs, and what is filled. */
function countedBuffers(
  entry: Entry,
): readonly { readonly name: string; readonly shape: readonly string[] }[] {
  const filled = new Set(entry.steps.flatMap((s) => (s.kind === "fill" ? [s.buffer] : [])));
  return [
    ...entry.tensors.filter(({ name, role }) => role === "input" || filled.has(name)),
    ...entry.workspaces
      .filter(({ name }) => filled.has(name))
      .map(({ name, elements }) => ({ name, shape: [elements] })),
  ];
}

const countOf = (shape: readonly string[], use: Checked["use"]): string =>
  shape.map((size) => `(${formulaAsC(size, use)})`).join(" * ") || "1.0";
