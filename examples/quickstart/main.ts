// `npm run quickstart`: generates every kernel, warps a photograph on every target that runs here, checks
// all operators, and shows the results in out/quickstart/. Exit code 1 if anything disagrees.

import { resolve } from "node:path";
import { closeLedger, type OperatorRecord } from "../../generators/check/ledger.ts";
import { main, UserError } from "../../generators/cli/errors.ts";
import { closeAll, type OpenedAll, openAll } from "../../generators/cli/executors.ts";
import { formatLedger } from "../../generators/cli/ledger.ts";
import { openOperators } from "../../generators/cli/operators.ts";
import { withProgress } from "../../generators/cli/progress.ts";
import { formatBytes, formatTime, plural } from "../../generators/cli/terminal.ts";
import { scheduleOn } from "../../generators/compile.ts";
import { writeFiles } from "../../generators/emit/write.ts";
import type { Operator } from "../../generators/frontend/operator.ts";
import { packageRoot } from "../../generators/frontend/paths.ts";
import { generateAll, makeBinaries } from "../../generators/generate.ts";
import { targets } from "../../targets/registry.ts";
import { readPicture } from "../pictures/image.ts";
import { scaleToWidth } from "../pictures/resize.ts";
import { checkOperator } from "./agree.ts";
import { type Report, writeReport } from "./report.ts";
import { swirlFor } from "./swirl.ts";
import { formatWarps } from "./table.ts";
import { expectWarp, type Outcome, prepareWarp, warpOn } from "./warp.ts";

const photo = resolve(packageRoot, "examples/flower.jpg");
const folder = resolve(packageRoot, "out/quickstart");

/** Pixels across of the photograph that is warped: the judge takes most of the time, with its area. */
const width = 288;

/** Nine taps, half a pixel apart in what they make: the warp is smoothed as it is made. */
const kernel = { size: 3, spacing: 0.5 };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

await main(async () => {
  const start = performance.now();
  const operators = openOperators([]);
  const generated = await generate(operators, start);
  say(generated);
  const machine = await openAll(targets);
  try {
    const warps = await warpPhoto(operators, machine);
    say(`\n${formatWarps(warps.outcomes)}`);
    const records = await checkAll(operators, machine);
    const ledger = closeLedger(0, records, machine.unavailable);
    say(`\n${formatLedger(ledger)}`);
    const time = performance.now() - start;
    const report: Report = { ...warps, ledger, generated, milliseconds: time };
    const page = await writeReport(folder, report);
    const sound = warps.outcomes.every((o) => "comparison" in o && o.comparison.passed);
    if (warps.outcomes.length === 0) throw new UserError("no target runs here");
    if (!sound) throw new UserError("a target's photograph is not what the declaration gives");
    if (!ledger.passed) throw new UserError("the cross-check found a disagreement");
    say(`\nAll agree; ${formatTime(performance.now() - start)}. Look at ${page}`);
  } finally {
    await closeAll(machine);
  }
});

/** Writes the folder `generated`, as `warpweave generate` does. */
async function generate(operators: readonly Operator[], start: number): Promise<string> {
  const files = await makeBinaries(
    generateAll(operators, targets, (_, target) => scheduleOn(target)),
  );
  const written = await writeFiles(resolve(packageRoot, "generated"), files);
  const bytes = [...files.values()].reduce((n, text) => n + Buffer.byteLength(text), 0);
  const changed = written.length === 0 ? "none changed" : `${written.length} written`;
  const [all, size] = [plural(operators.length, "operator"), formatBytes(bytes)];
  const time = formatTime(performance.now() - start);
  return `Generated ${plural(files.size, "file")} (${size}, ${changed}) of ${all} in ${time}.`;
}

async function warpPhoto(operators: readonly Operator[], { opened }: OpenedAll) {
  const original = await readPicture(photo);
  const picture = scaleToWidth(original, width);
  const swirl = swirlFor(picture.width, picture.height);
  const operator = operators.find(({ name }) => name === "deform_conv2d");
  if (!operator) throw new UserError("there is no operator deform_conv2d to warp with");
  const warp = prepareWarp(operator, picture, swirl, kernel);
  const outcomes: Outcome[] = [];
  const options = { label: "warp", total: opened.length + 1 };
  const expected = await withProgress(options, async ({ advance }) => {
    advance("float64 reference and error bounds", 0);
    const reference = await expectWarp(warp);
    for (const one of opened) {
      advance(one.target.name);
      outcomes.push(await warpOn(one, warp, reference));
    }
    advance();
    return reference;
  });
  return { original, warp, kernel, expected, outcomes };
}

async function checkAll(operators: readonly Operator[], { opened }: OpenedAll) {
  const records: OperatorRecord[] = [];
  const options = { label: "check", total: operators.length };
  await withProgress(options, async ({ advance }) => {
    for (const operator of operators) {
      advance(operator.name, 0);
      records.push(await checkOperator(operator, opened));
      advance();
    }
  });
  return records;
}
