// Where a text stops being JSON. What engines say of it names no place in most cases.

import { messageOf } from "./errors.ts";

function explainRefusal(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Could more text make JSON of it? Then it is its end that is refused. */
function mayBegin(text: string): boolean {
  const said = explainRefusal(text);
  if (said === undefined || said === explainRefusal("")) return true;
  const at = / position (\d+)/.exec(said)?.[1];
  return at !== undefined && Number(at) >= text.length;
}

/** The line and column of the first token after which no text can be JSON, and that token. */
export function locateFault(text: string): string {
  const tokens = /[{}[\],:]|"(?:[^"\\\p{Cc}]|\\.)*"|[^\s{}[\],:"]+|"/gu;
  const place = (at: number): string => {
    const lines = text.slice(0, at).split("\n");
    return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
  };
  // The blank ends words such as "tru", which could go on otherwise.
  for (const { 0: token, index } of text.matchAll(tokens))
    if (!mayBegin(`${text.slice(0, index + token.length)} `))
      return `${place(index)}: ${token.slice(0, 30)} does not belong there`;
  return `${place(text.trimEnd().length)}: it ends too early`;
}
