// What was asked of the tuner: a line at the start and one at the end of each run.

/** A run that begins or is done. */
export interface RunLine {
  readonly kind: "run";
  /** The same in both lines of a run. */
  readonly id: string;
  readonly state: "started" | "finished";
  readonly operator: string;
  /** The options of the command line. */
  readonly request: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly at: string;
}

/** Is a line of a database one of a run? */
export function isRunLine(line: unknown): line is RunLine {
  if (typeof line !== "object" || line === null) return false;
  const { kind, id, state, operator, request, at } = line as Partial<
    Record<keyof RunLine, unknown>
  >;
  return (
    kind === "run" &&
    (state === "started" || state === "finished") &&
    [id, operator, at].every((text) => typeof text === "string") &&
    typeof request === "object" &&
    request !== null
  );
}

/** The runs that began and did not end, oldest first; one that was asked for again counts once. */
export function unfinishedRuns(lines: readonly RunLine[]): readonly RunLine[] {
  const finished = new Set(lines.filter((l) => l.state === "finished").map(wordsOf));
  const open = new Map<string, RunLine>();
  for (const line of lines)
    if (line.state === "started" && !finished.has(wordsOf(line))) open.set(wordsOf(line), line);
  return [...open.values()];
}

const wordsOf = ({ operator, request }: RunLine): string => JSON.stringify([operator, request]);
