// Schedules of users: JSON read and checked, and the loop nest after each of their steps.

import { finishPlan, limitsOf } from "../compile.ts";
import type { Kernel } from "../ir/kernel.ts";
import { dumpPlan } from "../ir/nestDump.ts";
import type { Plan } from "../ir/plan.ts";
import { locateFault } from "../messages/json.ts";
import { suggestName } from "../messages/nearest.ts";
import { defaultSchedule } from "../schedule/defaults.ts";
import { applySchedule, lower, type Schedule, transforms } from "../schedule/index.ts";
import { UserError } from "./errors.ts";
import { readBytes } from "./io/files.ts";
import { parseTarget } from "./targets.ts";
import { formatNotes } from "./terminal.ts";

/** Reads a schedule: a JSON list of [name] or [name, parameters]. */
export async function readSchedule(path: string): Promise<Schedule> {
  const text = new TextDecoder().decode(await readBytes(path));
  let steps: unknown;
  try {
    steps = JSON.parse(text);
  } catch {
    throw new UserError(`${path} is not JSON: ${locateFault(text)}`);
  }
  if (!Array.isArray(steps)) throw new UserError(`${path} is not a schedule: ${form}`);
  for (const [i, step] of steps.entries()) checkStep(path, i + 1, step);
  return steps;
}

const form = 'a schedule is a list of steps such as ["pointwise", { "group": 64 }]';

function checkStep(path: string, number: number, step: unknown): void {
  const [name, params = {}, ...rest] = Array.isArray(step) ? step : [];
  if (typeof name !== "string" || rest.length > 0 || !isParams(params))
    throw new UserError(`step ${number} of ${path} cannot be read: ${form}`);
  const known = transforms.map((t) => t.name);
  if (known.includes(name)) return;
  const hint = suggestName(name, known);
  throw new UserError(`step ${number} of ${path}: there is no transform "${name}"; ${hint}`);
}

function isParams(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((v) => ["string", "number", "boolean"].includes(typeof v));
}

/** What each transform does: before → after. */
export const describeTransforms = (): string =>
  formatNotes(transforms.map(({ name, doc }) => [`  ${name}`, doc]));

/** The plan after a step of a schedule, as text. */
export interface ShownStep {
  readonly after: string;
  readonly plan: string;
}

/** The plans of a kernel as a schedule goes on; the target's own schedule where none is given. */
export function showNests(
  kernel: Kernel,
  targetName: string,
  given: Schedule | undefined,
): readonly ShownStep[] {
  const target = parseTarget(targetName);
  const limits = limitsOf(target);
  const schedule = given ?? defaultSchedule(kernel, target.capabilities, limits).steps;
  const result = applySchedule(kernel, schedule, limits);
  if ("refused" in result) throw new UserError(`the schedule does not apply: ${result.refused}`);
  // The last is what is printed: gradients can then be added to what is there.
  const finish = (plan: Plan, i: number) =>
    i === result.steps.length - 1 ? finishPlan(plan, target) : plan;
  return result.steps.map((draft, i) => ({
    after: i === 0 ? "before the schedule" : `after ${JSON.stringify(schedule[i - 1])}`,
    plan: dumpPlan(finish(lower(draft), i)),
  }));
}
