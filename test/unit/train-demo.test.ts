import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { curvePoints } from "../../examples/train/curves.ts";
import { readOptions } from "../../examples/train/options.ts";
import { drawUnits } from "../../examples/train/picture.ts";
import {
  appendRecord,
  planRuns,
  type RunRecord,
  readRecords,
} from "../../examples/train/records.ts";
import { full, quick, variants } from "../../examples/train/settings.ts";
import { judge, summarizeRuns } from "../../examples/train/summary.ts";

const folder = mkdtempSync(join(tmpdir(), "train-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

function recordOf(variant: string, seed: number, accuracy: number): RunRecord {
  const epochs = [1, 2].map((epoch) => ({
    epoch,
    trainLoss: 2,
    loss: 2 / epoch,
    accuracy: epoch / 4,
  }));
  return {
    key: `${variant}${seed}`,
    task: "digits",
    variant,
    seed,
    parameters: 10,
    seconds: 1,
    cpuSeconds: 1,
    epochs,
    final: { loss: 1, accuracy },
    tests: 100,
  };
}

describe("summaries", () => {
  const [plain, one] = variants;
  const runs = (better: readonly number[]) => [
    ...better.map((_, i) => recordOf(plain!.name, i, 0.5 + i / 100)),
    ...better.map((d, i) => recordOf(one!.name, i, 0.5 + i / 100 + d)).reverse(),
  ];

  it("compare the seeds of a variant with the plain network's", () => {
    const [, row] = summarizeRuns(variants, runs([0.1, 0.11, 0.1, 0.09, 0.1]));
    expect(row!.against!.mean).toBeCloseTo(10, 10);
    expect(row!.against!.deviation).toBeCloseTo(Math.sqrt(0.5), 8);
    expect(judge(row!.against!)).toBe("better");
  });

  it("find what is worse, and what cannot be told", () => {
    const verdict = (by: readonly number[]) =>
      judge(summarizeRuns(variants, runs(by))[1]!.against!);
    expect(verdict([-0.1, -0.11, -0.1])).toBe("worse");
    expect(verdict([0.1, -0.11, 0.05])).toBe("not distinguished");
  });

  it("compare nothing where there is one seed, or not all seeds", () => {
    expect(summarizeRuns(variants, runs([0.1]))[1]!.against).toBeUndefined();
    expect(summarizeRuns(variants, runs([0.1, 0.1]).slice(0, -1))[1]!.against).toBeUndefined();
  });

  it("draw curves through the means, a deviation above and below", () => {
    const points = curvePoints("digits", "accuracy", [recordOf("a", 1, 0), recordOf("a", 2, 0)]);
    expect(points).toEqual([
      { variant: "a", epoch: 1, mean: 25, low: 25, high: 25 },
      { variant: "a", epoch: 2, mean: 50, low: 50, high: 50 },
    ]);
  });
});

describe("records", () => {
  const path = join(folder, "runs.jsonl");

  it("survive a line that was cut off, which counts as not finished", () => {
    appendRecord(path, recordOf("a", 1, 0.5));
    appendRecord(path, recordOf("a", 2, 0.6));
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.slice(0, -20));
    expect([...readRecords(path).keys()]).toEqual(["a1"]);
    appendRecord(path, recordOf("a", 2, 0.7));
    expect(readRecords(path).get("a2")!.final.accuracy).toBe(0.7);
    expect(readRecords(join(folder, "none.jsonl")).size).toBe(0);
  });

  it.each(["null", "1", '"text"', "[]", "{}", '{"key":"a1"}', '{"key":"a1","final":null}'])(
    "pass over the line %s, which is JSON and no record",
    (line) => {
      const other = join(folder, "other.jsonl");
      writeFileSync(other, `${line}\n`);
      appendRecord(other, recordOf("b", 1, 0.5));
      expect([...readRecords(other).keys()]).toEqual(["b1"]);
    },
  );

  it("belong to a variant, a seed and settings", () => {
    const plan = (settings: typeof full) => planRuns(variants, [1, 2], (task) => settings[task]);
    const keys = [...plan(full), ...plan(quick)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(4 * variants.length);
    expect(plan(full).map(({ key }) => key)).toEqual(keys.slice(0, 2 * variants.length));
  });
});

describe("options", () => {
  it("have defaults that depend on --quick", () => {
    expect(readOptions([])).toMatchObject({ quick: false, seeds: 5, json: false });
    expect(readOptions(["--quick"])).toMatchObject({ quick: true, seeds: 1 });
    expect(readOptions([]).out).not.toBe(readOptions(["--quick"]).out);
    expect(readOptions(["--seeds", "3", "--workers", "1"])).toMatchObject({ seeds: 3, workers: 1 });
  });
});

it("pictures show every position of every unit", () => {
  const positions = Array.from({ length: 729 }, (_, i) => [i % 20, i / 40] as const);
  const unit = { ground: "small", size: 20, unit: [3, 4], positions, plain: positions } as const;
  const svg = drawUnits([{ ...unit, pixels: new Array(400).fill(0.5) }], "deformable");
  expect(svg.match(/<circle /g)).toHaveLength(2 * 729);
  expect(svg.match(/<image /g)).toHaveLength(2);
});

describe("npm run train-demo -- --quick", () => {
  const root = join(import.meta.dirname, "../..");
  const out = ["--out", join(folder, "out")];
  const command = ["--import", "tsx", "examples/train/main.ts", ...out];
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [...command, ...args], { encoding: "utf8", cwd: root });

  const records = () => {
    const path = join(folder, "out/runs.jsonl");
    return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
  };

  // Processes that load TensorFlow.js take long on a busy machine.
  const options = { timeout: 300_000 };

  it("keeps finished networks on Ctrl-C", options, async () => {
    const child = spawn(process.execPath, [...command, "--quick"], { cwd: root, stdio: "pipe" });
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
    });
    const ended = new Promise<number | null>((done) => child.on("close", done));
    const watch = setInterval(() => {
      if (records().length === 0) return;
      clearInterval(watch);
      child.kill("SIGINT");
    }, 20);
    expect(await ended).toBe(130);
    expect(said).toContain("the same command goes on from there");
    expect(existsSync(join(folder, "out/report.md"))).toBe(false);
  });

  it("goes on, trains every variant once and writes all files", options, () => {
    const before = records();
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(variants.length);
    const first = run("--quick", "--json");
    expect(first.stderr).toBe("");
    expect(first.status).toBe(0);
    expect(records().slice(0, before.length)).toEqual(before);
    expect(records()).toHaveLength(variants.length);
    const { rows, dilation, quick: isQuick } = JSON.parse(first.stdout);
    expect(isQuick).toBe(true);
    expect(rows.map((row: { name: string }) => row.name)).toEqual(variants.map(({ name }) => name));
    // Three layers of each of the two networks that have them.
    expect(dilation).toHaveLength(6);
    for (const name of ["report.md", "table.json", "curves.svg", "positions.svg", "index.html"])
      expect(existsSync(join(folder, "out", name)), name).toBe(true);
    expect(JSON.parse(run("--quick", "--json").stdout).rows).toEqual(rows);
    expect(records()).toHaveLength(variants.length);
  });

  it("refuses a folder that cannot be, before it trains", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const refused = run("--quick", "--out", join(file, "below"));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^error: cannot write [^\n]*\n$/);
    expect(refused.stdout).toBe("");
  });

  it("refuses wrong usage in a sentence", () => {
    const wrong = run("--seeds", "0");
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("It is a whole number from 1 to 100.");
  });
});
