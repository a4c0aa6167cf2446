// A process that can be asked to compute without end.

import { answerRequests } from "../../generators/measure/worker/answer.ts";
import { endWithParent } from "../../generators/measure/worker/watchdog.ts";

endWithParent();
answerRequests<{ readonly do: string }>(async (request) => {
  if (request.do === "hang") for (;;);
  return { pid: process.pid };
});
