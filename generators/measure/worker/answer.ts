// The side of a process that answers requests.

import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Answers on the file descriptor 3, so that what libraries print is in nobody's way, until a request
 * says `close` or nobody asks any more.
 */
export function answerRequests<R extends { readonly do: string }>(
  answer: (request: R) => Promise<object>,
): void {
  const replies = createWriteStream("", { fd: 3 });
  // Ctrl-C is the command's to handle: it asks for no more, and closes.
  process.on("SIGINT", () => {});
  const lines = createInterface({ input: process.stdin });
  let last: Promise<void> = Promise.resolve();
  lines.on("line", (line) => {
    last = last.then(async () => {
      const request = JSON.parse(line) as R;
      const reply = await answer(request).catch((error: unknown) => ({
        failed: error instanceof Error ? error.message : String(error),
      }));
      await new Promise((done) => replies.write(`${JSON.stringify(reply)}\n`, done));
      if (request.do === "close") process.exit(0);
    });
  });
  // The command has ended without saying so.
  lines.on("close", () => void last.then(() => process.exit(0)));
}
