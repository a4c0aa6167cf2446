// A process that tunes with sessions that only pretend, and says each configuration that is kept.

import { openDatabase } from "../../generators/tune/database/store.ts";
import type { Bench } from "../../generators/tune/measure/evaluate.ts";
import { usualEffort } from "../../generators/tune/measure/rounds.ts";
import type { Session } from "../../generators/tune/measure/session.ts";
import { tune } from "../../generators/tune/run/tune.ts";
import { strategies } from "../../generators/tune/search/index.ts";
import { createRandom } from "../../generators/tune/search/random.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import { makeRecord } from "./database.fixtures.ts";

const [path, count] = process.argv.slice(2) as [string, string];
const values = Array.from({ length: Number(count) }, (_, i) => i);
const nothing = { worst: 0, where: "", damaged: [], changed: [], milliseconds: 1 };
const session: Session = {
  open: async () => ({
    device: "none",
    driver: "none",
    hardware: false,
    simulation: false,
    features: [],
    limits: {},
    keepsCalls: true,
    resolution: { wall: 0.001, processor: 0.001 },
  }),
  prepare: async () => ({ milliseconds: 0, watched: true }),
  verify: async () => nothing,
  async time(_, samples) {
    await new Promise((done) => setTimeout(done, 1));
    const times = Array.from({ length: samples }, () => 2);
    return { wall: times, processor: times };
  },
  executor: {
    device: { target: "js", device: "none", driver: "none", hardware: false },
    run: async () => ({}),
    close: async () => {},
  },
  drop: async () => {},
  has: () => false,
  restart: async () => {},
  close: async () => {},
};
const program = { entry: { tensors: [] }, source: "" } as unknown as Bench["anchor"];
const database = await openDatabase(path);
await tune({
  key: makeRecord(0).key,
  points: enumerate({ name: "s", parameters: [{ name: "tile", values }], constraints: [] }),
  usual: { tile: 0 },
  strategy: strategies.exhaustive!,
  seeds: [],
  random: createRandom(1),
  budget: { kind: "evaluations", count: values.length },
  database,
  compile: () => program,
  bench: {
    session,
    clock: "wall",
    anchor: program,
    reference: "",
    allowed: {},
    repeats: () => true,
    check: async () => ({ worst: 0 }),
    floor: 0,
    effort: { ...usualEffort, least: 2, most: 2 },
    random: createRandom(2),
  },
  last: { heats: 1, effort: { ...usualEffort, least: 2, most: 2 } },
  signal: new AbortController().signal,
  tell: (event) => {
    if (event.kind !== "evaluated") return;
    process.stdout.write(`${event.isNew ? "new" : "known"} ${event.record.configuration.tile}\n`);
  },
});
await database.close();
