// Calls of the worker.

import type { Engine, Timed } from "./engine.ts";
import type { Answer, Question } from "./worker.ts";
import JavaScriptWorker from "./worker.ts?worker&inline";

/** Starts the worker. */
export function openJavaScript(): Engine {
  const worker = new JavaScriptWorker();
  const waiting = new Map<number, { done(timed: Timed): void; fail(error: Error): void }>();
  let last = 0;
  let broken: Error | undefined;

  worker.addEventListener("message", ({ data: answer }: MessageEvent<Answer>) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("failed" in answer) asked?.fail(new Error(answer.failed));
    else asked?.done(answer);
  });
  worker.addEventListener("error", ({ message }) => {
    broken = new Error(message || "the worker does not start here");
    for (const { fail } of waiting.values()) fail(broken);
    waiting.clear();
  });

  function ask(question: Omit<Question, "id">): Promise<Timed> {
    const id = ++last;
    return new Promise((done, fail) => {
      if (broken) return fail(broken);
      waiting.set(id, { done, fail });
      // Arrays are copied: what the page changes afterwards is not seen.
      worker.postMessage({ id, ...question } satisfies Question);
    });
  }

  return {
    forward: (call) => ask({ call }),
    backward: (call, gradient) => ask({ call, gradient }),
    close: () => worker.terminate(),
  };
}
