// The body of a nest as one JavaScript function, which a thread runs. What holds a barrier becomes a generator that
// yields at it, so that the threads of a group can be run phase by phase; the rest runs straight through.

import type { Nest, Stmt } from "./nest.ts";
import { type Callable, memoryName, type Variable } from "./nestInterpretExpr.ts";
import { type Actor, accumulate, load, type Memory, store } from "./nestInterpretMemory.ts";
import type { Mode } from "./nestInterpretNumbers.ts";
import { type BodyWriter, holdsBarrier, writeBody } from "./nestInterpretStmt.ts";

/** What the thread that runs now acts on, beside its own memories and variables. */
export interface State {
  /** The number of the statement that acts, for messages. */
  at: number;
  readonly actor: Actor;
  /** The index of the group along each grid loop. */
  grid: readonly number[];
  /** Numbers given at launch, and constants. */
  readonly parameters: readonly number[];
  /** The orders in which iterations without order among them run. */
  readonly order: (n: number) => readonly number[];
  /** Gives the thread that runs now memory of its own that nobody has written to. */
  readonly renewOwn: () => void;
  /** Notes that an element of a buffer is read. */
  readonly count: (buffer: string) => void;
  /** Notes which factors a thread names at a statement that its whole warp runs together. */
  readonly meet: (statement: number, lane: number, factors: readonly number[]) => void;
}

/** The function of a nest's body: runs to the end, or yields the number of each barrier. */
export type Program =
  | {
      readonly straight: true;
      readonly statements: readonly Stmt[];
      readonly run: (s: State, memories: readonly Memory[]) => void;
    }
  | {
      readonly straight: false;
      readonly statements: readonly Stmt[];
      readonly run: (s: State, memories: readonly Memory[]) => Generator<number, void>;
    };

const programs = new WeakMap<Nest, Map<string, Program>>();

/** The program of a nest in a mode; the same one each time. */
export function programOf(nest: Nest, mode: Mode, counts: boolean): Program {
  const known = programs.get(nest) ?? new Map<string, Program>();
  programs.set(nest, known);
  const key = `${mode} ${counts}`;
  const program = known.get(key) ?? makeProgram(nest, mode, counts);
  known.set(key, program);
  return program;
}

function makeProgram(nest: Nest, mode: Mode, counts: boolean): Program {
  const bound = new Map<string, Callable>(Object.entries({ load, store, accumulate }));
  const statements: Stmt[] = [];
  let made = 0;
  const writer: BodyWriter = {
    mode,
    counts,
    group: nest.group,
    bufferNumber: (name) => {
      const number = nest.buffers.findIndex((buffer) => buffer.name === name);
      if (number < 0) throw new Error(`buffer ${name} is not declared`);
      return number;
    },
    bind: (name, value) => {
      bound.set(name, value);
      return name;
    },
    fresh: (like) => `${like}${made++}`,
    numberOf: (s) => statements.push(s) - 1,
  };
  const parameters = [...nest.scalars, ...nest.constants].map(({ name, type }, i) => {
    const own = writer.fresh("given");
    return { name, is: { lanes: [own], type }, line: `const ${own} = s.parameters[${i}];` };
  });
  const names = new Map<string, Variable>(parameters.map(({ name, is }) => [name, is]));
  const body = writeBody(writer, nest.body, names);
  const straight = !holdsBarrier(nest.body);
  const lines = [
    '"use strict";',
    `return function${straight ? "" : "*"} (s, memories) {`,
    ...nest.buffers.map((_, i) => `const ${memoryName(i)} = memories[${i}];`),
    ...parameters.map(({ line }) => line),
    ...body,
    "};",
  ];
  const make = new Function(...bound.keys(), lines.join("\n"));
  return { straight, statements, run: make(...bound.values()) };
}
