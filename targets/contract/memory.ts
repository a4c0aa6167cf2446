// Which workspaces may be the same memory: those that no step needs at the same time.

import type { Entry, Step, WorkspaceInfo } from "./program.ts";

const names = (step: Step): readonly string[] =>
  step.kind === "fill" ? [step.buffer] : step.buffers.map(({ name }) => name);

/**
 * The workspaces of an entry in groups, each of which can be one piece of memory as large as its largest: a
 * workspace is in use from the first step that names it to the last.
 */
export function shareWorkspaces({
  workspaces,
  steps,
}: Pick<Entry, "workspaces" | "steps">): readonly (readonly WorkspaceInfo[])[] {
  const lives = workspaces
    .map((workspace) => ({
      workspace,
      first: steps.findIndex((step) => names(step).includes(workspace.name)),
      last: steps.findLastIndex((step) => names(step).includes(workspace.name)),
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
