import { CommanderError } from "commander";

/** A mistake of the caller, said in one clear sentence: printed without a stack, exit code 1. */
export class UserError extends Error {
  override readonly name = "UserError";
  /** Other stages mark their own error classes so; they need not import the command line. */
  readonly userFacing = true;
}

/** A command line that is written wrongly, also one sentence; exit code 2. */
export class UsageError extends UserError {}

/** Exit codes of every command. */
export const EXIT = { done: 0, refused: 1, usage: 2 } as const;

/** Whether an error is a sentence for the user and not a defect of this program. */
export function isUserFacing(error: unknown): error is Error {
  return error instanceof Error && "userFacing" in error && error.userFacing === true;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's error code, such as ENOENT, of anything that was thrown. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/**
 * What a failure prints to stderr and the exit code it means. Commander (with `exitOverride`) has
 * printed its own sentence already, so wrong usage prints nothing more.
 */
export function reportError(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof CommanderError) {
    return { text: "", code: error.exitCode === 0 ? EXIT.done : EXIT.usage };
  }
  if (isUserFacing(error)) {
    const code = error instanceof UsageError ? EXIT.usage : EXIT.refused;
    return { text: `error: ${error.message}\n`, code };
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `internal error, please report it: ${trace}\n`, code: EXIT.refused };
}

/** Runs a command to its end, says what went wrong, and gives the exit code. */
export async function runReported(
  command: () => unknown,
  write: (text: string) => void,
): Promise<number> {
  try {
    await command();
    return EXIT.done;
  } catch (error) {
    const { text, code } = reportError(error);
    if (text !== "") write(text);
    return code;
  }
}

/** Runs the process' own command: failures go to stderr and become the exit code. */
export async function main(command: () => unknown): Promise<void> {
  // `warpweave list | head` closes our output early; that is no failure.
  process.stdout.on("error", (error) => {
    if (codeOf(error) === "EPIPE") process.exit(EXIT.done);
    throw error;
  });
  process.exitCode = await runReported(command, (text) => process.stderr.write(text));
}
