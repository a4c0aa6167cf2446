// The repetitions of an entry in C: a struct with the numbers of one turn, the function that computes them, and the
// loop around the steps.

import { gapAt } from "../../generators/emit/wrap.ts";
import type { Entry, LaunchStep } from "../contract/program.ts";
import { formulaAsC } from "./formula.ts";
import { callText } from "./heads.ts";
import { breakLine } from "./layout.ts";
import { safe } from "./reserved.ts";

/** Lines that are run where a test holds; always where it is empty. */
export interface Tested {
  readonly test: string;
  readonly lines: readonly string[];
}

/** Lines in order, those with one test under it together. */
export function writeTested(parts: readonly Tested[], indent: number): readonly string[] {
  const groups: { test: string; lines: string[] }[] = [];
  for (const { test, lines } of parts) {
    if (groups.at(-1)?.test !== test) groups.push({ test, lines: [] });
    groups.at(-1)!.lines.push(...lines);
  }
  const pad = " ".repeat(indent);
  return groups.flatMap(({ test, lines }) =>
    test === "" ? lines : [...breakLine(`if (${test}) {`, indent), ...lines, `${pad}}`],
  );
}

const launchesOf = ({ steps }: Entry, repeat: number): readonly LaunchStep[] =>
  steps.filter((s): s is LaunchStep => s.kind === "launch" && s.repeat === repeat);

/** The names in a formula that are no functions. */
const namesOf = (formula: string): readonly string[] =>
  [...formula.matchAll(/[A-Za-z_]\w*(?!\w*\()/g)].map(([name]) => name);

interface Turns {
  readonly times: string;
  readonly numbers: readonly { readonly name: string; readonly is: string }[];
  /** How many pieces of work the loops of launches have. */
  readonly pieces: readonly { readonly name: string; readonly is: string }[];
  /** The numbers of the call that these formulas need. */
  readonly takes: readonly string[];
}

function turnsOf(entry: Entry, repeat: number): Turns {
  const { times, numbers } = entry.repeats![repeat]!;
  const pieces = launchesOf(entry, repeat).flatMap(({ function: name, parallel }) =>
    parallel === undefined ? [] : [{ name: `pieces_${name}`, is: parallel }],
  );
  const own = new Set(["turn", ...numbers.map(({ name }) => name)]);
  const all = [times, ...[...numbers, ...pieces].map(({ is }) => is)].flatMap(namesOf);
  return { times, numbers, pieces, takes: [...new Set(all)].filter((name) => !own.has(name)) };
}

const typeOf = (entry: Entry, repeat: number): string => `${entry.name}_turn_${repeat}`;

/** The structs and functions of an entry's repetitions. */
export const declareTurns = (entry: Entry, use: (text: string) => void): readonly string[] =>
  (entry.repeats ?? []).flatMap((_, repeat) => {
    const { times, numbers, pieces, takes } = turnsOf(entry, repeat);
    const name = typeOf(entry, repeat);
    const fields = [...numbers.map((n) => safe(n.name)), ...pieces.map((n) => n.name)];
    const assign = (field: string, value: string): readonly string[] =>
      breakLine(`numbers->${field} =${gapAt(1)}(int32_t)${value};`, 2);
    return [
      "",
      `struct ${name} {`,
      ...fields.map((field) => `  int32_t ${field};`),
      "};",
      "",
      "// The numbers of one turn; gives how many turns there are.",
      ...callText(
        `static int32_t find_${name}`,
        [...takes.map((n) => `double ${safe(n)}`), "double turn", `struct ${name} *numbers`],
        " {",
      ),
      ...breakLine(`const int32_t turns = (int32_t)(${formulaAsC(times, use)});`, 2),
      "  if (!(turn < turns)) return turns;",
      ...numbers.flatMap((n) => [
        ...breakLine(`const double ${safe(n.name)} =${gapAt(1)}${formulaAsC(n.is, use)};`, 2),
        ...assign(safe(n.name), safe(n.name)),
      ]),
      ...pieces.flatMap((n) => assign(n.name, `(${formulaAsC(n.is, use)})`)),
      "  return turns;",
      "}",
    ];
  });

/** What the numbers of a turn are called inside its loop. */
export const turnName = (repeat: number): string => `turn_${repeat}`;

/** The steps of a repetition in a loop over its turns. */
export function writeTurns(entry: Entry, repeat: number, steps: readonly Tested[]): Tested {
  const { takes } = turnsOf(entry, repeat);
  const name = typeOf(entry, repeat);
  const sizes = new Set(entry.sizes.map((size) => size.name));
  const own = turnName(repeat);
  const numbers = takes.map((n) => (sizes.has(n) ? `layout.${safe(n)}` : safe(n)));
  return {
    test: "",
    lines: [
      `  struct ${name} ${own};`,
      "  for (int32_t turn = 0;; ++turn) {",
      ...callText(`if (turn >= find_${name}`, [...numbers, "turn", `&${own}`], ") break;", 4),
      ...writeTested(steps, 4),
      "  }",
    ],
  };
}
