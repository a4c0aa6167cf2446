// What a run of the tuner needs, with sessions that only pretend to measure.

import { openDatabase } from "../../generators/tune/database/store.ts";
import type { Bench } from "../../generators/tune/measure/evaluate.ts";
import { usualEffort } from "../../generators/tune/measure/rounds.ts";
import type { Session } from "../../generators/tune/measure/session.ts";
import type { TuneEvent, TuneOptions } from "../../generators/tune/run/options.ts";
import { strategies } from "../../generators/tune/search/index.ts";
import { createRandom } from "../../generators/tune/search/random.ts";
import { enumerate } from "../../generators/tune/space/enumerate.ts";
import { makeRecord } from "./database.fixtures.ts";

const nothing = { worst: 0, where: "", damaged: [], changed: [], milliseconds: 1 };

/** A session in which all is right and takes two milliseconds; what is given replaces what is usual. */
export const pretendSession = (more: Partial<Session> = {}): Session => ({
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
  ...more,
});

const program = { entry: { tensors: [] }, source: "" } as unknown as Bench["anchor"];

/** Options of a run over so many configurations that are numbered by `tile`, of which the first is the default. */
export async function pretendRun(
  path: string,
  count: number,
  session: Session,
  tell: (event: TuneEvent) => void,
  more: Partial<TuneOptions> = {},
): Promise<TuneOptions> {
  const values = Array.from({ length: count }, (_, i) => i);
  const effort = { ...usualEffort, least: 2, most: 2 };
  return {
    key: makeRecord(0).key,
    points: enumerate({ name: "s", parameters: [{ name: "tile", values }], constraints: [] }),
    usual: { tile: 0 },
    strategy: strategies.exhaustive!,
    seeds: [],
    random: createRandom(1),
    budget: { kind: "evaluations", count },
    database: await openDatabase(path),
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
      effort,
      random: createRandom(2),
    },
    last: { heats: 1, effort },
    signal: new AbortController().signal,
    tell,
    ...more,
  };
}
