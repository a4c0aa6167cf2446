// An entry as a function of C: it checks its numbers, finds memory, and runs the steps that the results wanted need.

import { comment } from "../../generators/emit/frame.ts";
import type { PrintedPlan } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Nest } from "../../generators/ir/nest.ts";
import { shareWorkspaces } from "../contract/memory.ts";
import type { DType, Entry, Step } from "../contract/program.ts";
import { stepsFor } from "../contract/wanted.ts";
import { type Checked, givenAttrs, givenSizes, writeChecks } from "./checks.ts";
import { formulaAsC } from "./formula.ts";
import { functionName, safe } from "./reserved.ts";

/** The types of elements, as C has them. */
export const pointee: Readonly<Record<DType, string>> = {
  i32: "int32_t",
  u32: "uint32_t",
  f16: "uint16_t",
  bf16: "uint16_t",
  f32: "float",
  f64: "double",
};

/** More cannot be started for sure: a library of threads ends the program where one cannot. */
export const mostThreads = 1024;

const bytes: Readonly<Record<DType, number>> = { i32: 4, u32: 4, f16: 2, bf16: 2, f32: 4, f64: 8 };

/** `head(args)tail`, broken where it is long. */
export const callText = (
  head: string,
  args: readonly string[],
  tail: string,
  indent = 0,
): readonly string[] => {
  const list = `${args.join(`,${gapAt(0)}`)})${tail}`;
  if (indent + head.length + (args[0]?.length ?? 0) + 2 <= 100)
    return wrap(`${head}(${list}`, indent, 100);
  return [`${" ".repeat(indent)}${head}(`, ...wrap(list, indent + 4, 100, 0)];
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
): { readonly run: string; readonly size: string } {
  const { pointers, numbers } = parametersOf(entry);
  const name = functionName(entry.name);
  const all = [...pointers, ...typed(numbers), "void *workspace", "int32_t threads"];
  const own = [...typed(numbers), "int32_t threads"];
  return {
    run: callText(`int32_t ${name}`, all, tail).join("\n"),
    size: callText(`size_t ${name}_workspace_bytes`, own, tail).join("\n"),
  };
}

/** A piece of the workspace: buffers that may share it, or a result that is needed but not wanted. */
interface Piece {
  readonly names: readonly string[];
  readonly field: string;
  /** Its size, over doubles. */
  readonly bytes: string;
}

const results = ({ tensors }: Entry) => tensors.filter(({ role }) => role === "output");

const writes = (step: Step, name: string): boolean =>
  step.kind === "fill"
    ? step.buffer === name
    : step.buffers.some((b) => b.name === name && b.access !== "read");

/** The results that need a step. */
const usersOf = (entry: Entry, step: Step): readonly string[] =>
  results(entry)
    .map(({ name }) => name)
    .filter((name) => stepsFor(entry.steps, [name]).includes(step));

/** The results that others need too, which have to be somewhere when they are not wanted. */
const neededBeside = (
  entry: Entry,
): readonly { readonly name: string; readonly by: readonly string[] }[] =>
  results(entry).flatMap(({ name }) => {
    const users = entry.steps.filter((s) => writes(s, name)).flatMap((s) => usersOf(entry, s));
    const by = [...new Set(users)].filter((other) => other !== name);
    return by.length > 0 ? [{ name, by }] : [];
  });

function piecesOf(entry: Entry, use: Checked["use"]): readonly Piece[] {
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

/** The parts of an entry's text. */
export function writeEntry({ nests, entry }: PrintedPlan, checked: Omit<Checked, "entry">): string {
  const { use, errors } = checked;
  const { numbers } = parametersOf(entry);
  const pieces = piecesOf(entry, use);
  const launches = entry.steps.filter((step) => step.kind === "launch");
  const counted = launches.filter((step) => step.parallel !== undefined);
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
    `if (!(workers >= 1.0)) return ${errors.numberOf("threads must be at least 1.")};`,
    `if (!(workers <= ${mostThreads}.0)) return ${errors.numberOf(`threads must be at most ${mostThreads}.`)};`,
    "double end = 0.0;",
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
  const pass = numbers.map(({ name }) => name);
  const head = callText(
    `static int32_t ${entry.name}_lay_out`,
    [...given, "double workers", `${layout} *layout`],
    " {",
  );
  const { run, size } = signaturesOf(entry, " {");
  return [
    `${layout} {`,
    ...fields.map((field) => `  ${field}`),
    "};",
    "",
    "// Where everything lies; the number of an error where the call cannot be.",
    ...head,
    ...lines.flatMap((line) => breakLine(line, 2)),
    "}",
    "",
    size,
    `  ${layout} layout;`,
    ...callText(
      `return ${entry.name}_lay_out`,
      [...pass, "threads", "&layout"],
      " == 0 ? layout.bytes : 0;",
      2,
    ),
    "}",
    "",
    run,
    ...writeBody({ nests, entry }, pieces, pass, checked),
    "}",
  ].join("\n");
}

const breakLine = (line: string, indent: number): readonly string[] =>
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

function writeBody(
  { nests, entry }: Pick<PrintedPlan, "nests" | "entry">,
  pieces: readonly Piece[],
  pass: readonly string[],
  { errors }: Omit<Checked, "entry">,
): readonly string[] {
  const layout = `struct ${entry.name}_layout`;
  const dtypes = new Map([...entry.tensors, ...entry.workspaces].map((b) => [b.name, b.dtype]));
  const inputs = entry.tensors.filter(({ role }) => role === "input");
  const beside = new Map(neededBeside(entry).map(({ name, by }) => [name, by]));
  const place = (name: string, field: string): string => {
    const type = pointee[dtypes.get(name)!];
    const at = `(${type} *)(base + layout.at_${field})`;
    const users = beside.get(name);
    if (!users) return `${type} *const ${safe(name)} =${gapAt(1)}${at};`;
    return `if (!${safe(name)} && (${users.map(safe).join(" || ")})) ${safe(name)} = ${at};`;
  };
  const outputs = results(entry);
  const launches = entry.steps.filter((step) => step.kind === "launch");
  const nestOf = new Map<Step, Nest>(launches.map((step, at) => [step, nests[at]!.nest]));
  const steps = entry.steps.map((step): { test: string; lines: readonly string[] } => {
    const users = usersOf(entry, step).map((name) => `wants_${safe(name)}`);
    // Some result is wanted, so what all of them need is run.
    const test = users.length === outputs.length ? "" : users.join(" || ");
    return { test, lines: writeStep(step, nestOf.get(step), entry, test === "" ? 2 : 4) };
  });
  const groups: { test: string; lines: string[] }[] = [];
  for (const { test, lines } of steps) {
    if (groups.at(-1)?.test !== test) groups.push({ test, lines: [] });
    groups.at(-1)!.lines.push(...lines);
  }
  const memory =
    pieces.length === 0
      ? ["  (void)workspace;"]
      : [
          "  char *const memory = workspace ? workspace : malloc(layout.bytes);",
          `  if (!memory) return ${errors.numberOf("There is not enough memory for the workspace.")};`,
          "  char *const base = memory + (64 - (uintptr_t)memory % 64) % 64;",
          ...pieces.flatMap(({ names, field }) =>
            names.flatMap((name) => breakLine(place(name, field), 2)),
          ),
        ];
  return [
    `  ${layout} layout;`,
    ...callText(
      `const int32_t code = ${entry.name}_lay_out`,
      [...pass, "threads", "&layout"],
      ";",
      2,
    ),
    "  if (code != 0) return code;",
    ...entry.sizes.map(({ name }) => `  const int32_t ${safe(name)} = layout.${safe(name)};`),
    ...entry.sizes.map(({ name }) => `  (void)${safe(name)};`),
    ...inputs.map(({ name }) => {
      const number = errors.numberOf(`${name} is NULL.`);
      return `  if (!${safe(name)} && layout.count_${safe(name)} > 0) return ${number};`;
    }),
    ...(outputs.length > 1
      ? outputs.map(({ name }) => `  const bool wants_${safe(name)} = ${safe(name)} != NULL;`)
      : outputs.flatMap(({ name }) => [
          `  if (!${safe(name)}) return ${errors.numberOf(`No result is wanted: ${name} is NULL.`)};`,
        ])),
    ...(outputs.length > 1
      ? breakLine(
          `if (!(${outputs.map(({ name }) => `wants_${safe(name)}`).join(" || ")})) return ${errors.numberOf("No result is wanted: all of them are NULL.")};`,
          2,
        )
      : []),
    ...memory,
    "  (void)threads;",
    ...groups.flatMap(({ test, lines }) =>
      test === "" ? lines : [...breakLine(`if (${test}) {`, 2), ...lines, "  }"],
    ),
    ...(pieces.length > 0 ? ["  if (!workspace) free(memory);"] : []),
    "  return 0;",
  ];
}

function writeStep(
  step: Step,
  nest: Nest | undefined,
  entry: Entry,
  indent: number,
): readonly string[] {
  if (step.kind === "fill") {
    const name = safe(step.buffer);
    const guard = step.unless === undefined ? "" : `if (!${safe(step.unless)})${gapAt(1)}`;
    const head = `for (size_t element = 0; element < layout.count_${name}; ++element)`;
    return wrap(`${guard}${head}${gapAt(2)}${name}[element] = ${step.value};`, indent, 100);
  }
  const perWorker = entry.workspaces.filter(({ perWorker }) => perWorker).map(({ name }) => name);
  const own = step.buffers.filter(({ name }) => perWorker.includes(name));
  const args = [
    ...step.buffers.map(({ name }) => safe(name)),
    ...step.scalars.map((name) => safe(name)),
    ...(nest?.constants ?? []).map(({ name }) => safe(name)),
    ...(step.parallel === undefined
      ? []
      : [
          ...own.map(({ name }) => `layout.each_${safe(name)}`),
          `layout.pieces_${step.function}`,
          "threads",
        ]),
  ];
  return callText(step.function, args, ";", indent);
}

/** What a header says of an entry. */
export function describeEntry({ entry }: PrintedPlan): string {
  const names = results(entry).map(({ name }) => name);
  const chosen = names.length > 1 ? " Those that are NULL are not computed." : "";
  const options = entry.constants.map(
    ({ name, values }) => `${name}: ${values.map((value, i) => `${i} ${value}`).join(", ")}.`,
  );
  return comment([`Computes ${names.join(", ")}.${chosen}`, ...options].join(" "), "//");
}
