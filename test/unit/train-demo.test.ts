import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { curvePoints } from "../../examples/train/curves.ts";
import {
  type Digit,
  loadDigits,
  parseDigits,
  shuffle,
  splitDigits,
} from "../../examples/train/digits.ts";
import { readOptions } from "../../examples/train/options.ts";
import { drawUnits } from "../../examples/train/picture.ts";
import {
  composePositions,
  effectiveDilation,
  type PositionMap,
  plainMap,
  tapsAround,
} from "../../examples/train/positions.ts";
import {
  appendRecord,
  planRuns,
  type RunRecord,
  readRecords,
} from "../../examples/train/records.ts";
import { gradeSizes, isOnDigit } from "../../examples/train/sampling.ts";
import { makeScenes, overlap } from "../../examples/train/scenes.ts";
import { full, quick, variants } from "../../examples/train/settings.ts";
import {
  adjustHolm,
  comparePairs,
  studentCdf,
  studentQuantile,
  summarize,
} from "../../examples/train/statistics.ts";
import { judge, summarizeRuns } from "../../examples/train/summary.ts";
import {
  boxOf,
  createImage,
  drawDigit,
  type Pose,
  poseBackward,
  poseForward,
  sampleDigit,
} from "../../examples/train/warp.ts";
import { randomFor } from "../../generators/check/random.ts";

const folder = mkdtempSync(join(tmpdir(), "train-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

const pose = (change: Partial<Pose> = {}): Pose => ({
  centre: { y: 3.5, x: 3.5 },
  scale: 1,
  angle: 0,
  shear: 0,
  ...change,
});

/** A digit whose pixels are all different. */
const ramp: Digit = { pixels: Float32Array.from({ length: 64 }, (_, i) => i / 64), label: 3 };

describe("digits", () => {
  const digits = loadDigits();

  it("are 1797 with ten labels", () => {
    expect(digits.length).toBe(1797);
    expect([...new Set(digits.map(({ label }) => label))].sort()).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(digits[0]!.label).toBe(0);
    expect([...digits[0]!.pixels.slice(0, 4)]).toEqual([0, 0, 5 / 16, 13 / 16]);
  });

  it("that are not 64 pixels and a label are refused", () => {
    const line = (pixels: number, value: string) =>
      [...Array.from({ length: pixels }, () => value), "7"].join(",");
    expect(parseDigits(`${line(64, "16")}\n`)).toHaveLength(1);
    for (const bad of [line(63, "0"), line(64, "17"), line(64, "x")])
      expect(() => parseDigits(`${line(64, "0")}\n${bad}\n`)).toThrow(/^Line 2 of the digits/);
  });

  it("are on one side each, the same part of each label for testing", () => {
    const { train, test } = splitDigits(digits, 0.25, "a");
    expect(train.length + test.length).toBe(1797);
    expect(new Set([...train, ...test]).size).toBe(1797);
    for (let label = 0; label < 10; label++) {
      const count = (all: readonly Digit[]) => all.filter((digit) => digit.label === label).length;
      expect(count(test)).toBe(Math.round((count(train) + count(test)) / 4));
    }
    expect(splitDigits(digits, 0.25, "a").test).toEqual(test);
    expect(splitDigits(digits, 0.25, "b").test).not.toEqual(test);
  });

  it("with the same pixels stay together", () => {
    const twice = [...digits.slice(0, 200), ...digits.slice(0, 200).map((digit) => ({ ...digit }))];
    const { train, test } = splitDigits(twice, 0.5, "twins");
    const seen = new Set(train.map(({ pixels }) => pixels.join()));
    expect(test.length).toBeGreaterThan(100);
    expect(test.filter(({ pixels }) => seen.has(pixels.join()))).toEqual([]);
  });

  it("are shuffled into each order alike", () => {
    const random = randomFor("orders");
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([1, 2, 3], random).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1000 each, with a standard deviation of 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe("warps", () => {
  it("sample between pixels, and zeros beyond the border", () => {
    const at = (y: number, x: number) => ramp.pixels[y * 8 + x]!;
    expect(sampleDigit(ramp, { y: 2, x: 5 })).toBe(at(2, 5));
    expect(sampleDigit(ramp, { y: 2.5, x: 5 })).toBe((at(2, 5) + at(3, 5)) / 2);
    expect(sampleDigit(ramp, { y: 6, x: 3.25 })).toBe(0.75 * at(6, 3) + 0.25 * at(6, 4));
    expect(sampleDigit(ramp, { y: 7.5, x: 7 })).toBe(at(7, 7) / 2);
    expect(sampleDigit(ramp, { y: 8, x: 7 })).toBe(0);
    expect(sampleDigit(ramp, { y: 3, x: -1 })).toBe(0);
  });

  it("that do nothing give the digit", () => {
    const image = createImage(8);
    drawDigit(image, ramp, pose());
    expect(image.data).toEqual(ramp.pixels);
  });

  it("by a quarter turn carry each pixel to another", () => {
    const image = createImage(8);
    drawDigit(image, ramp, pose({ angle: Math.PI / 2 }));
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++)
        // Clockwise: what was on the left is on top.
        expect(image.data[x * 8 + (7 - y)]).toBeCloseTo(ramp.pixels[y * 8 + x]!, 6);
  });

  it("scale, shear, turn and move places as they say, and back", () => {
    const p = pose({ scale: 2, shear: 0.5, centre: { y: 10, x: 20 } });
    // One to the right and two down: sheared two to the right of the row's middle, then doubled.
    expect(poseForward(p, { y: 5.5, x: 4.5 })).toEqual({ y: 14, x: 24 });
    const turned = pose({ scale: 1.7, shear: -0.3, angle: 0.6, centre: { y: 9, x: 12 } });
    const back = poseBackward(turned, poseForward(turned, { y: 1.25, x: 6.5 }));
    expect(back.y).toBeCloseTo(1.25, 12);
    expect(back.x).toBeCloseTo(6.5, 12);
  });

  it("have boxes around their pixels' outer edges", () => {
    expect(boxOf(pose({ scale: 2, centre: { y: 10, x: 20 } }))).toEqual({
      left: 12,
      top: 2,
      right: 28,
      bottom: 18,
    });
  });
});

describe("scenes", () => {
  const digits = loadDigits().slice(0, 31);

  it("show every digit once, inside, and in the boxes given", () => {
    const scenes = makeScenes(digits, full.boxes.scenes, "a");
    expect(scenes.length).toBe(10);
    expect(scenes.flatMap(({ placed }) => placed.map(({ label }) => label))).toEqual(
      digits.slice(0, 30).map(({ label }) => label),
    );
    for (const { placed, image } of scenes) {
      for (const { box } of placed) {
        expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(-0.5);
        expect(Math.max(box.right, box.bottom)).toBeLessThanOrEqual(image.size - 0.5);
      }
      for (const [i, { box }] of placed.entries())
        for (const other of placed.slice(i + 1)) expect(overlap(box, other.box)).toBe(false);
      // A pixel is influenced from less than one digit's pixel away.
      const reach = 2 * full.boxes.scenes.range.scale[1];
      for (let i = 0; i < image.data.length; i++) {
        const [y, x] = [Math.floor(i / image.size), i % image.size];
        const near = placed.some(
          ({ box }) =>
            x > box.left - reach &&
            x < box.right + reach &&
            y > box.top - reach &&
            y < box.bottom + reach,
        );
        if (!near) expect(image.data[i]).toBe(0);
      }
    }
  });

  it("follow from their name", () => {
    const make = (name: string) => makeScenes(digits, full.digits.scenes, name);
    expect(make("a")).toEqual(make("a"));
    expect(make("a")).not.toEqual(make("b"));
  });

  it("know what lies on a digit, and its third by size", () => {
    const scenes = makeScenes(digits.slice(0, 9), full.digits.scenes, "c");
    for (const scene of scenes) {
      const { centre } = scene.placed[0]!.pose;
      expect(isOnDigit(scene, centre)).toBe(true);
      expect(isOnDigit(scene, { y: centre.y, x: centre.x + 15 })).toBe(false);
    }
    const grades = gradeSizes(scenes);
    for (const size of ["small", "medium", "large"])
      expect(grades.filter((grade) => grade === size)).toHaveLength(3);
  });
});

describe("positions", () => {
  /** A map whose taps are all moved by (dy, dx), or as the position says. */
  const moved = (
    by: (y: number, x: number, k: number) => readonly [number, number],
  ): PositionMap => {
    const map = plainMap(5, 4);
    const data = Float64Array.from(map.data as Float32Array);
    for (let i = 0; i < data.length / 2; i++) {
      const place = Math.floor(i / 9);
      const [dy, dx] = by(Math.floor(place / 4), place % 4, i % 9);
      data[2 * i]! += dy;
      data[2 * i + 1]! += dx;
    }
    return { ...map, data };
  };

  it("of one plain layer are the 3×3 around a unit", () => {
    const places = tapsAround(plainMap(5, 4), { y: 2, x: 1.5 });
    expect(places.map(({ y, x }) => [y, x])).toEqual(
      [1, 2, 3].flatMap((y) => [0.5, 1.5, 2.5].map((x) => [y, x])),
    );
  });

  it("of three plain layers are 729, on 7×7 places, as often as sums of three steps come out", () => {
    const map = plainMap(9, 9);
    const places = composePositions([map, map, map], { y: 4, x: 4 });
    expect(places).toHaveLength(729);
    const ways = [1, 3, 6, 7, 6, 3, 1];
    for (const [i, row] of ways.entries())
      for (const [j, column] of ways.entries()) {
        const here = places.filter(({ y, x }) => y === i + 1 && x === j + 1);
        expect(here).toHaveLength(row * column);
      }
  });

  it("add up what each layer moves, the last layer first", () => {
    const [first, last] = [moved(() => [0, 10]), moved(() => [0.5, -1])];
    const places = composePositions([first, last], { y: 2, x: 2 });
    const mean = (of: (p: { y: number; x: number }) => number) =>
      places.reduce((sum, p) => sum + of(p), 0) / places.length;
    expect(mean(({ y }) => y)).toBeCloseTo(2.5, 12);
    expect(mean(({ x }) => x)).toBeCloseTo(11, 12);
  });

  it("between positions are moved by what lies between, beyond the border by the nearest", () => {
    const map = moved((y, x) => [y / 10, x / 5]);
    const [tap] = tapsAround(map, { y: 1.5, x: 2.25 });
    expect(tap!.y).toBeCloseTo(0.5 + 0.15, 12);
    expect(tap!.x).toBeCloseTo(1.25 + 0.45, 12);
    const [far] = tapsAround(map, { y: -3, x: 8 });
    expect(far!.y).toBeCloseTo(-4, 12);
    expect(far!.x).toBeCloseTo(7 + 0.6, 12);
  });

  it("lie one apart in a plain kernel, and as far as they are spread", () => {
    expect(effectiveDilation(plainMap(5, 4), 2, 1)).toBe(1);
    const spread = moved((_, __, k) => [2 * (Math.floor(k / 3) - 1), 0]);
    // Rows three apart, columns one.
    expect(effectiveDilation(spread, 2, 1)).toBe(2);
  });
});

describe("statistics", () => {
  it("summarise", () => {
    expect(summarize([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({
      n: 8,
      mean: 5,
      deviation: Math.sqrt(32 / 7),
    });
    expect(summarize([3])).toEqual({ n: 1, mean: 3, deviation: 0 });
    expect(() => summarize([])).toThrow(RangeError);
  });

  // From tables of Student's t distribution.
  it.each([
    [12.706, 1],
    [4.303, 2],
    [3.182, 3],
    [2.776, 4],
    [2.571, 5],
    [2.228, 10],
    [2.042, 30],
  ])("a part of 0.975 lies below t = %s with %s degrees of freedom", (t, freedom) => {
    expect(studentCdf(t, freedom)).toBeCloseTo(0.975, 4);
    expect(studentQuantile(0.975, freedom)).toBeCloseTo(t, 3);
    expect(studentCdf(-t, freedom)).toBeCloseTo(0.025, 4);
  });

  it("are known in closed form for one and two degrees of freedom", () => {
    expect(studentCdf(1, 1)).toBeCloseTo(0.75, 12);
    expect(studentCdf(1, 2)).toBeCloseTo(0.5 + 1 / Math.sqrt(12), 12);
    expect(studentCdf(Number.POSITIVE_INFINITY, 4)).toBe(1);
    expect(studentCdf(0, 7)).toBe(0.5);
  });

  it("compare pairs", () => {
    const { mean, deviation, t, p, interval } = comparePairs([3, 5, 4, 8, 5], [1, 2, 3, 4, 5]);
    // Differences 2, 3, 1, 4, 0: mean 2, variance 2.5.
    expect([mean, deviation]).toEqual([2, Math.sqrt(2.5)]);
    expect(t).toBeCloseTo(2 / Math.sqrt(0.5), 12);
    expect(p).toBeCloseTo(0.0474, 4);
    expect(interval[0]).toBeCloseTo(2 - 2.7764 * Math.sqrt(0.5), 3);
    expect(comparePairs([1, 2], [1, 2])).toMatchObject({ t: 0, p: 1 });
    expect(() => comparePairs([1], [2])).toThrow(RangeError);
    expect(() => comparePairs([1, 2, 3], [2, 3])).toThrow(RangeError);
  });

  it("allow for several comparisons as Holm does", () => {
    expect(adjustHolm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(adjustHolm([0.6, 0.7])).toEqual([1, 1]);
  });
});

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
