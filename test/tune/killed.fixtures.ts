// A process that tunes with sessions that only pretend, and says each configuration that is kept.

import { tune } from "../../generators/tune/run/tune.ts";
import { pretendRun, pretendSession } from "./pretend.fixtures.ts";

const [path, count] = process.argv.slice(2) as [string, string];
const session = pretendSession({
  async time(_, samples) {
    await new Promise((done) => setTimeout(done, 1));
    const times = Array.from({ length: samples }, () => 2);
    return { wall: times, processor: times };
  },
});
const options = await pretendRun(path, Number(count), session, (event) => {
  if (event.kind !== "evaluated") return;
  process.stdout.write(`${event.isNew ? "new" : "known"} ${event.record.configuration.tile}\n`);
});
await tune(options);
await options.database.close();
