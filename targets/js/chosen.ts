// An entry whose results are chosen: each step runs where a result is wanted that needs it.

import type { PrintedPlan } from "../../generators/emit/target.ts";
import { gapAt, wrap } from "../../generators/emit/wrap.ts";
import type { Step } from "../contract/program.ts";
import { repeatOf } from "../contract/turns.ts";
import { stepsFor } from "../contract/wanted.ts";
import { declareMemory, declareSizes, runStep, safe, writeTurns } from "./steps.ts";
import { argumentLines } from "./text.ts";

/** An entry that computes the results for which it is given arrays. */
export function declareChosen({ entry }: PrintedPlan, use: (text: string) => void) {
  const { inputs, outputs, workspaces } = declareMemory(entry, use);
  const results = entry.tensors.filter(({ role }) => role === "output").map(({ name }) => name);
  const needed = results.map((name) => ({ name, steps: stepsFor(entry.steps, [name]) }));
  /** The test that some result is wanted which needs such a step; empty where all do. */
  const testFor = (isUsed: (step: Step) => boolean): string => {
    const users = needed.filter(({ steps }) => steps.some(isUsed)).map(({ name }) => safe(name));
    return users.length === results.length ? "" : users.join(" || ");
  };
  const groups: Group[] = [];
  for (const step of entry.steps) {
    // Arrays of results are new, which are filled with 0, or are added to.
    if (step.kind === "fill" && step.value === 0 && results.includes(step.buffer)) continue;
    const test = testFor((other) => other === step);
    const written = writtenBy(step).find((name) => results.includes(name));
    if (written !== undefined && results.length > 1 && test !== safe(written))
      throw new Error(`${entry.name}: ${written} and other results are computed by one step.`);
    const repeat = repeatOf(step);
    const last = groups.at(-1);
    const joins = repeat === undefined ? last?.test === test : true;
    if (last && last.repeat === repeat && joins) last.steps.push(step);
    else groups.push({ test, repeat, steps: [step] });
  }
  const linesOf = ({ repeat, steps }: Group, indent: number): readonly string[] => {
    const pad = " ".repeat(indent);
    if (repeat === undefined) return steps.map((step) => pad + runStep(step, entry, indent));
    const lines = steps.flatMap((step) => {
      const test = testFor((other) => other === step);
      if (test === "") return [`${pad}  ${runStep(step, entry, indent + 2, "_t")}`];
      const inside = `${pad}    ${runStep(step, entry, indent + 4, "_t")}`;
      return [`${pad}  if (${test}) {`, inside, `${pad}  }`];
    });
    return writeTurns(entry.repeats![repeat]!, use, indent, lines);
  };
  const users = new Map(
    entry.workspaces.map(({ name }) => [
      safe(name),
      groups.filter(({ steps }) => steps.some(names(name))),
    ]),
  );
  const blocks = groups.map((made) => {
    const isRepeated = made.repeat !== undefined;
    const group = isRepeated ? { ...made, test: testFor((s) => made.steps.includes(s)) } : made;
    const indent = group.test === "" ? 4 : 6;
    const first = workspaces.filter(({ name }) => users.get(name)![0] === made);
    const isInside = ({ name }: { readonly name: string }) =>
      users.get(name)!.length === 1 && !isRepeated;
    const usersTest = (name: string): string =>
      testFor((step) => users.get(name)!.some((g) => g.steps.includes(step)) && names(name)(step));
    const allocate = ({ name, value }: (typeof workspaces)[number], at: number, guard: string) =>
      wrap(`const ${name} =${gapAt(0)}${guard}${value};`, at, 100, 2);
    const { test } = group;
    const guard = (of: string): string =>
      of === "" ? "" : `${of.includes(" ") ? `(${of})` : of} &&${gapAt(0)}`;
    const needs = (name: string): string => (isRepeated ? usersTest(name) : test);
    return {
      test,
      before: first
        .filter((w) => !isInside(w))
        .flatMap((w) => allocate(w, 4, guard(needs(w.name)))),
      lines: [
        ...first.filter(isInside).flatMap((w) => allocate(w, indent, "")),
        ...linesOf(group, indent),
      ],
    };
  });
  const sizes = declareSizes(entry, use);
  const fields = [`{ ${inputs} }`, `{ ${outputs} }`, "_s", "_o"];
  return {
    head: argumentLines(`  "${entry.present.join(" ")}": (`, fields, ") => {", 2),
    blocks: sizes.length > 0 ? [{ test: "", before: [], lines: sizes }, ...blocks] : blocks,
  };
}

/** Steps one after another that the same results need. */
interface Group {
  readonly test: string;
  readonly repeat: number | undefined;
  readonly steps: Step[];
}

const names =
  (buffer: string) =>
  (step: Step): boolean =>
    step.kind === "fill"
      ? step.buffer === buffer
      : step.buffers.some(({ name }) => name === buffer);

const writtenBy = (step: Step): readonly string[] =>
  step.kind === "fill"
    ? [step.buffer]
    : step.buffers.filter(({ access }) => access !== "read").map(({ name }) => name);
