// An entry as a function of the host: it checks its numbers, finds what the workspace holds, and puts the fills and
// launches that the results wanted need on a stream.

import type { PrintedPlan } from "../../../generators/emit/target.ts";
import { gapAt } from "../../../generators/emit/wrap.ts";
import type { Checked } from "../../c/checks.ts";
import { callText, parametersOf, pointee, results } from "../../c/heads.ts";
import {
  breakLine,
  neededBeside,
  type Piece,
  piecesOf,
  usersOf,
  writeLayout,
} from "../../c/layout.ts";
import { safe } from "../../c/reserved.ts";
import { declareTurns, type Tested, turnName, writeTested, writeTurns } from "../../c/turns.ts";
import type { Entry, FillStep, LaunchStep, Step } from "../../contract/program.ts";
import { renameInFormulas } from "../../contract/rename.ts";
import { stretchesOf, turnNumbers } from "../../contract/turns.ts";

/**
 * An entry as the host counts it: blocks are the pieces of a launch, options have the names that demands give them,
 * which are no macros, and nothing is kept from call to call.
 */
export function hostEntry(given: Entry): Entry {
  const constants = given.constants.map((one) => ({ ...one, name: one.option.toUpperCase() }));
  const names = given.constants.map(({ name }, at) => [name, constants[at]!.name] as const);
  const entry = renameInFormulas(given, new Map(names));
  return {
    ...entry,
    constants,
    workspaces: entry.workspaces.map(({ name, dtype, elements }) => ({ name, dtype, elements })),
    steps: entry.steps.map((step) =>
      step.kind === "launch" ? { ...step, parallel: step.groups } : step,
    ),
  };
}

/** The heads of an entry's two functions, with what follows them. */
export function hostSignatures(
  entry: Entry,
  tail: string,
): { readonly run: string; readonly size: string } {
  // Options are macros, not parameters.
  const { pointers, numbers } = parametersOf({ ...hostEntry(entry), constants: [] });
  const typed = numbers.map(({ name, type }) => `${type} ${name}`);
  const all = ["struct CUstream_st *stream", ...pointers, ...typed, "void *workspace"];
  return {
    run: callText(`int32_t warpweave_${entry.name}_launch`, all, tail).join("\n"),
    size: callText(`size_t warpweave_${entry.name}_workspace_bytes`, typed, tail).join("\n"),
  };
}

/** The parts of an entry's text. */
export function writeHostEntry(plan: PrintedPlan, checked: Omit<Checked, "entry">): string {
  const entry = hostEntry(plan.entry);
  const pieces = piecesOf(entry, checked.use);
  const { numbers } = parametersOf({ ...entry, constants: [] });
  const macros = plan.entry.constants.map(({ name }) => name);
  const pass = [...numbers.map(({ name }) => name), ...macros];
  const { run, size } = hostSignatures(entry, " {");
  return [
    ...writeLayout(entry, pieces, checked, false),
    ...declareTurns(entry, checked.use),
    "",
    size,
    `  struct ${entry.name}_layout layout;`,
    ...callText(
      `return ${entry.name}_lay_out`,
      [...pass, "&layout"],
      " == 0 ? layout.bytes : 0;",
      2,
    ),
    "}",
    "",
    run,
    ...writeBody(entry, pieces, pass, checked),
    "}",
  ].join("\n");
}

function writeBody(
  entry: Entry,
  pieces: readonly Piece[],
  pass: readonly string[],
  { errors }: Omit<Checked, "entry">,
): readonly string[] {
  const outputs = results(entry);
  const several = outputs.length > 1;
  const steps = entry.steps.map((step): Tested => {
    const users = usersOf(entry, step).map((name) => `wants_${safe(name)}`);
    const test = users.length === outputs.length ? "" : users.join(" || ");
    return { test, lines: writeStep(step, entry) };
  });
  const work = stretchesOf(entry.steps).flatMap(({ repeat, steps: own }) => {
    const tested = own.map((step) => steps[entry.steps.indexOf(step)]!);
    return repeat === undefined ? tested : [writeTurns(entry, repeat, tested)];
  });
  const used = new Set(entry.steps.flatMap((step) => (step.kind === "launch" ? step.scalars : [])));
  const counted = (entry.repeats ?? []).flatMap(({ times, numbers }) => [
    times,
    ...numbers.map(({ is }) => is),
  ]);
  const options = entry.constants.flatMap(({ name }, at) =>
    counted.some((formula) => new RegExp(`\\b${name}\\b`).test(formula))
      ? [`  const int32_t ${safe(name)} = ${pass[pass.length - entry.constants.length + at]};`]
      : [],
  );
  const wanted = outputs.map(({ name }) => `wants_${safe(name)}`);
  const none = several
    ? "No result is wanted: all of them are NULL."
    : `No result is wanted: ${outputs[0]!.name} is NULL.`;
  return [
    `  struct ${entry.name}_layout layout;`,
    ...callText(`const int32_t code = ${entry.name}_lay_out`, [...pass, "&layout"], ";", 2),
    "  if (code != 0) return code;",
    ...options,
    ...entry.sizes
      .filter(({ name }) => used.has(name))
      .map(({ name }) => `  const int32_t ${safe(name)} = layout.${safe(name)};`),
    ...entry.tensors
      .filter(({ role }) => role === "input")
      .map(({ name }) => {
        const number = errors.numberOf(`${name} is NULL.`);
        return `  if (!${safe(name)} && layout.count_${safe(name)} > 0) return ${number};`;
      }),
    ...outputs.map(({ name }) => `  const bool wants_${safe(name)} = ${safe(name)} != nullptr;`),
    ...breakLine(`if (!(${wanted.join(" || ")})) return ${errors.numberOf(none)};`, 2),
    ...writeMemory(entry, pieces, errors),
    "  cudaError_t launched = cudaSuccess;",
    ...writeTested(work, 2),
    "  return 0;",
  ];
}

/** Where workspaces lie, and results that others need when they are not wanted themselves. */
function writeMemory(
  entry: Entry,
  pieces: readonly Piece[],
  errors: Checked["errors"],
): readonly string[] {
  if (pieces.length === 0) return ["  (void)workspace;"];
  const dtypes = new Map([...entry.tensors, ...entry.workspaces].map((b) => [b.name, b.dtype]));
  const beside = new Map(neededBeside(entry).map(({ name, by }) => [name, by]));
  const place = (name: string, field: string): string => {
    const type = pointee[dtypes.get(name)!];
    const at = `(${type} *)(base + layout.at_${field})`;
    const users = beside.get(name);
    if (!users) return `${type} *const ${safe(name)} =${gapAt(1)}${at};`;
    return `if (!${safe(name)} && (${users.map((u) => `wants_${safe(u)}`).join(" || ")})) ${safe(name)} = ${at};`;
  };
  return [
    `  if (!workspace) return ${errors.numberOf("workspace is NULL: give memory of the device of as many bytes as the function for it says.")};`,
    "  char *const memory = (char *)workspace;",
    "  char *const base = memory + (64 - (uintptr_t)memory % 64) % 64;",
    ...pieces.flatMap(({ names, field }) =>
      names.flatMap((name) => breakLine(place(name, field), 2)),
    ),
  ];
}

/** What the host does for a step; an error of CUDA ends the call. */
const writeStep = (step: Step, entry: Entry): readonly string[] =>
  step.kind === "fill" ? writeFill(step) : writeLaunch(step, entry);

function writeFill(step: FillStep): readonly string[] {
  if (step.value !== 0)
    throw new Error(`The host fills with 0, not ${step.buffer} with ${step.value}.`);
  const name = safe(step.buffer);
  const lines = [
    ...callText(
      "launched = cudaMemsetAsync",
      [name, "0", `layout.count_${name} * sizeof *${name}`, "stream"],
      ";",
      2,
    ),
    "  if (launched != cudaSuccess) return -(int32_t)launched;",
  ];
  return step.unless === undefined ? lines : [`#if ${step.unless} != 1`, ...lines, "#endif"];
}

function writeLaunch(step: LaunchStep, entry: Entry): readonly string[] {
  const turn = step.repeat === undefined ? undefined : turnName(step.repeat);
  const ofTurn = turnNumbers(entry);
  const indent = turn === undefined ? 2 : 4;
  const args = [
    `::${step.function}`,
    "stream",
    `${turn ?? "layout"}.pieces_${step.function}`,
    String(step.group),
    ...step.buffers.map(({ name }) => safe(name)),
    ...step.scalars.map((name) => (ofTurn.has(name) ? `${turn}.${safe(name)}` : safe(name))),
  ];
  return [
    ...callText("launched = warpweave_launch", args, ";", indent),
    `${" ".repeat(indent)}if (launched != cudaSuccess) return -(int32_t)launched;`,
  ];
}
