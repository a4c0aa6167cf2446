// What failures print, and the exit codes they mean.

import { CommanderError } from "commander";
import { codeOf, isUserFacing, UsageError } from "../messages/errors.ts";

export { codeOf, isUserFacing, messageOf, UsageError, UserError } from "../messages/errors.ts";

/** Exit codes of every command. */
export const EXIT = { done: 0, refused: 1, usage: 2 } as const;

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
