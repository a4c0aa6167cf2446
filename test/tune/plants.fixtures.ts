// Programs that do wrong, to be measured as if they were schedules.

import type { LaunchStep, Program } from "../../targets/contract/program.ts";

/** What a planted program does before and after it computes; `out` is its result. */
const plants = {
  default: ["", ""],
  same: ["", ""],
  slow: ["for (const end = performance.now() + 3; performance.now() < end; );", ""],
  wrong: ["", "out[0] += 1;"],
  changing: ["", "out[1] *= 1 + (Math.random() - 0.5) * 1e-6;"],
  input: ["", ""],
  unwritten: ["const kept = out[2];", "out[2] = kept;"],
  throws: ["throw new Error('planted');", ""],
  syntax: ["", "this is no JavaScript"],
  hang: ["for (;;);", ""],
  crash: ["process.abort();", ""],
  memory: ["const all = []; for (;;) all.push(new Array(1e5).fill(all.length));", ""],
} as const satisfies Readonly<Record<string, readonly [before: string, after: string]>>;

/** The name of a plant. */
export type Plant = keyof typeof plants;

/** All plants by name. */
export const plantNames = Object.keys(plants) as readonly Plant[];

/** A program of JavaScript that does something beside what it is to do. */
export function plant({ entry, source }: Program, name: Plant): Program {
  const launches = entry.steps.filter((step): step is LaunchStep => step.kind === "launch");
  const last = launches.at(-1)!;
  const at = last.buffers.findIndex(({ name: buffer }) => buffer === "output");
  const first = launches[0]!;
  const input = first.buffers.findIndex(({ name: buffer }) => buffer === "input");
  const [before, after] = plants[name];
  const wrapped = source
    .replace(`export function ${last.function}(`, "function planted_last(")
    .replace(`export function ${first.function}(`, "function planted_first(");
  const text = `${wrapped}
export function ${first.function}(...args) {
  if (${JSON.stringify(name)} === "input") args[${input}][0] = 7;
  planted_first(...args);
}
export function ${last.function}(...args) {
  const out = args[${at}];
  ${before}
  planted_last(...args);
  ${after}
}
`;
  return { entry, source: text };
}
