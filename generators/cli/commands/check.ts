// `check`: do all targets agree with the declaration?

import { type Command, Option } from "commander";
import { crosscheck, type Request } from "../../check/crosscheck.ts";
import {
  closeLedger,
  countComparisons,
  type Ledger,
  ledgerToJson,
  type OperatorRecord,
} from "../../check/ledger.ts";
import type { Target } from "../../emit/target.ts";
import type { Operator } from "../../frontend/operator.ts";
import { parseCount } from "../calls.ts";
import { forwardRequest, gradientRequest } from "../comparisons.ts";
import { UsageError, UserError } from "../errors.ts";
import { checkersOf, closeAll, explainUnavailable, type OpenedAll, openAll } from "../executors.ts";
import { formatLedger } from "../ledger.ts";
import { openOperators } from "../operators.ts";
import { type Progress, startProgress } from "../progress.ts";
import { checkSave, saveCase } from "../savedCase.ts";
import { describePart, parseShard, shareOut } from "../shard.ts";
import { parseStorage, requireStorage, storages } from "../storage.ts";
import { parseTargets } from "../targets.ts";
import { formatTime, plural, type Terminal } from "../terminal.ts";

const examples = `
Examples:
  $ warpweave check
  $ warpweave check deform_conv2d --target wgsl,cuda --cases 20
  $ warpweave check deform_conv2d --grad
  $ warpweave check ./my_op.ts --all --json
  $ warpweave check --all --shard 1/4                 and 2/4, 3/4, 4/4 elsewhere
  $ warpweave check deform_conv2d --target cuda --dtype f16
  $ warpweave check roi_pool --target js --case none,reduce=max,coords=round/random/3
  $ warpweave check ./my_op.ts --target js --case none/nan/0 --save case.npz

--grad compares the gradients of every differentiable tensor: the kernels of all targets with the
float64 interpreter of what was derived, and that with differences of the declaration.

Without --target, targets that this machine cannot run are listed with the reason; with it, they
are refused.`;

interface CheckOptions {
  readonly target?: string;
  readonly cases: string;
  readonly seed: string;
  readonly case?: string;
  readonly save?: string;
  readonly grad?: boolean;
  readonly all?: boolean;
  readonly dtype?: string;
  readonly shard?: string;
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
    .option("--save <file.npz>", "also writes the tensors of --case, and says how to run on them")
    .option("--grad", "the gradients, not the results")
    .option(
      "--all",
      "results and gradients, every combination of options (not only a covering array of pairs), " +
        "every way of adding, gradients in small slabs, every dtype, every case under CUDA's memory " +
        "and race checks",
    )
    .addOption(
      new Option(
        "--dtype <type>",
        "what kernels store data as: only targets that do (default: f32; every type with --all)",
      ).choices(storages),
    )
    .option("--shard <k/n>", "only the k-th of n shares of what there is to compare, e.g. 1/4")
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
  const count = parseCount("cases", options.cases, mostOfOptions, 0);
  const seed = parseCount("seed", options.seed, mostOfOptions, 0);
  if (options.case !== undefined && names.length !== 1)
    throw new UsageError("--case names a case of one operator: name that operator as well");
  if (options.save !== undefined) {
    if (options.case === undefined)
      throw new UsageError("--save writes the tensors of one case: name it with --case");
    await checkSave(options.save);
  }
  const operators = openOperators(names);
  const storage = parseStorage(options.dtype);
  if (storage !== undefined) requireStorage(targets, storage, options.target !== undefined);
  const parts = shareOut(listParts(operators, names, options), parseShard(options.shard));
  const { opened, unavailable } = await openTargets(targets, options);
  const records: OperatorRecord[] = [];
  try {
    for (const [at, { operator, command, isBackward }] of parts.entries()) {
      const of = parts.length > 1 ? describePart(at, parts.length, performance.now() - start) : "";
      const chosen = { ...options, command, count, seed };
      const request = await (isBackward ? gradientRequest : forwardRequest)(
        operator,
        opened,
        chosen,
      );
      if (request !== undefined) {
        const label = `check ${request.subject.name}${of && ` (${of})`}`;
        records.push(await checkOne(request, label, options, terminal.progress));
        if (options.case !== undefined && options.save !== undefined)
          terminal.err(await saveCase(request, options.case, options.save));
      } else if (names.length > 0 && options.grad === true)
        throw new UserError(`${operator.name} has no differentiable tensor, so no gradients`);
      else terminal.err(`skipped: ${operator.name}: it has no differentiable tensor\n`);
    }
  } finally {
    await closeAll({ opened });
  }
  const ledger = closeLedger(seed, records, unavailable);
  printLedger(ledger, options.json === true, performance.now() - start, terminal);
}

/** What is compared in one go: the results of an operator, or its gradients. */
interface Part {
  readonly operator: Operator;
  readonly command: string;
  readonly isBackward: boolean;
}

function listParts(
  operators: readonly Operator[],
  names: readonly string[],
  { grad, all, case: only }: CheckOptions,
): readonly Part[] {
  const both = all === true && only === undefined;
  const roles = grad === true ? [true] : both ? [false, true] : [false];
  return operators.flatMap((operator, i) =>
    roles.map((isBackward) => ({ operator, command: names[i] ?? operator.name, isBackward })),
  );
}

const mostOfOptions = 999_999_999;

/** Opens all ways of running the targets; one that was asked for by name must run. */
async function openTargets(
  targets: readonly Target[],
  { target, all: everything = false }: CheckOptions,
): Promise<OpenedAll> {
  const all = await openAll(targets, (name) => checkersOf(name, everything));
  const [missing] = all.unavailable;
  if (target === undefined || missing === undefined) return all;
  await closeAll(all);
  throw new UserError(`${missing.target} cannot run here: ${explainUnavailable(missing)}`);
}

async function checkOne(
  request: Request,
  label: string,
  options: CheckOptions,
  stream: Terminal["progress"],
): Promise<OperatorRecord> {
  let progress: Progress | undefined;
  let before = 0;
  try {
    return await crosscheck({
      ...request,
      progress: (done, total) => {
        progress ??= startProgress({
          label,
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
  const { all, passed, failed } = countComparisons(ledger);
  if (json) terminal.out(`${ledgerToJson(ledger)}\n`);
  else {
    terminal.out(formatLedger(ledger));
    const result = `${plural(all, "comparison")}: ${passed} passed, ${failed} failed`;
    terminal.out(`\n${result} (${formatTime(milliseconds)}, seed ${ledger.seed})\n`);
  }
  if (failed > 0) throw new UserError(`${plural(failed, "comparison")} failed`);
  if (!ledger.passed)
    throw new UserError("not every operator was compared: some target ran no case");
}
