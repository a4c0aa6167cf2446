// `tune space file.json`: spaces of other tools, as files describe them or as they were measured.

import { type Contents, readSpaceFile } from "../../../tune/formats/read.ts";
import { writeT1 } from "../../../tune/formats/t1.ts";
import { countAll, type Pruned, pruneConstraints } from "../../../tune/kernels/prune.ts";
import { createRecording } from "../../../tune/replay/recording.ts";
import { enumerate } from "../../../tune/space/enumerate.ts";
import { hashSpace } from "../../../tune/space/hash.ts";
import type { Space } from "../../../tune/space/space.ts";
import { UserError } from "../../errors.ts";
import { formatNotes, plural, printJson, type Terminal } from "../../terminal.ts";

/** Whether a name is that of a file with a space, and not of an operator. */
export const isSpaceFile = (name: string): boolean => /\.json(\.gz)?$/.test(name);

/** What a file says, counted. */
interface Summary {
  readonly space: Space;
  readonly format: string;
  readonly valid: number;
  readonly pruned: readonly Pruned[];
  /** Of recorded spaces: configurations without a time, and the lowest time. */
  readonly recorded?: { readonly failed: number; readonly best: number };
}

/** Prints a space of a file: as text, as JSON, or in the format T1. */
export function showSpaceFile(
  path: string,
  request: { readonly json?: boolean; readonly export?: string },
  terminal: Terminal,
): void {
  const contents = readSpaceFile(path);
  const { space } = contents;
  if (request.export === "t1") printJson(terminal, writeT1(space));
  else {
    const summary = summarise(contents, path);
    if (request.json === true) printJson(terminal, describe(summary));
    else terminal.out(formatSummary(summary));
  }
}

const describe = ({ space, format, valid, pruned, recorded }: Summary) => ({
  space: space.name,
  format,
  hash: hashSpace(space),
  parameters: space.parameters,
  all: countAll(space),
  valid,
  constraints: pruned,
  ...recorded,
});

function summarise(contents: Contents, path: string): Summary {
  const { space, kind } = contents;
  if (contents.kind !== "T1") {
    const { points, outcomes, best } = createRecording(contents.measured);
    const failed = outcomes.filter((outcome) => "failed" in outcome).length;
    return { space, format: kind, valid: points.size, pruned: [], recorded: { failed, best } };
  }
  const points = enumerate(space);
  if (points.size === 0) throw new UserError(`${path}: no configuration of ${space.name} is valid`);
  return { space, format: kind, valid: points.size, pruned: pruneConstraints(space, points) };
}

function formatSummary({ space, format, valid, pruned, recorded }: Summary): string {
  const found = recorded === undefined ? "valid" : "recorded";
  const lines = [
    `${space.name} (${format}): ${plural(valid, "configuration")} ${found} of ${countAll(space)}, ` +
      `space ${hashSpace(space)}`,
    "",
    formatNotes(
      space.parameters.map(({ name, values }) => [name, String(values.length), values.join(", ")]),
      { head: ["parameter", "count", "values"], align: ["left", "right", "left"] },
    ).trimEnd(),
  ];
  if (pruned.length > 0) {
    const rows = pruned.map((of) => [String(of.refuses), String(of.alone), of.constraint]);
    const head = ["refuses", "alone", "constraint"];
    lines.push("", formatNotes(rows, { head, align: ["right", "right", "left"] }).trimEnd());
  }
  if (recorded !== undefined)
    lines.push(
      "",
      `${recorded.failed} of them failed; the best one takes ${formatRecorded(recorded.best)}.`,
    );
  return `${lines.join("\n")}\n`;
}

/** A time of a recording, in the unit that whoever recorded it took. */
export const formatRecorded = (time: number): string =>
  `${Number(time.toPrecision(4))} (in the recording's unit)`;
