import { describe, expect, it } from "vitest";
import { createPicture, type Picture } from "../../examples/pictures/picture.ts";
import { checkOperator, chooseCases } from "../../examples/quickstart/agree.ts";
import { formatPage } from "../../examples/quickstart/page.ts";
import { drawPanel, panels } from "../../examples/quickstart/panels.ts";
import { drawPositions } from "../../examples/quickstart/positions.ts";
import { chooseGain, type Report } from "../../examples/quickstart/report.ts";
import {
  followSwirl,
  offsetsOf,
  sampleAt,
  smoothingWeights,
  swirlFor,
} from "../../examples/quickstart/swirl.ts";
import { nameDevices } from "../../examples/quickstart/table.ts";
import { expectWarp, type Outcome, prepareWarp, warpOn } from "../../examples/quickstart/warp.ts";
import { kindsFor } from "../../generators/check/cases.ts";
import { closeLedger, type Ledger } from "../../generators/check/ledger.ts";
import { openOperator } from "../../generators/cli/operators.ts";
import type { Executor } from "../../targets/contract/program.ts";
import { openJs } from "../../targets/js/executor.ts";
import { js } from "../../targets/js/target.ts";

const deform = openOperator("deform_conv2d");
const kernel = { size: 3, spacing: 0.5 };

/** Waves, so that every pixel differs from its neighbours. */
function wavyPicture(width: number, height: number): Picture {
  const picture = createPicture(width, height);
  for (let i = 0; i < picture.data.length; i++) picture.data[i] = 0.5 + 0.4 * Math.sin(i * 1.7);
  return picture;
}

const picture = wavyPicture(22, 17);
const warp = prepareWarp(deform, picture, swirlFor(22, 17), kernel);
const expected = expectWarp(warp);

/** The JavaScript executor, with its results changed. */
function spoil(change: (output: Float32Array) => void): Executor {
  const executor = openJs();
  return {
    ...executor,
    run: async (program, job) => {
      const results = await executor.run(program, job);
      change(results.output as Float32Array);
      return results;
    },
  };
}

const ledger = (passed: boolean): Ledger => ({ ...closeLedger(0, [], []), passed });

function reportOf(outcomes: readonly Outcome[], of: Ledger, value: Report["expected"]): Report {
  const generated = "Generated 1 file.";
  return {
    original: picture,
    warp,
    kernel,
    expected: value,
    outcomes,
    ledger: of,
    generated,
    milliseconds: 1,
  };
}

describe("the swirl", () => {
  const swirl = swirlFor(100, 80);

  it("turns about its centre, keeps distances from it and ends at its radius", () => {
    const { centre, radius } = swirl;
    const inside = { y: centre.y + 11, x: centre.x - 7 };
    const moved = followSwirl(swirl, inside);
    expect(Math.hypot(moved.y - centre.y, moved.x - centre.x)).toBeCloseTo(Math.hypot(11, 7), 10);
    expect(Math.hypot(moved.y - inside.y, moved.x - inside.x)).toBeGreaterThan(5);
    const outside = { y: centre.y, x: centre.x + 1.01 * radius };
    expect(followSwirl(swirl, outside)).toEqual(outside);
  });

  it("lies within the picture", () => {
    const { centre, radius } = swirl;
    expect(centre.y - radius).toBeGreaterThan(0);
    expect(centre.y + radius).toBeLessThan(79);
  });

  it("as offsets gives the same places from the regular grid, y before x", () => {
    const [width, height] = [30, 24];
    const offsets = offsetsOf(swirlFor(width, height), kernel, width, height);
    const [y, x, tap] = [9, 13, 5];
    const to = sampleAt(swirlFor(width, height), kernel, { y, x })[tap]!;
    const at = (channel: number) => offsets[(channel * height + y) * width + x]!;
    // Tap 5 is the right one of the middle row.
    expect(y + at(2 * tap)).toBeCloseTo(to.y, 4);
    expect(x + 1 + at(2 * tap + 1)).toBeCloseTo(to.x, 4);
  });

  it("is smoothed by weights of sum 1 for each colour", () => {
    const weights = smoothingWeights(3);
    expect([...weights.subarray(0, 9)]).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1].map((w) => w / 16));
    expect(weights.length).toBe(27);
  });
});

describe("the warp", () => {
  it("agrees on JavaScript within derived bounds", async () => {
    const outcome = await warpOn({ target: js, executor: openJs() }, warp, await expected);
    if ("failed" in outcome) throw new Error(outcome.failed);
    expect(outcome.comparison).toMatchObject({ passed: true, compared: 3 * 22 * 17 });
    expect(outcome.worst).toBeGreaterThan(0);
    expect(outcome.worst).toBeLessThan(1e-6);
  });

  it("sees one wrong pixel, and one that is not a number", async () => {
    for (const wrong of [0.5 + 1e-4, Number.NaN]) {
      const executor = spoil((output) => {
        output[100] = wrong;
      });
      const outcome = await warpOn({ target: js, executor }, warp, await expected);
      if ("failed" in outcome) throw new Error(outcome.failed);
      expect(outcome.comparison.passed).toBe(false);
      expect(outcome.comparison.message).toContain("element [0,0,4,12]");
    }
  });

  it("fails where an executor throws, with its device named", async () => {
    const executor = spoil(() => {
      throw new Error("lost");
    });
    const outcome = await warpOn({ target: js, executor }, warp, await expected);
    expect(outcome).toEqual({ device: executor.device, failed: "lost" });
  });
});

describe("the quick cross-check", () => {
  it("has every kind of case, and a sample of each of three variants", () => {
    const names = chooseCases(deform).map((id) => id.split("/"));
    const kinds = new Set(names.map(([, kind]) => kind));
    expect([...kinds].toSorted()).toEqual(kindsFor(deform).toSorted());
    const sampled = names.filter(([, kind]) => kind === "sample").map(([variant]) => variant);
    expect(new Set(sampled).size).toBe(3);
  });

  it("joins its cases into one record, and fails for a wrong executor", async () => {
    const conv = openOperator("conv2d");
    const good = await checkOperator(conv, [{ target: js, executor: openJs() }]);
    expect(good).toMatchObject({ operator: "conv2d", cases: chooseCases(conv).length });
    expect(good.targets[0]!.elements).toBeGreaterThan(100);
    expect(closeLedger(0, [good], []).passed).toBe(true);
    const executor = spoil((output) => {
      if (output.length > 0) output[0]! += 1;
    });
    const bad = await checkOperator(conv, [{ target: js, executor }]);
    expect(closeLedger(0, [bad], []).passed).toBe(false);
    expect(bad.targets[0]!.failures.length).toBeGreaterThan(0);
  });
});

describe("the drawings", () => {
  it("move the paper's places as their captions say", () => {
    const [regular, free, scaled, rotated] = panels.map(({ offsets }) => offsets);
    expect(regular!.every(({ y, x }) => y === 0 && x === 0)).toBe(true);
    expect(new Set(free!.map(({ y, x }) => `${y} ${x}`)).size).toBe(9);
    // The first place is the corner at (-2, -2), the last the one across.
    expect(scaled![0]!.y).toBeCloseTo(scaled![0]!.x, 12);
    expect(scaled![0]!.y).toBeCloseTo(-scaled![8]!.y, 12);
    const corner = { y: rotated![0]!.y - 2, x: rotated![0]!.x - 2 };
    expect(Math.hypot(corner.y, corner.x)).toBeCloseTo(Math.sqrt(8), 12);
  });

  it("leave the photograph as it was and draw onto a copy", () => {
    const before = picture.data.slice();
    const drawn = drawPositions(picture, swirlFor(22, 17), { size: 3, spacing: 2 });
    expect(picture.data).toEqual(before);
    expect(drawn.data).not.toEqual(before);
    for (const panel of panels) expect(drawPanel(panel).data.every(Number.isFinite)).toBe(true);
  });

  it("magnify differences as far as none is lighter than white", () => {
    expect(chooseGain([{ worst: 2e-6 }, { worst: 3e-8 }])).toBe(5e5);
    for (const worst of [1.1e-7, 1e-6, 0.99, 3e-3, 7]) {
      const lightest = worst * chooseGain([{ worst }]);
      expect(lightest).toBeLessThanOrEqual(1);
      expect(lightest).toBeGreaterThan(0.39);
    }
    expect(chooseGain([{ worst: 0 }])).toBe(1);
  });
});

describe("the page", () => {
  it("tells devices of one target apart", () => {
    const named = [
      { target: "js", device: "Node 20" },
      { target: "gpujs", device: "gpu.js 2 CPUKernel" },
      { target: "gpujs", device: "gpu.js 2 WebGL2Kernel" },
    ];
    expect(nameDevices(named)).toEqual(["js", "gpujs, CPUKernel", "gpujs, WebGL2Kernel"]);
  });

  it("says that all agree only where all do", async () => {
    const value = await expected;
    const good = await warpOn({ target: js, executor: openJs() }, warp, value);
    const bad: Outcome = { device: openJs().device, failed: "it <broke>" };
    const said = (outcomes: readonly Outcome[], passed: boolean) =>
      formatPage(reportOf(outcomes, ledger(passed), value), [], 1);
    expect(said([good], true)).toContain("All targets agree");
    expect(said([good], false)).not.toContain("All targets agree");
    const failed = said([good, bad], true);
    expect(failed).not.toContain("All targets agree");
    expect(failed).toContain("it &lt;broke&gt;");
  });

  it("names what did not run, and loads nothing but its pictures", async () => {
    const unavailable = [{ target: "wgsl", unavailable: "no adapter", install: "npm i webgpu" }];
    const report = reportOf([], { ...ledger(true), unavailable }, await expected);
    const page = formatPage(report, [], 1);
    for (const text of ["no adapter", "npm i webgpu"]) expect(page).toContain(text);
    const sources = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url!);
    expect(sources).toContain("live.html");
    const pictures = sources.filter((url) => !/^(https:|live\.html$)/.test(url));
    expect(pictures.length).toBeGreaterThan(4);
    expect(pictures.every((url) => /^[\w-]+\.png$/.test(url))).toBe(true);
    expect(page).not.toMatch(/<script|<link|@import/);
  });
});
