// Which workspaces may be the same memory: those that no step needs at the same time.

import type { Entry, Step, WorkspaceInfo } from "./program.ts";
import { stretchesOf } from "./turns.ts";

const names = (step: Step): readonly string[] =>
  step.kind === "fill" ? [step.buffer] : step.buffers.map(({ name }) => name);

/**
 * The workspaces of an entry in groups, each of which can be one piece of memory as large as its largest: a
 * workspace is in use from the first step that names it to the last, and in all steps of a repetition.
 */
export function shareWorkspaces({
  workspaces,
  steps,
}: Pick<Entry, "workspaces" | "steps">): readonly (readonly WorkspaceInfo[])[] {
  const stretches = stretchesOf(steps).map((stretch) => stretch.steps.flatMap(names));
  const lives = workspaces
    .map((workspace) => ({
      workspace,
      first: stretches.findIndex((names) => names.includes(workspace.name)),
      last: stretches.findLastIndex((names) => names.includes(workspace.name)),
    }))
    .sort((a, b) => a.first - b.first);
  const groups: { workspaces: WorkspaceInfo[]; last: number }[] = [];
  for (const { workspace, first, last } of lives) {
    const free = groups.find((group) => group.last < first);
    if (free) {
      free.workspaces.push(workspace);
      free.last = last;
    } else groups.push({ workspaces: [workspace], last });
  }
  return groups.map((group) => group.workspaces);
}
