// Winners: their file, which of them a call gets and why, and what is done with stale ones.

import { describe, expect, test } from "vitest";
import { tuneBy } from "../../generators/cli/tuning/winners.ts";
import { ownSchedule } from "../../generators/compile.ts";
import type { Measurement } from "../../generators/tune/database/record.ts";
import type { Configuration } from "../../generators/tune/space/space.ts";
import { chooseWinners } from "../../generators/tune/winners/choose.ts";
import { findWinner } from "../../generators/tune/winners/find.ts";
import { chooseSchedule } from "../../generators/tune/winners/schedules.ts";
import { bucketOf, distanceOf, kindOf } from "../../generators/tune/winners/shapes.ts";
import { parseWinners, printWinners } from "../../generators/tune/winners/winner.ts";
import { device, js, kernel, key, of, query, winner } from "./winners.fixtures.ts";

describe("shapes", () => {
  test("are of one bucket by powers of two and divisibility", () => {
    const shape = { C: 64, H: 56, KH: 3, scale: 0.25 };
    expect(bucketOf(shape)).toBe("C 2^6/64, H 2^5/8, KH3, scale0.25");
    expect(bucketOf({ ...shape, C: 65 })).toBe("C 2^6/1, H 2^5/8, KH3, scale0.25");
    expect(kindOf(shape)).toBe(kindOf({ ...shape, C: 640 }));
    expect(kindOf(shape)).not.toBe(kindOf({ ...shape, KH: 1 }));
  });

  test("are apart by the factors between their sizes", () => {
    expect(distanceOf({ C: 64, H: 56 }, { C: 256, H: 56 })).toBe(2);
    expect(distanceOf({ C: 64 }, { C: 65 })).toBe(Number.POSITIVE_INFINITY);
    expect(distanceOf({ C: 64 }, { C: 64, H: 8 })).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the file", () => {
  const winners = [
    winner({ contract_MR: 2 }, 1.5),
    winner({ contract_MR: 3 }, 1.2, { threads: 2 }),
  ];

  test("is read as it was written, whatever the order was", () => {
    const text = printWinners(winners);
    expect(printWinners(winners.toReversed())).toBe(text);
    expect(text.split("\n").filter((line) => line.includes('"key"'))).toHaveLength(2);
    expect(printWinners(parseWinners(text, "tuned.json"))).toBe(text);
    expect(parseWinners(printWinners([]), "tuned.json")).toEqual([]);
  });

  test.each([
    ["no JSON", "{", "tuned.json is not JSON"],
    [
      "another version",
      '{"version":2,"entries":[]}',
      /^tuned.json is no file of winners: version must be equal to constant: 1$/,
    ],
    ["a field too many", '{"version":1,"entries":[],"more":1}', /additional properties/],
    [
      "an entry twice",
      printWinners([winners[0]!, winners[0]!]),
      "tuned.json, entry 2: another entry has the same key",
    ],
    [
      "a bucket of another shape",
      printWinners([{ ...winners[0]!, bucket: "C 2^3/8" }]),
      /entry 1: the bucket of its shape is C 2\^6\/64/,
    ],
  ])("is refused: %s", (_, text, message) => {
    expect(() => parseWinners(text, "tuned.json")).toThrow(message);
  });
});

describe("a call gets", () => {
  const exact = winner({ contract_MR: 2 }, 1.5);
  const larger = winner({ contract_MR: 3 }, 1.3, { shape: { ...key.shape, C: 128 } });
  const odd = winner({ contract_MR: 6 }, 2, { shape: { ...key.shape, C: 63 } });

  test("what was measured for it", () => {
    const found = findWinner([larger, odd, exact], query);
    expect(found).toMatchObject({ rule: "exact", configuration: exact.configuration });
    expect(found.why).toContain("1.50 times as fast");
    expect(found.rejected.map(({ why }) => why)).toEqual([
      "a nearer shape was measured",
      expect.stringContaining("its shape divides otherwise"),
    ]);
  });

  test("what was measured for a similar shape", () => {
    const found = findWinner([larger, odd], query);
    expect(found).toMatchObject({ rule: "similar", configuration: larger.configuration });
    expect(found.why).toContain("2.0 times the size");
  });

  test("not what is of a shape far off, another device, driver, features, or count of threads", () => {
    const others = [
      winner({ contract_MR: 3 }, 1.3, { shape: { ...key.shape, C: 64 * 16 } }),
      winner({ contract_MR: 3 }, 1.3, { device: { device: "another", driver: "1.0" } }),
      winner({ contract_MR: 3 }, 1.3, { device: { device: "a machine", driver: "2.0" } }),
      winner({ contract_MR: 3 }, 1.3, { threads: 8 }),
      winner({ contract_MR: 3 }, 1.3, { device: { ...device, limits: { relaxed: true } } }),
      winner({ contract_MR: 3 }, 1.3, { offsets: "zero" }),
    ];
    for (const other of others) {
      const found = findWinner([other], query);
      expect(found.rule).toBe("portfolio");
      expect(found.rejected).toMatchObject([{ winner: other, stale: false }]);
    }
    const { offsets: _, ...unknown } = query;
    expect(findWinner([others.at(-1)!], unknown).rule).toBe("exact");
  });

  test("what is best on the whole, of what was measured everywhere", () => {
    const there = { device: { device: "there", driver: "1.0" } };
    const a = winner({ contract_MR: 2 }, 2, there, [[{ contract_MR: 3 }, 1.5]]);
    const b = winner({ contract_MR: 3 }, 3, { ...there, threads: 2 }, [[{ contract_MR: 2 }, 0.9]]);
    expect(findWinner([a, b], query)).toMatchObject({
      rule: "portfolio",
      configuration: b.configuration,
      why: expect.stringContaining("2.12 times"),
    });
    const apart = winner({ contract_MR: 6 }, 4, { ...there, threads: 4 });
    expect(findWinner([a, apart], query)).toMatchObject({ rule: "default" });
    expect(findWinner([winner({ contract_MR: 2 }, 1.01, there)], query).rule).toBe("default");
  });

  test("the default where nothing was tuned", () => {
    expect(findWinner([], query)).toEqual({
      rule: "default",
      why: "nothing was tuned",
      rejected: [],
    });
  });

  test.each([
    ["kernel", { kernel: "0" }],
    ["space", { space: "0" }],
    ["protocol", { protocol: 0 }],
  ])("nothing of another %s, which is told", (what, own) => {
    const stale = winner({ contract_MR: 2 }, 1.5, own);
    const found = findWinner([stale], query);
    expect(found).toMatchObject({ rule: "default", why: "all entries are stale" });
    expect(found.rejected).toMatchObject([{ winner: stale, stale: true }]);
    expect(found.rejected[0]!.why).toContain(what);
  });
});

describe("schedules", () => {
  const anywhere = { dtype: "f32" } as const;

  test("follow winners", () => {
    const chosen = chooseSchedule([winner({ contract_MR: 2 }, 1.5)], kernel, js, anywhere);
    expect(chosen.found.rule).toBe("portfolio");
    expect(chosen.schedule?.steps).toContainEqual(["contract", { stage: "output", MR: 2 }]);
  });

  test("are the default where a configuration is refused, which is told", () => {
    const { found, schedule } = chooseSchedule([winner({ contract_MR: 5 }, 1.5)], kernel, js, {
      ...anywhere,
      device,
      threads: 1,
      shape: key.shape,
    });
    expect(schedule).toBeUndefined();
    expect(found).toMatchObject({ rule: "default", rejected: [{ stale: true }] });
    expect(found.why).toContain("contract_MR of conv2d forward js is one of");
  });

  test("of generate are the portfolio's, and stale entries are told once", () => {
    const stale = winner({ contract_MR: 2 }, 1.5, { kernel: "0" });
    const tuner = tuneBy([stale, winner({ contract_MR: 2 }, 1.5, { threads: 2 })]);
    const schedule = tuner.on(js);
    expect(schedule.plan(kernel)).not.toEqual(tuneBy([]).on(js).plan(kernel));
    schedule.plan(kernel);
    expect(tuner.stale()).toMatchObject([{ winner: stale }]);
    expect(tuneBy([]).on(js).nameFor(kernel)).toBe(ownSchedule(kernel, js).name);
  });
});

test("records come to winners, with what others gave under the same conditions", () => {
  const record = (changed: Configuration, median: number, own = {}): Measurement => ({
    kind: "measurement",
    key: { ...key, ...own },
    configuration: { ...of.default, ...changed },
    status: "correct",
    median,
    interval: [median * 0.99, median * 1.01],
    samples: 10,
    anchor: 2,
    spent: { compile: 1, verify: 1, measure: 1 },
    at: "2026-11-22T00:00:00.000Z",
  });
  const single = [record({}, 2), record({ contract_MR: 2 }, 1)];
  // A run that was stopped has no last comparison, and so no winner.
  expect(chooseWinners(single, () => of.default)).toEqual([]);
  const records = [
    record({}, 2),
    record({ contract_MR: 2 }, 1),
    record({ contract_MR: 3 }, 1.6),
    record({}, 2, { threads: 2 }),
    record({ contract_MR: 3 }, 0.5, { threads: 2 }),
  ];
  const finals = records.map((one) => ({ ...one, final: true as const }));
  const found = chooseWinners([...records, ...finals], () => of.default);
  expect(found.map(({ evidence }) => evidence.measured)).toEqual([3, 2]);
  expect(found.map(({ configuration }) => configuration.contract_MR)).toEqual([2, 3]);
  expect(found[0]!.evidence).toMatchObject({ default: 2, tuned: 1, ratio: 2, date: "2026-11-22" });
  expect(found[0]!.evidence.others).toMatchObject([{ ratio: 1.25 }]);
  expect(chooseWinners(records, () => undefined)).toEqual([]);

  // What was fast in an earlier comparison, on a faster day, does not win over the newest one.
  const compared = (changed: Configuration, median: number, anchor: number, day: number) => ({
    ...record(changed, median),
    anchor,
    final: true as const,
    at: `2026-11-2${day}T00:00:00.000Z`,
  });
  const days = [
    compared({}, 1, 1.1, 3),
    compared({ contract_MR: 2 }, 0.9, 1.1, 3),
    compared({}, 2, 2.1, 4),
    compared({ contract_MR: 3 }, 1.6, 2.1, 4),
  ];
  const [newest] = chooseWinners(days, () => of.default);
  expect(newest!.configuration.contract_MR).toBe(3);
  expect(newest!.evidence).toMatchObject({ default: 2, tuned: 1.6, ratio: 1.25 });
});
