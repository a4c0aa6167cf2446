// `tune explain`: which schedule a call gets, and why; `tune winners`: what won, as a file to keep beside the code.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Target } from "../../../emit/target.ts";
import type { Operator } from "../../../frontend/operator.ts";
import type { Kernel } from "../../../ir/kernel.ts";
import { describeDevice, identifyKey } from "../../../tune/database/identity.ts";
import { type Chosen, type Conditions, chooseSchedule } from "../../../tune/winners/schedules.ts";
import { printWinners, type Winner } from "../../../tune/winners/winner.ts";
import { parseCount, readWorks } from "../../calls.ts";
import { UserError } from "../../errors.ts";
import { openExecutor } from "../../executors.ts";
import { explainFailure } from "../../io/files.ts";
import { openOperator, openOperators } from "../../operators.ts";
import { parseTarget } from "../../targets.ts";
import { plural, printJson, type Terminal, terminalWidth, wrapText } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";
import { kernelOf } from "../../tuning/kernel.ts";
import { findTeam, readLayers } from "../../tuning/layers.ts";
import { databasePath, presetHelp, shapeHelp, teamHelp } from "../../tuning/request.ts";
import { findKernel } from "../../tuning/subject.ts";
import { nameWinner, readShipped, readWinners } from "../../tuning/winners.ts";

interface ExplainRequest {
  readonly target: string;
  readonly shape?: readonly string[];
  readonly preset?: readonly string[];
  readonly with?: string;
  readonly stride: string;
  readonly offsets?: string;
  readonly grad?: boolean;
  readonly threads: string;
  readonly database?: string;
  readonly team?: string;
  readonly json?: boolean;
}

/** Adds `tune explain`. */
export function addExplain(tune: Command, terminal: Terminal): void {
  tune
    .command("explain")
    .description(
      "which schedule a call gets here, by which rule and why; without a shape, what `generate` takes",
    )
    .argument("<operator>", "a name that `list` shows")
    .option("--target <name>", "whose kernel is meant", "js")
    .option("--shape <sizes...>", shapeHelp)
    .option("--preset <names...>", presetHelp)
    .option("--with <tensors>", "optional tensors, with commas")
    .option("--stride <number>", "of convolutions", "1")
    .option("--offsets <how>", "as `tune` takes them (default: any)")
    .option("--grad", "the kernel of the gradients")
    .option("--threads <number>", "CPU threads", "1")
    .option("--database <file>", "measurements, if not those in the cache folder")
    .option("--team <file>", teamHelp)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      exampleHelp("explain conv2d --target c --shape 1,64,56,56,64,3", "explain conv2d --target c"),
    )
    .action((name: string, request: ExplainRequest) => explain(name, request, terminal));
}

async function explain(name: string, request: ExplainRequest, terminal: Terminal): Promise<void> {
  const target = parseTarget(request.target);
  const operator = openOperator(name);
  const path = databasePath(request.database);
  if (request.database !== undefined && !existsSync(path))
    throw new UserError(`there is no database ${path}`);
  const isAny = request.shape === undefined && request.preset === undefined;
  const team = findTeam(request.team);
  const winners = isAny
    ? await readShipped()
    : await readLayers(operator, target.name, { database: path, team });
  const calls = isAny
    ? [anyCall(operator, target, request)]
    : await namedCalls(operator, target, request);
  const told = calls.map(({ kernel, conditions, call }) => ({
    call,
    ...chooseSchedule(winners, kernel, target, conditions),
  }));
  if (request.json === true)
    printJson(
      terminal,
      told.map(({ call, found, schedule }) => ({
        operator: operator.name,
        target: target.name,
        call,
        rule: found.rule,
        why: found.why,
        layer: found.winner?.layer ?? null,
        configuration: found.configuration ?? null,
        schedule: schedule?.steps ?? null,
        rejected: found.rejected.map(({ winner, why, stale }) => ({ key: winner.key, why, stale })),
      })),
    );
  else
    for (const one of told)
      terminal.out(formatTold(`${operator.name} ${one.call} on ${target.name}`, one));
}

interface Call {
  readonly kernel: Kernel;
  readonly conditions: Conditions;
  readonly call: string;
}

function anyCall(operator: Operator, target: Target, request: ExplainRequest): Call {
  const kernel = kernelOf(operator, target, {
    grad: request.grad === true,
    variant: request.with ?? "",
  });
  return { kernel, conditions: { dtype: "f32" }, call: `${kernel.role}, any shape` };
}

async function namedCalls(
  operator: Operator,
  target: Target,
  request: ExplainRequest,
): Promise<readonly Call[]> {
  const threads = parseCount("threads", request.threads, 256);
  const executor = await openExecutor(target.name, threads);
  const { device } = executor;
  await executor.close();
  return [...readWorks(operator.name, request)].map((make) => {
    const work = { ...make(), grad: request.grad === true };
    const { kernel, scalars } = findKernel(operator, work, target);
    const conditions: Conditions = {
      dtype: "f32",
      threads,
      device: describeDevice(device),
      shape: scalars,
      ...(request.offsets !== undefined && { offsets: request.offsets }),
    };
    return { kernel, conditions, call: `${kernel.role} ${work.shape}` };
  });
}

/** Values by name, with blanks between them, where lines may break. */
const printWords = (values: object): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");

function formatTold(title: string, { found, schedule }: Chosen): string {
  const { configuration, rejected } = found;
  const lines = [
    `${title}: ${found.rule}, ${found.why}`,
    ...(configuration === undefined ? [] : [`  configuration ${printWords(configuration)}`]),
    ...(schedule === undefined
      ? []
      : [
          "  schedule",
          ...schedule.steps.map(([name, of]) => `    ${name} ${printWords(of ?? {})}`),
        ]),
    ...rejected.map(
      ({ winner, why, stale }) =>
        `  ${stale ? "stale" : "not taken"}: ${nameWinner(winner)}; ${why}`,
    ),
  ];
  const width = terminalWidth();
  const wrapped = lines.flatMap((line) => {
    const indent = line.length - line.trimStart().length;
    const [first = "", ...rest] = wrapText(line, width - indent - 2);
    return [" ".repeat(indent) + first, ...rest.map((more) => " ".repeat(indent + 2) + more)];
  });
  return `${wrapped.join("\n")}\n`;
}

/** Adds `tune winners`. */
export function addWinners(tune: Command, terminal: Terminal): void {
  tune
    .command("winners")
    .description("writes what won in databases as a small file, such as generated/tuned.json")
    .argument("<databases...>", "files that tune has written")
    .requiredOption("--out <file>", "the file; entries of other keys that it has stay")
    .addHelpText("after", exampleHelp("winners a.jsonl b.jsonl --out generated/tuned.json"))
    .action(async (paths: readonly string[], { out }: { readonly out: string }) => {
      const found = await readWinners(paths, openOperators([]));
      const names = new Set(found.map(identify));
      const kept = (await readShipped(out)).filter((winner) => !names.has(identify(winner)));
      try {
        await writeFile(out, printWinners([...kept, ...found]));
      } catch (error) {
        throw new UserError(`cannot write ${out}: ${explainFailure(error)}`);
      }
      terminal.out(`${out}: ${plural(found.length, "winner")}, ${kept.length} kept of before\n`);
    });
}

const identify = ({ key }: Winner): string => identifyKey(key);
