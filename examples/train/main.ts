// `npm run train-demo`: trains small networks with plain and with deformable layers on warped digits, and
// shows how they compare in out/train/. Finished networks are kept on Ctrl-C, and the next start goes on.

import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { isUserFacing, main, UserError } from "../../generators/cli/errors.ts";
import {
  checkWritable,
  explainFailure,
  makeFolders,
  writeBytes,
} from "../../generators/cli/io/files.ts";
import { withProgress } from "../../generators/cli/progress.ts";
import { formatTable, formatTime, plural } from "../../generators/cli/terminal.ts";
import { drawCurves } from "./curves.ts";
import { startForecast } from "./forecast.ts";
import { type Options, readOptions } from "./options.ts";
import { drawUnits } from "./picture.ts";
import { trainAll } from "./pool.ts";
import { appendRecord, planRuns, type Run, type RunRecord, readRecords } from "./records.ts";
import {
  composeReport,
  describeAgainst,
  formatMarkdown,
  formatPage,
  formatSummary,
} from "./report.ts";
import { full, quick, stacked, variants } from "./settings.ts";
import { summarizeDilation, summarizeRuns } from "./summary.ts";
import { countSteps } from "./training.ts";

const title = "Plain and deformable layers, trained on warped digits";

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  const start = performance.now();
  const settings = options.quick ? quick : full;
  const seeds = Array.from({ length: options.seeds }, (_, i) => i + 1);
  const runs = planRuns(variants, seeds, (task) => settings[task]);
  const file = join(options.out, "runs.jsonl");
  await makeOut(options.out, file);
  const known = readRecords(file);
  const missing = runs.filter(({ key }) => !known.has(key));
  const say = (text: string): void => void (options.json ? 0 : process.stdout.write(`${text}\n`));
  say(
    `${plural(runs.length, "network")} (${variants.length} variants, ${plural(seeds.length, "seed")}); ` +
      `${runs.length - missing.length} are done already, in ${file}.`,
  );
  const trained = await trainMissing(missing, options, file);
  const records = runs.map(({ key }) => known.get(key) ?? trained.get(key)!);
  const rows = summarizeRuns(variants, records);
  const dilation = summarizeDilation(variants, records);
  const machine = describeMachine(options);
  const pictures = await drawPictures(options.out, records);
  const blocks = composeReport({
    settings,
    quick: options.quick,
    rows,
    dilation,
    records,
    machine,
    pictures,
  });
  const result = { quick: options.quick, seeds, settings, machine, rows, dilation };
  const json = `${JSON.stringify(result, null, 2)}\n`;
  await write(options.out, "table.json", json);
  await write(options.out, "report.md", formatMarkdown(title, blocks));
  await write(options.out, "index.html", formatPage(title, blocks));
  if (options.json) return void process.stdout.write(json);
  const cells = rows.map((row) => [
    row.name,
    String(row.parameters),
    formatSummary(row.accuracy, 1),
    formatSummary(row.cpuSeconds, 1),
  ]);
  const head = ["network", "parameters", "test accuracy (%)", "CPU seconds"];
  say(`\n${formatTable(cells, { head, align: ["left", "right", "right", "right"] })}`);
  for (const { name, against } of rows) if (against) say(describeAgainst(name, against));
  const time = formatTime(performance.now() - start);
  say(`\n${time}. Look at ${join(options.out, "index.html")}`);
});

/** Makes the folder of the results, or refuses it before anything is trained. */
async function makeOut(folder: string, file: string): Promise<void> {
  try {
    await makeFolders(folder);
    await checkWritable(file);
  } catch (error) {
    if (isUserFacing(error)) throw error;
    throw new UserError(`cannot write to ${folder}: ${explainFailure(error)}`);
  }
}

/** Trains what is missing; each record is in the file as soon as its run is done. */
async function trainMissing(
  runs: readonly Run[],
  { workers, json }: Options,
  file: string,
): Promise<ReadonlyMap<string, RunRecord>> {
  const trained = new Map<string, RunRecord>();
  if (runs.length === 0) return trained;
  const planned = runs.map((run) => ({ ...run, steps: countSteps(run.training) }));
  const total = planned.reduce((sum, { steps }) => sum + steps, 0);
  const forecast = startForecast(planned, workers);
  let estimated = false;
  const left = (): string => {
    const milliseconds = forecast.left();
    return milliseconds === undefined ? "" : `about ${formatMinutes(milliseconds)}`;
  };
  const controller = new AbortController();
  const interrupt = (): void => {
    controller.abort(new Error("interrupted"));
  };
  process.once("SIGINT", interrupt);
  try {
    await withProgress({ label: "train", total, json }, ({ advance, note }) =>
      trainAll(
        runs,
        workers,
        {
          onSteps: (run, steps, epoch, accuracy) => {
            forecast.advance(run.key, steps);
            if (!estimated && left() !== "") {
              estimated = true;
              note(`${left()} for the rest of it`);
            }
            const score = accuracy === undefined ? "" : `, ${(100 * accuracy).toFixed(1)} %`;
            const now = `${run.variant.name}, seed ${run.seed}, epoch ${epoch}${score}`;
            advance(left() === "" ? now : `${now}; ${left()} left`, steps);
          },
          onRecord: ({ key }, record) => {
            appendRecord(file, record);
            trained.set(key, record);
            forecast.finish(key, record.seconds);
          },
        },
        controller.signal,
      ),
    );
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    process.stderr.write(
      `\n${plural(trained.size, "network")} more in ${file}; the same command goes on from there.\n`,
    );
    // As a shell counts an end by SIGINT.
    process.exit(130);
  } finally {
    process.off("SIGINT", interrupt);
  }
  return trained;
}

async function drawPictures(folder: string, records: readonly RunRecord[]) {
  await write(folder, "curves.svg", await drawCurves(variants, records));
  const shown = variants.find(
    ({ task, deformable, modulated }) => task === "digits" && deformable === stacked && !modulated,
  )!;
  // The first seed, whatever it shows.
  const record = records.find(({ variant }) => variant === shown.name);
  if (record?.sampling === undefined) return { curves: "curves.svg" };
  await write(folder, "positions.svg", drawUnits(record.sampling.units, shown.name));
  return { curves: "curves.svg", positions: "positions.svg" };
}

function write(folder: string, name: string, text: string): Promise<void> {
  return writeBytes(join(folder, name), new TextEncoder().encode(text));
}

function formatMinutes(milliseconds: number): string {
  return milliseconds < 90_000
    ? `${Math.ceil(milliseconds / 1000)} s`
    : `${(milliseconds / 60_000).toFixed(1)} min`;
}

function describeMachine({ workers }: Options): string {
  return (
    `${cpus()[0]?.model.trim() ?? "Unknown processor"}, ${plural(availableParallelism(), "core")}, ` +
    `${plural(workers, "worker")}, Node ${process.versions.node}.`
  );
}
