// Winners from several places: which come first, and what of them a search begins with.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { findTeam, joinLayers, teamVariable } from "../../generators/cli/tuning/layers.ts";
import type { Measurement } from "../../generators/tune/database/record.ts";
import { findSeeds } from "../../generators/tune/run/seeds.ts";
import type { Configuration } from "../../generators/tune/space/space.ts";
import { findWinner } from "../../generators/tune/winners/find.ts";
import { choosePortfolio } from "../../generators/tune/winners/portfolio.ts";
import { printWinners } from "../../generators/tune/winners/winner.ts";
import { key, of, query, winner } from "./winners.fixtures.ts";

describe("a portfolio", () => {
  const one = (contract_MR: number): Configuration => ({ ...of.default, contract_MR });
  const entry = (
    N: number,
    best: number,
    ratio: number,
    others: Readonly<Record<number, number>>,
  ) => {
    const known = Object.entries(others).map(
      ([MR, ratio]) => [{ contract_MR: Number(MR) }, ratio] as const,
    );
    return winner({ contract_MR: best }, ratio, { shape: { ...key.shape, N } }, known);
  };
  // 3 is second everywhere and best on the whole; 2 and 1 are best somewhere.
  const all = [
    entry(1, 2, 2, { 3: 1.8, 1: 0.5 }),
    entry(2, 2, 2, { 3: 1.8, 1: 0.5 }),
    entry(3, 1, 3, { 3: 2.9, 2: 0.4 }),
    entry(4, 3, 1.2, {}),
  ];

  test("begins with what gains most alone, and goes on with what adds most", () => {
    expect(choosePortfolio(all, 5)).toEqual([one(3), one(2), one(1)]);
    expect(choosePortfolio(all, 1)).toEqual([one(3)]);
    expect(choosePortfolio([entry(1, 2, 1, {})], 3)).toEqual([]);
  });

  test("is tried before neighbours of the database, each once, and of this kernel alone", () => {
    const records = [makeNeighbour(one(4), 64), makeNeighbour(one(2), 128)];
    const stale = winner({ contract_MR: 5 }, 9, { kernel: "0" });
    expect(findSeeds([...all, stale], records, key)).toEqual([one(3), one(2), one(1), one(4)]);
  });

  function makeNeighbour(configuration: Configuration, C: number): Measurement {
    return {
      kind: "measurement",
      key: { ...key, shape: { ...key.shape, N: C } },
      configuration,
      status: "correct",
      median: 1,
      anchor: 2,
      spent: { compile: 0, verify: 0, measure: 0 },
      at: "2026-11-22T00:00:00.000Z",
    };
  }
});

describe("layers", () => {
  test("of equal conditions are the nearest one's, which is said", () => {
    const [own, team, shipped] = [2, 3, 4].map((MR) => winner({ contract_MR: MR }, 1.5));
    const layers = { own: [], team: [team!], shipped: [shipped!] };
    const here = { ...query, device: key.device, threads: 1, shape: key.shape };
    const found = findWinner(joinLayers(layers), here);
    expect(found).toMatchObject({ rule: "exact", configuration: { contract_MR: 3 } });
    expect(found.why).toContain("by the team's file");
    const all = joinLayers({ ...layers, own: [own!] });
    expect(all.map(({ layer }) => layer)).toEqual(["own"]);
    expect(findWinner(all, here).why).toContain("by this machine's database");
    expect(printWinners(all)).toBe(printWinners([own!]));
  });

  test("the exact one of a farther layer comes before a similar one of a nearer layer", () => {
    const near = winner({ contract_MR: 2 }, 1.5, { shape: { ...key.shape, C: 2 * key.shape.C! } });
    const layers = { own: [near], team: [], shipped: [winner({ contract_MR: 4 }, 1.5)] };
    const here = { ...query, device: key.device, threads: 1, shape: key.shape };
    expect(findWinner(joinLayers(layers), here).configuration!.contract_MR).toBe(4);
  });

  test("a team's file is named by an option, a variable, or package.json", () => {
    const folder = mkdtempSync(join(tmpdir(), "warpweave-team-"));
    try {
      const below = join(folder, "below");
      mkdirSync(below);
      const find = (given?: string) => findTeam(given, below);
      const write = (tuned: unknown) =>
        writeFileSync(join(folder, "package.json"), JSON.stringify({ warpweave: { tuned } }));
      write(3);
      expect(() => find()).toThrow("warpweave.tuned is the name of a file");
      write("team.json");
      expect(() => find()).toThrow("there is no file");
      for (const name of ["team.json", "other.json", "third.json"])
        writeFileSync(join(folder, name), printWinners([]));
      expect(basename(find()!)).toBe("team.json");
      process.env[teamVariable] = join(folder, "other.json");
      expect(basename(find()!)).toBe("other.json");
      expect(find(join(folder, "third.json"))).toBe(join(folder, "third.json"));
    } finally {
      delete process.env[teamVariable];
      rmSync(folder, { recursive: true });
    }
  });
});
