// `tune check`: spaces and winners without a device, for machines that test what is committed.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Target } from "../../../emit/target.ts";
import type { Operator } from "../../../frontend/operator.ts";
import { gradientsOn } from "../../../gradients.ts";
import type { Kernel } from "../../../ir/kernel.ts";
import { chooseSchedule } from "../../../tune/winners/schedules.ts";
import type { Winner } from "../../../tune/winners/winner.ts";
import { parseCount } from "../../calls.ts";
import { UserError } from "../../errors.ts";
import { machineOf } from "../../executors.ts";
import { openOperators } from "../../operators.ts";
import { parseTargets } from "../../targets.ts";
import { formatTable, plural, printJson, type Terminal } from "../../terminal.ts";
import { exampleHelp } from "../../tuning/help.ts";
import { type Inspected, inspectSpace } from "../../tuning/inspect.ts";
import { parseSeed } from "../../tuning/request.ts";
import { nameWinner, readShipped, shippedPath } from "../../tuning/winners.ts";

interface CheckRequest {
  readonly target?: string;
  readonly points: string;
  readonly seed: string;
  readonly winners: string;
  readonly json?: boolean;
}

/** Adds `tune check`. */
export function addCheckSpaces(tune: Command, terminal: Terminal): void {
  tune
    .command("check")
    .description("spaces and winners without a device: compiled, interpreted, and none stale")
    .argument("[operators...]", "names that `list` shows; all if none is given")
    .option("--target <names>", "only these targets, e.g. cuda,wgsl")
    .option("--points <number>", "configurations of each kernel beside the default", "2")
    .option("--seed <number>", "which of them; equal seeds, equal configurations", "0")
    .option("--winners <file>", "the winners to check", shippedPath)
    .option("--json", "print JSON")
    .addHelpText("after", exampleHelp("check", "check conv2d --target cuda,wgsl --points 4"))
    .action((names: readonly string[], request: CheckRequest) => check(names, request, terminal));
}

async function check(
  names: readonly string[],
  request: CheckRequest,
  terminal: Terminal,
): Promise<void> {
  const count = parseCount("points", request.points, 10_000);
  const seed = parseSeed(request.seed);
  const named = parseTargets(request.target);
  const targets = named.filter(({ capabilities }) => capabilities.updates);
  if (targets.length === 0)
    throw new UserError(
      `there is nothing to check: kernels of ${named.map(({ name }) => name).join(", ")} are not tuned`,
    );
  const operators = openOperators(names);
  // What ships may be nothing; a file that was named is to be there.
  if (request.winners !== shippedPath && !existsSync(request.winners))
    throw new UserError(`there is no file ${request.winners} with winners`);
  const winners = await readShipped(request.winners);
  const isWhole = names.length === 0 && request.target === undefined;
  const faults = findFaults(winners, operators, targets, isWhole);
  const rows: Inspected[] = [];
  for (const operator of operators)
    for (const target of targets)
      for (const kernel of kernelsOf(operator, target)) {
        const found = await inspectSpace(
          operator,
          kernel,
          target,
          machineOf(target.name).readers ?? [],
          count,
          seed,
        );
        rows.push(found);
        if (request.json !== true) terminal.out(formatRow(found));
      }
  const problems = rows.reduce((sum, row) => sum + row.problems.length, 0);
  if (request.json === true) printJson(terminal, { winners: winners.length, faults, spaces: rows });
  else {
    const skipped = new Set(rows.flatMap((row) => row.skipped));
    for (const why of skipped) terminal.out(`skipped: ${why}\n`);
    for (const fault of faults) terminal.out(`${fault}\n`);
    terminal.out(`${plural(rows.length, "space")}, ${plural(winners.length, "winner")}\n`);
  }
  if (problems + faults.length > 0)
    throw new UserError(
      `${plural(problems, "configuration")} of spaces and ${plural(faults.length, "winner")} ` +
        "do not hold",
    );
}

/** The kernels of an operator: forward and of its gradients, for each choice of optional tensors that ships. */
function kernelsOf(operator: Operator, target: Target): readonly Kernel[] {
  const variants = operator.variants.length > 0 ? operator.variants : [[]];
  return [
    ...variants.map((present) => operator.kernel(present)),
    ...gradientsOn({ ...operator, variants }, target).kernels,
  ];
}

/** What is wrong with winners, a sentence each; those of other operators and targets count where all is checked. */
function findFaults(
  winners: readonly Winner[],
  operators: readonly Operator[],
  targets: readonly Target[],
  isWhole: boolean,
): readonly string[] {
  return winners.flatMap((winner) => {
    const { key } = winner;
    const operator = operators.find(({ name }) => name === key.operator);
    const target = targets.find(({ name }) => name === key.target);
    if (!operator || !target)
      return isWhole ? [`${nameWinner(winner)}: there is no such kernel to tune`] : [];
    const own = { ...operator, variants: [key.present] };
    const kernel =
      key.role === "forward" ? own.kernel(key.present) : gradientsOn(own, target).kernels[0];
    if (!kernel) return [`${nameWinner(winner)}: there is no such kernel`];
    const { dtype, threads, device, shape, offsets } = key;
    const conditions = { dtype, threads, device, shape, offsets };
    const { found } = chooseSchedule([winner], kernel, target, conditions);
    return found.rejected.map(({ why }) => `${nameWinner(winner)}: ${why}`);
  });
}

function formatRow({ kernel, target, points, sampled, readBy, problems }: Inspected): string {
  const by = [...readBy, "the interpreter"].join(", ");
  const row = [`${kernel} on ${target}`, `${sampled} of ${points}`, by];
  const told = problems.map(
    ({ configuration, what }) => `  ${JSON.stringify(configuration)}: ${what}\n`,
  );
  return `${formatTable([row]).trimEnd()}\n${told.join("")}`;
}
