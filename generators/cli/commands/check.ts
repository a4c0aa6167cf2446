// `check`: do all targets agree with the declaration?

import type { Command } from "commander";
import { crosscheck } from "../../check/crosscheck.ts";
import { closeLedger, type Ledger, ledgerToJson, type OperatorRecord } from "../../check/ledger.ts";
import { declarationOracle, interpreterOracle } from "../../check/oracles.ts";
import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import { loadReference } from "../../frontend/reference.ts";
import { UsageError, UserError } from "../errors.ts";
import {
  closeAll,
  explainUnavailable,
  type Opened,
  type OpenedAll,
  openAll,
} from "../executors.ts";
import { formatLedger } from "../ledger.ts";
import { openOperators } from "../operators.ts";
import { type Progress, startProgress } from "../progress.ts";
import { makeRunner } from "../runners.ts";
import { parseTargets } from "../targets.ts";
import { formatTime, plural, type Terminal } from "../terminal.ts";

const examples = `
Examples:
  $ warpweave check
  $ warpweave check deform_conv2d --target wgsl,cuda --cases 20
  $ warpweave check ./my_op.ts --all --json
  $ warpweave check roi_pool --target js --case none,reduce=max,coords=round/random/3

Without --target, targets that this machine cannot run are listed with the reason; with it, they
are refused.`;

interface CheckOptions {
  readonly target?: string;
  readonly cases: string;
  readonly seed: string;
  readonly case?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Adds the command \`check\`. */
export function addCheck(program: Command, terminal: Terminal): void {
  program
    .command("check")
    .description("runs operators on every target and compares with the declaration")
    .argument(
      "[operators...]",
      "names that `list` shows, or TypeScript files; all if none is given",
    )
    .option("--target <names>", "only these targets, e.g. cuda,wgsl")
    .option("--cases <number>", "random cases of each variant, beside the fixed ones", "3")
    .option("--seed <number>", "where the random cases start", "0")
    .option("--case <id>", "only this case, as a failure names it")
    .option("--all", "every combination of options, not only a covering array of pairs")
    .option("--json", "print the ledger as JSON")
    .addHelpText("after", examples)
    .action((names: readonly string[], options: CheckOptions) => check(names, options, terminal));
}

async function check(
  names: readonly string[],
  options: CheckOptions,
  terminal: Terminal,
): Promise<void> {
  const start = performance.now();
  const targets = parseTargets(options.target);
  const [count, seed] = [parseCount("cases", options.cases), parseCount("seed", options.seed)];
  if (options.case !== undefined && names.length !== 1)
    throw new UserError("--case names a case of one operator: name that operator as well");
  const operators = openOperators(names);
  const { opened, unavailable } = await openTargets(targets, options.target !== undefined);
  const records: OperatorRecord[] = [];
  try {
    for (const [i, operator] of operators.entries()) {
      const command = names[i] ?? operator.name;
      records.push(
        await checkOne(operator, command, opened, { ...options, count, seed }, terminal.progress),
      );
    }
  } finally {
    await closeAll({ opened });
  }
  const ledger = closeLedger(seed, records, unavailable);
  printLedger(ledger, options.json === true, performance.now() - start, terminal);
}

function parseCount(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} ${text} cannot be read; write one whole number`);
}

/** Opens all ways of running the targets; one that was asked for by name must run. */
async function openTargets(targets: readonly Target[], required: boolean): Promise<OpenedAll> {
  const all = await openAll(targets);
  const [missing] = all.unavailable;
  if (!required || missing === undefined) return all;
  await closeAll(all);
  throw new UserError(`${missing.target} cannot run here: ${explainUnavailable(missing)}`);
}

async function checkOne(
  operator: Operator,
  command: string,
  opened: readonly Opened[],
  options: Omit<CheckOptions, "cases" | "seed"> & { readonly count: number; readonly seed: number },
  stream: Terminal["progress"],
): Promise<OperatorRecord> {
  const reference = await loadReference(operator.path);
  let progress: Progress | undefined;
  let before = 0;
  try {
    return await crosscheck({
      subject: operator,
      oracles: [declarationOracle(operator, reference), interpreterOracle(operator)],
      targets: opened.map(({ target, executor }) => makeRunner(operator, target, executor)),
      count: options.count,
      seed: options.seed,
      variants: options.all === true ? "all" : "pairwise",
      ...(options.case === undefined ? {} : { only: options.case }),
      command,
      progress: (done, total) => {
        progress ??= startProgress({
          label: `check ${operator.name}`,
          total,
          json: options.json === true || stream === undefined,
          ...(stream === undefined ? {} : { stream }),
        });
        progress.advance("", done - before);
        before = done;
      },
    });
  } catch (error) {
    // A case is looked up by its name, which a user may have mistyped.
    if (options.case !== undefined && error instanceof RangeError)
      throw new UserError(error.message);
    throw error;
  } finally {
    progress?.stop();
  }
}

function printLedger(
  ledger: Ledger,
  json: boolean,
  milliseconds: number,
  terminal: Terminal,
): void {
  const { operators, passed } = ledger;
  const failures = operators.flatMap((o) => [o, ...o.targets].flatMap((r) => r.failures));
  if (json) terminal.out(`${ledgerToJson(ledger)}\n`);
  else {
    terminal.out(formatLedger(ledger));
    const runs = operators.flatMap((o) => o.targets).reduce((sum, t) => sum + t.cases, 0);
    const failed = new Set(failures.map(({ command }) => command)).size;
    const result = `${Math.max(0, runs - failed)} passed, ${failed} failed`;
    terminal.out(`\n${result} (${formatTime(milliseconds)}, seed ${ledger.seed})\n`);
  }
  if (failures.length > 0) throw new UserError(`${plural(failures.length, "comparison")} failed`);
  if (!passed) throw new UserError("not every operator was compared: some target ran no case");
}
