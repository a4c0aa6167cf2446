// list, show, generate, check and doctor as people and programs see them.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { operatorNames } from "../../generators/cli/operators.ts";
import { targets } from "../../targets/registry.ts";
import { makeFolder, warpweave } from "./cli.fixtures.ts";

const folder = makeFolder();
afterAll(() => folder.remove());

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await warpweave(...args);
  expect([code, err]).toStrictEqual([0, ""]);
  return out;
}

describe("list and show", () => {
  test("list has every operator, in a table and in JSON", async () => {
    const names = operatorNames();
    expect(names).toContain("deform_conv2d");
    const out = await succeed("list");
    for (const name of names) expect(out).toMatch(new RegExp(`^${name} +\\w+′, `, "m"));
    const listed: { operator: string }[] = JSON.parse(await succeed("list", "--json"));
    expect(listed.map((o) => o.operator)).toStrictEqual(names);
  });

  test("lines of tables end without blanks and fit a terminal", async () => {
    const out = await succeed("show", "deform_conv2d");
    expect(out).not.toMatch(/ $/m);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("show tells tensors, attributes with defaults, sizes, demands and variants", async () => {
    const out = await succeed("show", "deform_conv2d");
    expect(out).toContain("offset  (N, G*KH*KW*2, OH, OW)  How far each tap moves");
    expect(out).toContain("border: zeros | dcnv1, default zeros\n");
    expect(out).toMatch(/OH +=.*stride\.y/);
    expect(out).toContain("which the {G} offset groups do not divide");
    expect(out).toContain("with mask, bias");
    expect(out).toContain("arXiv 1703.06211");
    const json = JSON.parse(await succeed("show", "deform_conv2d", "--json"));
    expect(json.attrs[0]).toMatchObject({ name: "stride", type: "pair", default: 1, min: 1 });
    expect(json.results).toStrictEqual([{ name: "output", dims: [["N"], ["O"], ["OH"], ["OW"]] }]);
  });

  test("show --ir is the kernel of the variant asked for", async () => {
    const plain = await succeed("show", "deform_conv2d", "--ir");
    const masked = await succeed("show", "deform_conv2d", "--ir", "--variant", "mask");
    expect(plain).toMatch(/^kernel deform_conv2d\.forward {2}\(/);
    expect(masked).toMatch(/^kernel deform_conv2d\.forward with mask/);
    const { code, err } = await warpweave("show", "deform_conv2d", "--ir", "--variant", "maks");
    expect([code, err]).toStrictEqual([
      1,
      'error: deform_conv2d has no optional tensor "maks"; did you mean "mask"?\n',
    ]);
  });

  test("show says what an option must be in the words of its author", async () => {
    const out = await succeed("show", "roi_pool");
    expect(out).toMatch(/^demands\n {2}reduce == mean\n/m);
    const { demands } = JSON.parse(await succeed("show", "roi_pool", "--json"));
    expect(demands).toContainEqual(expect.objectContaining({ holds: "reduce == mean" }));
  });

  test("show --nest has the nest before the schedule and after each of its steps", async () => {
    const schedule = folder.write("schedule.json", '[["pointwise", { "group": 32 }]]');
    const nest = ["show", "conv2d", "--nest", "--target", "cuda"];
    const out = await succeed(...nest, "--schedule", schedule);
    expect(out).toContain("# before the schedule\n\nplan conv2d.forward");
    expect(out).toContain('# after ["pointwise",{"group":32}]\n\nplan conv2d.forward');
    expect(out).toMatch(/^launch .*group 32$/m);
  });

  test.each([
    ["not JSON", "{", /schedule\.json is not JSON/],
    ["no list", "{}", /schedule\.json is not a schedule: a schedule is a list of steps/],
    ["no step", "[1]", /step 1 of .*schedule\.json cannot be read/],
    ["unknown", '[["pointwize"]]', /there is no transform "pointwize"; did you mean "pointwise"/],
    ["refused", '[["pointwise", { "group": 5000 }]]', /does not apply: pointwise: .*at most/],
    [
      "for a kernel that adds",
      '[["accumulate", { "by": "fixed" }]]',
      /: accumulate: conv2d\.forward adds to nothing: it computes each element by itself\n$/,
    ],
    [
      "without an inner stage",
      '[["materialise"]]',
      /materialise: conv2d\.forward has no inner stage\n$/,
    ],
    ["without an axis", '[["jam"]]', /jam: say along which axis of output: N, O, OH, OW\n$/],
  ])("a schedule that is %s is refused", async (_name, text, sentence) => {
    const schedule = folder.write("schedule.json", text);
    const nest = ["show", "conv2d", "--nest", "--target", "cuda", "--schedule", schedule];
    const { code, err } = await warpweave(...nest);
    expect(err).toMatch(sentence);
    expect(code).toBe(1);
  });
});

describe("generate", () => {
  const out = folder.path("kernels");
  const list = () => readdirSync(out, { recursive: true }).sort();

  // Two of them: all are generated, and compared with what is committed, by `generate --check` in CI.
  const some = ["conv2d", "roi_pool"] as const;

  test("writes operators for every target, and the manifest", async () => {
    const text = await succeed("generate", ...some, "--out", out);
    for (const { name: target, extension, binaries } of targets)
      for (const name of some) {
        const path = `${target}/${name}.${binaries ? target : extension}`;
        expect(existsSync(join(out, path)), path).toBe(true);
      }
    expect(text).toMatch(/^\d+ files in .*kernels, \d+ written; /m);
    const one = ["generate", "roi_pool", "--out", out, "--check"] as const;
    expect(await succeed(...one)).toMatch(/are up to date/);
  });

  test("--check names what differs and fails", async () => {
    const file = join(out, "cuda/conv2d.cu");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, `${text}// changed\n`);
    const result = await warpweave("generate", ...some, "--out", out, "--check");
    expect(result.out).toBe("changed  cuda/conv2d.cu\n");
    expect(result.err).toMatch(/^error: 1 file in .* differs from what the declarations give/);
    expect(result.code).toBe(1);
    expect(readFileSync(file, "utf8")).toContain("// changed");
  });

  test("leaves files alone that are as they should be", async () => {
    const file = join(out, "js/conv2d.js");
    const before = statSync(file).mtimeMs;
    expect(await succeed("generate", ...some, "--out", out)).toContain(", 1 written");
    expect(statSync(file).mtimeMs).toBe(before);
    expect(readFileSync(join(out, "cuda/conv2d.cu"), "utf8")).not.toContain("// changed");
    const again = await succeed("generate", "conv2d", "--out", out);
    expect(again).toContain("none changed");
  });

  test("a part leaves the rest of the folder and of the manifest as it is", async () => {
    const [files, manifest] = [list(), readFileSync(join(out, "manifest.json"), "utf8")];
    writeFileSync(join(out, "cuda/conv2d.cu"), "");
    const json = JSON.parse(
      await succeed("generate", "conv2d", "--target", "cuda", "--out", out, "--json"),
    );
    const written = json.files.filter((f: { written: boolean }) => f.written);
    expect(written).toMatchObject([{ path: "cuda/conv2d.cu" }]);
    expect(list()).toStrictEqual(files);
    expect(readFileSync(join(out, "manifest.json"), "utf8")).toBe(manifest);
  });

  test("an operator that does not compile: nothing at all is written", async () => {
    const file = folder.write("broken.ts", "export const x = 1;\n");
    const none = folder.path("none");
    const { code, err } = await warpweave("generate", "conv2d", file, "--out", none);
    expect(err).toMatch(/^error: .*broken\.ts:1:1 WW101 /);
    expect([code, existsSync(none)]).toStrictEqual([1, false]);
  });

  test("a user's operator does not go among the package's own by default", async () => {
    const { code, err } = await warpweave("generate", "examples/flow_warp.ts");
    expect([code, err]).toStrictEqual([
      1,
      "error: choose a folder for flow_warp with --out; generated/ is for the package's own operators\n",
    ]);
  });

  test("a folder that holds somebody else's manifest is left alone", async () => {
    const other = makeFolder();
    other.write("manifest.json", "{}");
    const { code, err } = await warpweave("generate", "conv2d", "--out", other.path(""));
    expect(err).toMatch(/manifest\.json was not written by warpweave/);
    expect(code).toBe(1);
    expect(readdirSync(other.path(""))).toStrictEqual(["manifest.json"]);
    other.remove();
  });
});

describe("check", () => {
  test("prints the ledger, and the same as JSON", async () => {
    const command = ["check", "roi_pool", "--target", "js", "--cases", "1"];
    const text = await warpweave(...command);
    expect(text).toMatchObject({ code: 0 });
    expect(text.out).toMatch(/^roi_pool +float64 .* agree$/m);
    expect(text.out).toMatch(/^ +js +Node \d+.* agree$/m);
    expect(text.out).toMatch(/^(\d+) comparisons: \1 passed, 0 failed \(/m);
    const json = JSON.parse((await warpweave(...command, "--json")).out);
    expect(json).toMatchObject({ passed: true, operators: [{ operator: "roi_pool" }] });
  });

  test("--case runs one case again by its name", async () => {
    const one = ["--case", "none,reduce=max,coords=round/random/7", "--json"];
    const { out } = await warpweave("check", "roi_pool", "--target", "js", ...one);
    expect(JSON.parse(out).operators[0].cases).toBe(1);
  });

  test("--save writes a case that the command it names runs on", async () => {
    const id = "none,reduce=max,coords=round/random/7";
    const file = folder.path("case.npz");
    const one = ["--grad", "--case", id, "--save", file];
    const { err } = await warpweave("check", "roi_pool", "--target", "js", ...one);
    expect(err).toContain(`${id}: N = `);
    expect(err).toContain("reduce = max");
    const command = /^npx warpweave (run .*)$/m.exec(err)?.[1] ?? "";
    expect(command).toContain(folder.path("case.grad.npz"));
    const out = folder.path("of_case.npz");
    const args = command.split(" ").map((word) => (word === "out.npz" ? out : word));
    expect(await succeed(...args)).toContain("grad_input");
  });

  test("a failure says sizes and attributes", async () => {
    const path = "test/declarations/own_interpolation.ts";
    const { out, code } = await warpweave("check", path, "--target", "js", "--case", "none/nan/0");
    expect(code).toBe(1);
    expect(out).toMatch(/^FAILED none\/nan\/0: .*\n +with \w+ = \d+, .*\n +npx warpweave check /m);
  });

  test("shares of the work are all of it, each once", async () => {
    const command = ["check", "conv2d", "roi_pool", "--target", "js", "--cases", "0", "--json"];
    const shares = await Promise.all(
      ["1/2", "2/2"].map(async (share) => {
        const { out } = await warpweave(...command, "--shard", share);
        const { operators } = JSON.parse(out) as { operators: { operator: string }[] };
        return operators.map(({ operator }) => operator);
      }),
    );
    expect(shares).toStrictEqual([["conv2d"], ["roi_pool"]]);
  });

  test.each([
    [["--case", "x"], /--case names a case of one operator/, 2],
    [["roi_pool", "--case", "none/x/1"], /roi_pool has no variant none/, 1],
    [["roi_pool", "--save", "x.npz"], /--save writes the tensors of one case: name it/, 2],
    [["conv2d", "--case", "none/ones/0", "--save", "x.npy"], /written to a \.npz file/, 1],
    [
      ["roi_pool", "--cases", "many"],
      /--cases many cannot be read; write a whole number from 0/,
      2,
    ],
    [["conv2d", "--shard", "3/2"], /--shard 3\/2 cannot be read; write which share of how many/, 2],
    [
      ["conv2d", "--shard", "1/2"],
      /--shard 1\/2 would leave shares empty: .* among 1 at most$/m,
      2,
    ],
  ])("%j is refused", async (args, sentence, expected) => {
    const { code, err } = await warpweave("check", "--target", "js", ...args);
    expect(err).toMatch(sentence);
    expect(code).toBe(expected);
  });
});

test("doctor says of every target what runs it here or what is missing", async () => {
  const { findings, platforms } = JSON.parse(await succeed("doctor", "--json"));
  for (const { name } of targets) {
    const own = findings.filter((f: { target: string }) => f.target === name);
    expect(own.length).toBeGreaterThan(0);
    for (const finding of own) expect(finding.device).not.toBe("");
  }
  expect(findings).toContainEqual(
    expect.objectContaining({ what: "js in Node", state: "runs", hardware: false }),
  );
  const never = platforms.filter((p: { executed: string }) => p.executed === "never executed");
  expect(never.map((p: { how: string }) => p.how)).toContain("Metal through Dawn");
  const text = await succeed("doctor");
  expect(text).toMatch(/^yes +js in Node +Node /m);
  expect(text).toMatch(/Windows +wgsl +D3D12 through Dawn +never executed/);
});

test("--help of every command has examples", async () => {
  for (const command of ["list", "show", "generate", "run", "check", "doctor"]) {
    const out = await succeed(command, "--help");
    expect(out).toContain(`Usage: warpweave ${command}`);
    expect(out).toContain(`  $ warpweave ${command}`);
  }
  expect(await succeed("--help")).toContain(
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage",
  );
});
