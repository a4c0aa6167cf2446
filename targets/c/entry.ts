// An entry as a function of C: it checks its numbers, finds memory, and runs the steps that the results wanted need.

import type { PrintedPlan } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Nest } from "../../generators/ir/nest.ts";
import type { Entry, Step } from "../contract/program.ts";
import { repeatOf, stretchesOf, turnNumbers } from "../contract/turns.ts";
import type { Checked } from "./checks.ts";
import { callText, parametersOf, pointee, results, signaturesOf } from "./heads.ts";
import { checkStamp, declareStamp, findKept, refuseKeeping, testOfStep } from "./keep.ts";
import { breakLine, neededBeside, type Piece, piecesOf, usersOf, writeLayout } from "./layout.ts";
import { namedIn } from "./print.ts";
import { entryName, safe } from "./reserved.ts";
import { declareTurns, type Tested, turnName, writeTested, writeTurns } from "./turns.ts";

/** The parts of an entry's text. */
export function writeEntry({ nests, entry }: PrintedPlan, checked: Omit<Checked, "entry">): string {
  const pieces = piecesOf(entry, checked.use);
  const pass = parametersOf(entry).numbers.map(({ name }) => name);
  const layout = `struct ${entry.name}_layout`;
  const { run, size, keeping } = signaturesOf(entry, " {");
  const kept = findKept(entry);
  const arrays = [...entry.tensors.filter(({ role }) => role === "input"), ...results(entry)];
  const all = [...arrays.map(({ name }) => safe(name)), ...pass, "workspace", "threads", "0"];
  return [
    ...(kept ? declareStamp(entry.name, kept, decidersOf(entry)) : []),
    ...writeLayout(entry, pieces, checked),
    ...declareTurns(entry, checked.use),
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
    keeping ?? run,
    ...writeBody({ nests, entry }, pieces, pass, checked),
    "}",
    ...(keeping === undefined
      ? []
      : ["", run, ...callText(`return ${entryName(entry)}_keeping`, all, ";", 2), "}"]),
  ].join("\n");
}

/** The numbers that decide what a workspace holds, and where. */
const decidersOf = (entry: Entry): readonly string[] => [
  ...parametersOf(entry).numbers.map(({ name }) => name),
  "threads",
  ...(results(entry).length > 1 ? results(entry).map(({ name }) => `wants_${safe(name)}`) : []),
];

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
  const kept = findKept(entry);
  const launches = entry.steps.filter((step) => step.kind === "launch");
  const nestOf = new Map<Step, Nest>(launches.map((step, at) => [step, nests[at]!.nest]));
  const steps = entry.steps.map((step): Tested => {
    const users = usersOf(entry, step).map((name) => `wants_${safe(name)}`);
    // Some result is wanted, so what all of them need is run.
    const wanted = users.length === outputs.length ? "" : users.join(" || ");
    const again = testOfStep(step, kept);
    const test = wanted && again ? `(${wanted}) && ${again}` : wanted || again;
    const indent = (test === "" ? 2 : 4) + (repeatOf(step) === undefined ? 0 : 2);
    return { test, lines: writeStep(step, nestOf, entry, indent) };
  });
  const work = stretchesOf(entry.steps).flatMap(({ repeat, steps: own }) => {
    const tested = own.map((step) => steps[entry.steps.indexOf(step)]!);
    return repeat === undefined ? tested : [writeTurns(entry, repeat, tested)];
  });
  const memory =
    pieces.length === 0
      ? ["  (void)workspace;"]
      : [
          ...(kept ? refuseKeeping(kept, errors).map((line) => `  ${line}`) : []),
          "  char *const memory = workspace ? workspace : malloc(layout.bytes);",
          `  if (!memory) return ${errors.numberOf("There is not enough memory for the workspace.")};`,
          "  char *const base = memory + (64 - (uintptr_t)memory % 64) % 64;",
          ...(kept
            ? checkStamp(entry.name, kept, decidersOf(entry), errors).map((line) => `  ${line}`)
            : ["  memset(base, 0, 64);"]),
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
    ...entry.sizes
      .filter(({ name }) => nests.some(({ nest }) => namedIn(nest).has(name)))
      .map(({ name }) => `  const int32_t ${safe(name)} = layout.${safe(name)};`),
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
    ...writeTested(work, 2),
    ...(pieces.length > 0 ? ["  if (!workspace) free(memory);"] : []),
    "  return 0;",
  ];
}

function writeStep(
  step: Step,
  nestOf: ReadonlyMap<Step, Nest>,
  entry: Entry,
  indent: number,
): readonly string[] {
  if (step.kind === "fill") {
    const name = safe(step.buffer);
    const guard = step.unless === undefined ? "" : `if (!${safe(step.unless)})${gapAt(1)}`;
    const head = `for (size_t element = 0; element < layout.count_${name}; ++element)`;
    return wrap(`${guard}${head}${gapAt(2)}${name}[element] = ${step.value};`, indent, 100);
  }
  const nest = nestOf.get(step);
  if (!nest) throw new Error(`${step.function} has no nest.`);
  const turn = step.repeat === undefined ? undefined : turnName(step.repeat);
  const ofTurn = turnNumbers(entry);
  const perWorker = entry.workspaces.filter(({ perWorker }) => perWorker).map(({ name }) => name);
  const named = namedIn(nest);
  const buffers = step.buffers.filter(({ name }) => named.has(name));
  const own = buffers.filter(({ name }) => perWorker.includes(name));
  const args = [
    ...buffers.map(({ name }) => safe(name)),
    ...step.scalars
      .filter((name) => named.has(name))
      .map((name) => (ofTurn.has(name) ? `${turn}.${safe(name)}` : safe(name))),
    ...nest.constants.filter(({ name }) => named.has(name)).map(({ name }) => safe(name)),
    ...(step.parallel === undefined
      ? []
      : [
          ...own.map(({ name }) => `layout.each_${safe(name)}`),
          `${turn ?? "layout"}.pieces_${step.function}`,
          "threads",
        ]),
  ];
  return callText(step.function, args, ";", indent);
}
