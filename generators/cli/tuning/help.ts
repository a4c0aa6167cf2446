// What ends the help of the tuner's commands.

/** Command lines, as examples at the end of a command's help. */
export const exampleHelp = (...lines: readonly string[]): string =>
  ["\nExamples:", ...lines.map((line) => `  $ warpweave tune ${line}`)].join("\n");
